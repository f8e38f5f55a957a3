"""An attribution drawn on the picture that the model saw, or on the original photo with the rest dimmed.

How the original became the picture (resize and crop) is given as a :class:`~igcli.images.picture.Placement`. Labels and
scores are added in ``panel.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from igcli.errors import ImageError
from igcli.lazy import np
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import Drawn, dimmed, style_of

if TYPE_CHECKING:
    from PIL import Image

    from igcli.images.picture import Picture, Placement
    from igcli.lazy import torch
    from igcli.rendering.scaling import Values

_OUTSIDE = 0.25
_FRAME = (236, 236, 236)


class HasValues(Protocol):
    """An attribution, as far as it is drawn: its map."""

    @property
    def values(self) -> torch.Tensor:
        """(C, H, W), signed."""


def overlay(
    picture: Picture, attribution: Values | HasValues, *, style: str = "lit", scale: Scale | None = None
) -> Image.Image:
    """The picture with the attribution drawn on it, as an RGB image of the same size.

    >>> overlay(photo, result).save("cat.png")  # doctest: +SKIP

    Takes and raises what :func:`draw` does.
    """
    return draw(picture, attribution, style=style, scale=scale).image


def draw(picture: Picture, attribution: Values | HasValues, *, style: str = "lit", scale: Scale | None = None) -> Drawn:
    """The overlay together with its ceiling, aggregation, and whether there was anything to draw.

    Parameters
    ----------
    attribution
        An attribution, or its bare map (C, H, W) of the picture's height and width.
    style
        A name in :data:`~igcli.rendering.styles.STYLES`.
    scale
        What counts as full brightness; the 99th percentile if not given.

    Raises
    ------
    NumericalError
        If the map has values that are not finite.
    """
    photo = np.asarray(picture.image())
    return style_of(style).draw(photo, _map_of(attribution), scale=scale or Scale())


@dataclass(frozen=True)
class FullSize:
    """A map at the size of the original photo.

    Attributes
    ----------
    values
        (C, h, w) float32; zero outside the box.
    box
        (left, top, right, bottom) of the part that the model saw, in whole pixels of the original, right and bottom
        exclusive.
    """

    photo: Image.Image
    values: np.ndarray
    box: tuple[int, int, int, int]


def full_size(
    original: Image.Image,
    attribution: Values | HasValues,
    placement: Placement,
    *,
    style: str = "lit",
    scale: Scale | None = None,
) -> Drawn:
    """The attribution drawn on the original photo.

    Inside the placement's box the style is drawn; outside, the photo is grey and dim, with a thin frame between.
    Takes what :func:`to_full_size` takes, and raises what it and :func:`draw` raise.
    """
    from PIL import Image, ImageDraw

    whole = to_full_size(original, _map_of(attribution), placement)
    left, top, right, bottom = whole.box
    photo = np.asarray(whole.photo)
    inside = photo[top:bottom, left:right]
    drawn = style_of(style).draw(inside, whole.values[:, top:bottom, left:right], scale=scale or Scale())
    image = Image.fromarray(np.rint(dimmed(photo, _OUTSIDE, colour=False)).astype(np.uint8))
    # The frame lies just outside the box: it hides no explained pixel, and vanishes where the box ends at the edge.
    ImageDraw.Draw(image).rectangle((left - 1, top - 1, right, bottom), outline=_FRAME)
    image.paste(drawn.image, (left, top))
    return Drawn(image, ceiling=drawn.ceiling, aggregation=drawn.aggregation, blank=drawn.blank)


def to_full_size(original: Image.Image, values: Values, placement: Placement) -> FullSize:
    """Resample a map into the place that it explains.

    Enlarging is bilinear, shrinking averages; both weigh with positive weights only, so that no value changes its
    sign or exceeds its neighbours, and a fixed scale means the same at both sizes. The total is *not* kept.

    Parameters
    ----------
    values
        (C, H, W) at the model's size.
    placement
        Where the model's view lies in the original. What reaches beyond the edges is cut.

    Raises
    ------
    ImageError
        If the box has no pixel of the original.
    """
    from PIL import Image

    array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values, np.float32)
    left, top, right, bottom = placement.box
    across = _span(left, right, pixels=original.width, cells=array.shape[2])
    down = _span(top, bottom, pixels=original.height, cells=array.shape[1])
    size = (across.stop - across.start, down.stop - down.start)
    source = (across.first_cell, down.first_cell, across.last_cell, down.last_cell)
    full = np.zeros((len(array), original.height, original.width), np.float32)
    for channel, target in zip(array, full, strict=True):
        resized = Image.fromarray(channel).resize(size, Image.Resampling.BILINEAR, box=source)
        target[down.start : down.stop, across.start : across.stop] = np.asarray(resized)
    return FullSize(original.convert("RGB"), full, (across.start, down.start, across.stop, down.stop))


@dataclass(frozen=True)
class _Span:
    """Along one axis: the original's pixels from ``start`` show the map's cells from ``first_cell``."""

    start: int
    stop: int
    first_cell: float
    last_cell: float


def _span(low: float, high: float, *, pixels: int, cells: int) -> _Span:
    # A pixel belongs to the box if its centre does.
    start, stop = max(0, math.ceil(low - 0.5)), min(pixels, math.ceil(high - 0.5))
    if stop <= start:
        raise ImageError(
            "The photo is too thin for a map on the original: none of its pixels has its middle in what the network "
            "saw. Leave --full-size out, or show it whole with --fit pad."
        )
    rate = cells / (high - low)
    return _Span(start, stop, max(0.0, (start - low) * rate), min(float(cells), (stop - low) * rate))


def _map_of(attribution: Values | HasValues) -> Values:
    """The map of an attribution; a map is returned unchanged."""
    # Tensors are asked first: they have a method called ``values``.
    if hasattr(attribution, "detach") or isinstance(attribution, np.ndarray):
        return cast("Values", attribution)
    return cast("HasValues", attribution).values
