"""Training photographs for the bundled network: read from the zip, augmented, in batches.

The zip holds ``train/CATEGORY/NAME.jpg`` and ``test/CATEGORY/NAME.jpg``. Everything is decoded once and kept
in memory (under 1 GB); each epoch's stream depends on nothing but the seed and the epoch's number, so a resumed
run sees the photographs that an undisturbed one would have seen.
"""

from __future__ import annotations

import io
import math
import queue
import threading
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor


@dataclass(frozen=True)
class Photos:
    """Decoded photographs of one part of the zip, with their class indices."""

    images: list[Image.Image]
    targets: np.ndarray
    categories: list[str]


def read_photos(archive: Path, part: str) -> Photos:
    """Decode ``part`` (``"train"`` or ``"test"``) of the zip; classes are the sorted folder names."""
    with zipfile.ZipFile(archive) as source:
        names = sorted(n for n in source.namelist() if n.startswith(f"{part}/") and n.endswith(".jpg"))
        categories = sorted({name.split("/")[1] for name in names})
        images = [Image.open(io.BytesIO(source.read(name))).convert("RGB") for name in names]
    index = {category: i for i, category in enumerate(categories)}
    targets = np.array([index[name.split("/")[1]] for name in names])
    return Photos(images, targets, categories)


def batches(photos: Photos, *, size: int, batch_size: int, seed: tuple[int, int]) -> Iterator[tuple[Tensor, Tensor]]:
    """One epoch of augmented batches, prepared in a thread while the network works.

    Yields pixels (N, 3, size, size) in [0, 1] and class indices (N,). Photographs are drawn with a probability
    that falls with the square root of their class's frequency.
    """
    ready: queue.Queue[tuple[np.ndarray, np.ndarray] | None] = queue.Queue(maxsize=4)
    rng, jitter_rng = np.random.default_rng(seed), np.random.default_rng((*seed, 1))

    def prepare() -> None:
        weights = np.bincount(photos.targets)[photos.targets] ** -0.5
        order = rng.choice(len(photos.targets), size=len(photos.targets), p=weights / weights.sum())
        for start in range(0, len(order) - batch_size + 1, batch_size):
            chosen = order[start : start + batch_size]
            ready.put((np.stack([_random_view(photos.images[i], size, rng) for i in chosen]), photos.targets[chosen]))
        ready.put(None)

    threading.Thread(target=prepare, daemon=True).start()
    while (batch := ready.get()) is not None:
        views, targets = batch
        pixels = torch.from_numpy(views).permute(0, 3, 1, 2) / 255
        yield _jitter(pixels, jitter_rng), torch.from_numpy(targets)


def _random_view(image: Image.Image, size: int, rng: np.random.Generator) -> np.ndarray:
    """A random crop of 30 to 100 % of the area, aspect 3:4 to 4:3, scaled to a square, mirrored half the time."""
    width, height = image.size
    for _ in range(10):
        area = width * height * rng.uniform(0.3, 1.0)
        aspect = math.exp(rng.uniform(math.log(3 / 4), math.log(4 / 3)))
        w, h = math.sqrt(area * aspect), math.sqrt(area / aspect)
        if w <= width and h <= height:
            break
    else:
        w = h = min(width, height)
    left, top = rng.uniform(0, width - w), rng.uniform(0, height - h)
    view = image.resize((size, size), Image.Resampling.BILINEAR, box=(left, top, left + w, top + h))
    pixels = np.asarray(view)
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def _jitter(pixels: Tensor, rng: np.random.Generator) -> Tensor:
    """Mild changes of brightness, contrast and saturation, each photograph its own; one in four loses a patch."""
    n, _, size, _ = pixels.shape
    gain = torch.from_numpy(rng.uniform(0.75, 1.25, (3, n, 1, 1, 1)).astype(np.float32))
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = grey + (pixels - grey) * gain[0]
    middle = pixels.mean(dim=(1, 2, 3), keepdim=True)
    pixels = ((middle + (pixels - middle) * gain[1]) * gain[2]).clamp_(0, 1)
    for i in np.flatnonzero(rng.random(n) < 0.25):
        side = int(size * rng.uniform(0.15, 0.4))
        top, left = rng.integers(0, size - side, 2)
        pixels[i, :, top : top + side, left : left + side] = torch.from_numpy(rng.random((3, 1, 1), np.float32))
    return pixels.contiguous(memory_format=torch.channels_last)
