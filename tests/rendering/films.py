"""Films whose pixels are known, for the tests of frames, animations and sheets."""

from __future__ import annotations

import numpy as np
from PIL import Image

from igcli.attribution.views.trace import Trace
from igcli.rendering.film import Film


def trace(count: int = 9) -> Trace:
    alphas = np.linspace(0, 1, count)
    scores = 1 / (1 + np.exp(-(alphas - 0.3) / 0.05))
    return Trace(alphas, scores, np.exp(-8 * alphas), softmax=scores, logit=10 * scores - 3)


def film(
    count: int = 9, *, side: int = 224, importance: np.ndarray | None = None, photo_side: int | None = None
) -> Film:
    """A photo of noise; the importance is one bright column that moves to the right, unless given."""
    pixels = np.random.default_rng(4).integers(60, 256, (photo_side or side, photo_side or side, 3), dtype=np.uint8)
    frames = np.zeros((count, side, side), np.float32)
    for number, place in enumerate(np.linspace(10, side - 20, count).astype(int)):
        frames[number, :, place : place + 8] = number + 1.0
    chosen = frames if importance is None else importance
    return Film(Image.fromarray(pixels), np.linspace(0, 1, count), chosen, trace(count), "tabby")
