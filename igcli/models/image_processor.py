"""How an image processor of transformers prepares a picture, as a view and a normalisation of igcli.

What the processor states (its size, crop, resampling) gives candidates; which of them it is, is found by preparing two
made-up pictures with both. Mean, standard deviation and the order of channels are read off plain pictures, so that
offsets, factors and a second normalisation are included.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igcli.errors import UsageError
from igcli.images.extent import Extent, extent_of, sides
from igcli.images.fit import FITS
from igcli.images.options import INTERPOLATIONS, View
from igcli.lazy import np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL import Image

PICTURES = ((301, 200), (190, 273))
"""Width and height of the pictures that are tried; what is cut off them is an odd number of pixels."""

LARGEST_MADE = 4096
"""Pixels of a side to which a processor may enlarge a picture; the largest of the library's have a quarter of it."""

ROUNDING = 1.5
"""Grey levels by which two ways to compute the same picture may differ."""

OTHERWISE = (
    "Its {0} prepares pictures in a way that ig only approximates (by up to {1:.0f} of 255 grey levels on a made-up "
    "picture): scores may differ from those of the library's own pipeline."
)


@dataclass(frozen=True)
class Preparation:
    """How pictures are prepared.

    Attributes
    ----------
    view, mean, std
        As :class:`~igcli.models.classifier.Classifier` has them.
    reversed_channels
        The network is given blue, green, red.
    doubt
        A sentence if the processor does something else, or an empty one.
    """

    view: View
    mean: tuple[float, ...]
    std: tuple[float, ...]
    reversed_channels: bool = False
    doubt: str = ""


def preparation_of(processor: Any, *, channels: int = 3) -> Preparation:
    """What the processor does to pictures of so many channels, 1 or 3.

    Raises
    ------
    UsageError
        What it makes of pictures has no size of its own.
    """

    def prepared(image: Image.Image) -> NDArray[np.float32]:
        given: Any = image if channels == 3 else np.asarray(image)[..., None]  # older ones need the axis
        try:
            made = processor(images=given, return_tensors="np")["pixel_values"]
            values: NDArray[np.float32] = np.asarray(made, dtype=np.float32)[0]
        except Exception as problem:  # a processor of any kind of network
            raise UsageError(f"{_name(processor)} prepares no single pictures ({problem!r:.200}).") from problem
        if values.shape[0] != channels or values.ndim != 3:
            raise UsageError(f"{_name(processor)} makes {values.shape} of a picture of {channels} channels.")
        return values

    _check_sizes(processor)
    pictures = [_made_up(size, channels) for size in PICTURES]
    results = [prepared(picture) for picture in pictures]
    shapes = [values.shape[1:] for values in results]
    if len(set(shapes)) != 1:
        made = " and ".join(f"{width} x {height}" for height, width in shapes)
        raise UsageError(
            f"{_name(processor)} makes {made} pixels of two photos, and a network is explained at one size: save the "
            "model with a processor whose size has a height and a width."
        )
    height, width = shapes[0]
    black, white = (prepared(_plain(level, channels))[:, height // 2, width // 2] for level in (0, 255))
    mean, std = _normalisation(processor, black.astype(float), white.astype(float))
    flipped = channels == 3 and _is_reversed(prepared, black, white)
    errors = {
        view: max(_error(view, *pair, mean, std, flipped=flipped) for pair in zip(pictures, results, strict=True))
        for view in _candidates(processor, extent_of((width, height)), channels)
    }
    view = min(errors, key=lambda each: errors[each])
    doubt = OTHERWISE.format(_name(processor), errors[view]) if errors[view] > ROUNDING else ""
    if flipped:
        mean, std = mean[::-1], std[::-1]
    return Preparation(view, mean, std, flipped, doubt)


def _check_sizes(processor: Any) -> None:
    """Raise ``UsageError`` for settings by which a picture would take more memory than any network's does."""
    said: list[Any] = [getattr(processor, name, None) for name in ("size", "crop_size", "pad_size")]
    entries = [each if isinstance(each, Mapping) else getattr(each, "__dict__", {"": each}) for each in said]
    numbers = [number for each in entries for number in each.values()]
    share = getattr(processor, "crop_pct", None)
    if isinstance(share, (int, float)) and share > 0:
        numbers += [number / share for number in numbers if isinstance(number, int)]
    largest = max((number for number in numbers if isinstance(number, (int, float))), default=0)
    if largest > LARGEST_MADE:
        raise UsageError(
            f"{_name(processor)} makes pictures of {largest:,.0f} pixels a side, more than {LARGEST_MADE:,}."
        )


def _interpolation(processor: Any) -> str | None:
    """The name in ``INTERPOLATIONS`` of a processor's ``resample``, a number of Pillow's; ``None`` without any."""
    from PIL import Image

    stated = getattr(processor, "resample", None)
    stated = getattr(stated, "value", stated)  # torchvision's name, or Pillow's number
    if isinstance(stated, int):
        stated = next((each.name for each in Image.Resampling if each.value == stated), None)
    name = str(stated).lower()
    return name if name in INTERPOLATIONS else None


def _candidates(processor: Any, size: Extent, channels: int) -> Iterator[View]:
    """Views that make pictures of ``size``, those that the processor's settings suggest first."""
    stated, share = getattr(processor, "size", None), getattr(processor, "crop_pct", None)
    shorter, width, height = (_entry(stated, name) for name in ("shortest_edge", "width", "height"))
    whole = extent_of((width, height)) if width and height else None
    resizes = [each for each in (shorter, whole, size) if each]
    if share:
        resizes += [extent_of([int(side / share) for side in sides(each)]) for each in resizes]
    named = _interpolation(processor)
    for interpolation in (named,) if named else ("bilinear", "bicubic"):
        yield View(size, size, channels, interpolation, "squash")
        for resize in dict.fromkeys(resizes):
            for fit in ("crop-down", "crop", "squash-crop"):
                yield View(size, resize, channels, interpolation, fit)


def _entry(size: Any, name: str) -> int | None:
    value = size.get(name) if hasattr(size, "get") else getattr(size, name, size)
    return value if isinstance(value, int) and value > 0 else None


def _normalisation(
    processor: Any, black: NDArray[np.float64], white: NDArray[np.float64]
) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation in pixel units [0, 1]: those that are stated, if they make these black and white."""
    if not (np.isfinite(black).all() and np.isfinite(white).all() and (white > black).all()):
        raise UsageError(f"{_name(processor)} makes white no larger than black: ig cannot say what a pixel becomes.")
    stated = [getattr(processor, f"image_{name}", None) for name in ("mean", "std")]
    if all(isinstance(each, (list, tuple)) and len(each) == len(black) for each in stated):
        mean, std = (np.array(each, dtype=float) for each in stated)
        if np.allclose(-mean / std, black, atol=1e-5) and np.allclose((1 - mean) / std, white, atol=1e-5):
            return tuple(mean.tolist()), tuple(std.tolist())
    return tuple((0.0 - black / (white - black)).tolist()), tuple((1 / (white - black)).tolist())


def _is_reversed(
    prepared: Callable[[Image.Image], NDArray[np.float32]], black: NDArray[np.float32], white: NDArray[np.float32]
) -> bool:
    """Whether a red picture comes out with its light in the last channel."""
    from PIL import Image

    values = prepared(Image.new("RGB", PICTURES[0], (255, 0, 0)))
    middle = values[:, values.shape[1] // 2, values.shape[2] // 2]
    lit = (middle - black) / (white - black)
    return bool(lit[0] < 0.5 < lit[2])


def _error(
    view: View,
    picture: Image.Image,
    result: NDArray[np.float32],
    mean: tuple[float, ...],
    std: tuple[float, ...],
    *,
    flipped: bool,
) -> float:
    """By how many grey levels a view's picture differs from the processor's ``result``, at most."""
    square, _ = FITS[view.fit](picture, view)
    ours = np.asarray(square, dtype=np.float32).reshape(view.height, view.width, -1).transpose(2, 0, 1)
    mean_of, std_of = (np.array(each, dtype=np.float32)[:, None, None] for each in (mean, std))
    theirs = (result * std_of + mean_of) * 255
    return float(np.abs((ours[::-1] if flipped else ours) - theirs).max())


def _made_up(size: tuple[int, int], channels: int) -> Image.Image:
    """A picture of noise, every pixel of which differs from its neighbours."""
    from PIL import Image

    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    return _in_mode(Image.fromarray(noise), channels)


def _plain(level: int, channels: int) -> Image.Image:
    from PIL import Image

    return _in_mode(Image.new("RGB", PICTURES[0], (level, level, level)), channels)


def _in_mode(image: Image.Image, channels: int) -> Image.Image:
    return image if channels == 3 else image.convert("L")


def _name(processor: Any) -> str:
    return type(processor).__name__.removesuffix("Pil")
