"""Baselines of pictures, besides those of values of any shape: the photo's mean colour, the network's, a blur, a file.

Each returns pixels of the photo's own shape in [0, 1].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.images.options import View
from igcli.lazy import torch, torchvision
from igcli.sample import BASELINES, from_neutral, only_for

if TYPE_CHECKING:
    from igcli.images.picture import Picture


@BASELINES("mean", summary="the photo's own mean colour")
@only_for("picture")
def mean(pixels: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """One flat colour: the mean over the photo, per channel."""
    return pixels.mean(dim=(1, 2), keepdim=True).expand_as(pixels).contiguous()


@BASELINES("grey", summary="the mean that the network's normalisation subtracts")
@only_for("picture")
@from_neutral
def grey(pixels: torch.Tensor, seed: int, mean: Sequence[float]) -> torch.Tensor:  # noqa: ARG001
    """One flat colour, 0 in normalised units: the baseline of many papers' code. ``mean`` is per channel, in [0, 1]."""
    return torch.tensor(mean, dtype=pixels.dtype, device=pixels.device)[:, None, None].expand_as(pixels).contiguous()


@BASELINES("blur", summary="the photo with all detail blurred away")
@only_for("picture")
def blur(pixels: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """Gaussian blur, σ = 1/16 of the shorter side."""
    side = min(pixels.shape[-2:])
    radius = min(math.ceil(3 * side / 16), side - 1)
    if radius < 1:
        return pixels.clone()
    blurred = pixels
    for kernel in (
        [2 * radius + 1, 1],
        [1, 2 * radius + 1],
    ):  # across, then down: a hundredth of the work of both at once
        blurred = torchvision.transforms.functional.gaussian_blur(blurred, kernel, [side / 16] * 2)
    return blurred.clamp(0, 1)


def read_baseline(path: Path, picture: Picture, view: View) -> torch.Tensor:
    """A file's pixels (C, H, W), brought to the shape of a picture that was read with ``view``.

    The file is read with the photo's own options, such as its ``--window``. If it has the photo's size, it is cropped
    or resized like the photo, so that equal pixels fall on equal pixels; any other is squashed into the square.

    Raises
    ------
    ImageError
        When the file cannot be read.
    UsageError
        When its pixels cannot be brought to that shape.
    """
    from igcli.images.reading import read_image

    channels, height, width = picture.pixels.shape
    square = View(size=height, resize=height, channels=channels)
    read = read_image(path, view=square, fit="squash", options=picture.options)
    if view.size == height and read.original_size == picture.original_size:
        read = read_image(path, view=view, fit=picture.placement.fit, options=picture.options, warn=False)
    if read.pixels.shape != picture.pixels.shape:
        raise UsageError(f"The baseline {path} cannot be brought to {width}x{height} pixels.")
    return read.pixels.to(picture.pixels)
