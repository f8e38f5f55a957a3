"""Baselines of pictures, besides those of values of any shape: a mean colour, any colour, a blur, a file.

Each returns pixels of the photo's own shape in [0, 1].
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import UsageError
from igcli.images.options import View
from igcli.images.source import Found
from igcli.lazy import torch, torchvision
from igcli.sample import BASELINES, WRITTEN_BASELINES, WrittenBaseline, from_neutral, only_for

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
    """Gaussian blur, σ = 1/16 of the shorter side; see :func:`gaussian`."""
    return gaussian(pixels, min(pixels.shape[-2:]) / 16)


def gaussian(pixels: torch.Tensor, sigma: float) -> torch.Tensor:
    """Pixels (C, H, W) under a Gaussian with a standard deviation of ``sigma`` pixels.

    The kernel reaches to 3 σ, or across the picture less one pixel where that is less, and sums to 1. Beyond the border
    the picture is reflected, without a second copy of the border's own pixels.
    """
    blurred = pixels
    for axis, side in enumerate(pixels.shape[-2:]):  # one axis after the other: a hundredth of the work of both at once
        radius = min(math.ceil(3 * sigma), side - 1)
        kernel = [1, 2 * radius + 1] if axis == 0 else [2 * radius + 1, 1]  # (across, down)
        blurred = torchvision.transforms.functional.gaussian_blur(blurred, kernel, [sigma, sigma])
    return blurred.clamp(0, 1)


def colour(pixels: torch.Tensor, rgb: tuple[int, int, int]) -> torch.Tensor:
    """One flat colour, 0..255 per channel; its luma (ITU-R 601) for a one-channel picture.

    Raises
    ------
    UsageError
        For pictures of neither 1 nor 3 channels.
    """
    channels = [level / 255 for level in rgb]
    if len(pixels) == 1:
        channels = [sum(share * level for share, level in zip((0.299, 0.587, 0.114), channels, strict=True))]
    if len(pixels) != len(channels):
        raise UsageError(f"A colour has 3 channels, and this model's pictures {len(pixels)}: choose another baseline.")
    return (
        torch.tensor(channels, dtype=pixels.dtype, device=pixels.device)[:, None, None].expand_as(pixels).contiguous()
    )


def _rgb(digits: str) -> tuple[int, int, int]:
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}", digits):
        raise UsageError(f"'#{digits}' is not a colour: write '#rgb' or '#rrggbb' in quotes, as in '#808080'.")
    size = len(digits) // 3
    red, green, blue = (int((2 * digits[i * size : (i + 1) * size])[:2], 16) for i in range(3))
    return red, green, blue


def _sigma(text: str) -> float:
    try:
        sigma = float(text)
    except ValueError:
        sigma = math.nan
    if not 0 < sigma < math.inf:
        raise UsageError(f"'blur:{text}' needs a standard deviation in pixels above 0, as in blur:4.")
    return sigma


WRITTEN_BASELINES("blur:SIGMA", summary="a Gaussian of SIGMA pixels of the network's input")(
    WrittenBaseline("blur:", _sigma, gaussian, "picture")
)
WRITTEN_BASELINES("#RRGGBB", summary="one colour, in quotes in a shell")(WrittenBaseline("#", _rgb, colour, "picture"))


def read_baseline(path: Path, picture: Picture, view: View) -> torch.Tensor:
    """A file's pixels (C, H, W), brought to the shape of a picture that was read with ``view``.

    The file is read with the photo's own options, such as its ``--window``. If it has the photo's size, it is cropped
    or resized like the photo, so that equal pixels fall on equal pixels; any other is squashed into that shape.

    Raises
    ------
    UsageError
        When its pixels cannot be brought to that shape.
    """
    from igcli.images.reading import read_image

    channels, height, width = picture.pixels.shape
    whole = View(size=(width, height), resize=(width, height), channels=channels)
    read = read_image(path, view=whole, fit="squash", options=picture.options)
    if (view.width, view.height) == (width, height) and read.original_size == picture.original_size:
        like = Found(path, Path(path.name), crop=None if picture.source is None else picture.source.crop)
        read = read_image(like, view=view, fit=picture.placement.fit, options=picture.options, warn=False)
    if read.pixels.shape != picture.pixels.shape:
        raise UsageError(f"The baseline {path} cannot be brought to {width}x{height} pixels.")
    return read.pixels.to(picture.pixels)
