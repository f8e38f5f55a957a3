"""Where the path starts: the picture that stands for "nothing to see".

Baselines live in pixel space. A baseline is a function of the photo's pixels and a seed; every one returns pixels of
the photo's own shape in [0, 1]. Several, joined by ``+``, are averaged over: ``black+white+noise:8``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from igcli.errors import UsageError
from igcli.images.picture import Picture
from igcli.images.view import View
from igcli.lazy import torch, torchvision
from igcli.registry import Registry

#: Between baselines that are averaged over.
JOINT = "+"

Baseline = Callable[["torch.Tensor", int], "torch.Tensor"]
BASELINES: Registry[Baseline] = Registry("baseline")


def all_baselines(spec: str, picture: Picture, *, view: View | None = None, seed: int = 0) -> list[torch.Tensor]:
    """Every baseline (C, H, W) that ``spec`` names.

    Parameters
    ----------
    spec
        One baseline, or several joined by ``+``. ``noise:8`` is noise of the eight seeds from ``seed`` on.
    view
        What the picture was read with.

    Raises
    ------
    UsageError, ImageError
        As :func:`baseline_pixels` does; and for a number of copies of a baseline that has but one.
    """
    return [
        baseline_pixels(name, picture, view=view, seed=seed + copy)
        for name, count in map(_counted, split_baselines(spec))
        for copy in range(count)
    ]


def split_baselines(spec: str) -> list[str]:
    """The parts of ``spec`` that are joined by ``+``; a file whose name has a ``+`` is one part."""
    if Path(spec).is_file():
        return [spec]
    return list(dict.fromkeys(spec.split(JOINT)))


def count_baselines(spec: str) -> int:
    """How many baselines ``spec`` names."""
    return sum(count for _, count in map(_counted, split_baselines(spec)))


def check_baselines(spec: str) -> None:
    """Raise ``UsageError`` for what could never be a baseline, before any picture is read."""
    for part in split_baselines(spec):
        name, _ = _counted(part)
        _check_name(name)


def baseline_pixels(spec: str, picture: Picture, *, view: View | None = None, seed: int = 0) -> torch.Tensor:
    """The baseline (C, H, W) that ``spec`` names: a registered name, or the path of an image file.

    A file of the photo's own size is brought to the network as the photo was, so that what has not changed lies upon
    itself; any other is squashed into the square.

    Raises
    ------
    UsageError
        When ``spec`` is neither a name nor a file.
    ImageError
        When the file cannot be read.
    """
    if spec not in BASELINES and Path(spec).is_file():
        return _from_file(Path(spec), picture, view)
    _check_name(spec)
    return BASELINES[spec](picture.pixels, seed)


@BASELINES("black", summary="all pixels 0, as in the paper")
def black(pixels: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """No light at all: pixel value 0, not normalised 0 (which would be the training set's mean grey)."""
    return torch.zeros_like(pixels)


@BASELINES("white", summary="all pixels 1")
def white(pixels: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """Full light."""
    return torch.ones_like(pixels)


@BASELINES("mean", summary="the photo's own mean colour")
def mean(pixels: torch.Tensor, seed: int) -> torch.Tensor:  # noqa: ARG001
    """One flat colour: the mean over the photo, per channel."""
    return pixels.mean(dim=(1, 2), keepdim=True).expand_as(pixels).contiguous()


@BASELINES("blur", summary="the photo with all detail blurred away")
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


@BASELINES("noise", summary="uniform noise, the same for the same seed")
def noise(pixels: torch.Tensor, seed: int) -> torch.Tensor:
    """Every value drawn from [0, 1) by its own generator: the global one is left alone."""
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(pixels.shape, generator=generator, dtype=torch.float32).to(pixels)


def _counted(spec: str) -> tuple[str, int]:
    """``("noise", 8)`` of ``noise:8``; one of everything else."""
    name, colon, count = spec.rpartition(":")
    if not colon or name not in BASELINES:
        return spec, 1
    if name != "noise" or not (count.isdecimal() and 1 <= int(count) <= 1000):
        raise UsageError(f"The baseline {spec!r} cannot be: only noise comes several times, as in noise:8.")
    return name, int(count)


def _check_name(name: str) -> None:
    if name in BASELINES or Path(name).is_file():
        return
    if Path(name).suffix or "/" in name:
        raise UsageError(f"The baseline {name!r} is neither a file nor one of: {', '.join(BASELINES)}.")
    BASELINES[name]


def _from_file(path: Path, picture: Picture, view: View | None) -> torch.Tensor:
    from igcli.images.reading import read_image

    channels, height, width = picture.pixels.shape
    read = read_image(path, view=View(size=height, resize=height, channels=channels), fit="squash")
    if view is not None and view.size == height and read.original_size == picture.original_size:
        read = read_image(path, view=view, fit=picture.placement.fit)
    if read.pixels.shape != picture.pixels.shape:
        raise UsageError(f"The baseline {path} cannot be brought to {width}x{height} pixels.")
    return read.pixels.to(picture.pixels)
