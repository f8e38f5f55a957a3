"""Regions on a photo: each outlined, tinted and numbered, with a list of what they hold next to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.lazy import np
from igcli.rendering.styles import dimmed
from igcli.rendering.text import Pen
from igcli.rendering.tiles import BODY, HEADING, MARGIN, SMALL, TileSheet

if TYPE_CHECKING:
    from PIL import Image

#: Okabe and Ito's colours, some of them lighter, so that dark numbers can be read on all of them.
_COLOURS = (
    (230, 159, 0),
    (86, 180, 233),
    (60, 200, 150),
    (255, 125, 60),
    (225, 140, 190),
    (240, 228, 66),
    (110, 150, 235),
)
_SIDE, _LIST, _GUTTER, _TOP = 448, 250, 24, MARGIN + 62
_BADGE, _ROW = 12, 46  # the radius of a number's disc; the height of a row of the list
_TINT, _OUTSIDE = 0.28, 0.42
_NUMBER, _LONG_NUMBER = (Pen(size, (20, 22, 26), bold=True) for size in (13, 9))
_AMOUNT = Pen(15, bold=True)


@dataclass(frozen=True)
class ShownRegion:
    """A region on the sheet.

    Attributes
    ----------
    rank
        Its number.
    mask
        (H, W) bool, of the photo's size, not empty.
    amount, detail
        Two lines for the list: what it holds, and on how many pixels.
    """

    rank: int
    mask: np.ndarray
    amount: str
    detail: str


@dataclass(frozen=True)
class RegionSheet:
    """What stands on the sheet."""

    title: str
    photo: Image.Image
    regions: Sequence[ShownRegion]
    heading: str
    footer: tuple[str, ...] = ()
    warning: str = ""


def draw_regions(shown: RegionSheet) -> Image.Image:
    """Draw the sheet, as an RGB image; photos narrower than 448 pixels are enlarged by a whole factor."""
    factor = max(1, math.ceil(_SIDE / shown.photo.width))
    painted = _painted(shown, factor)
    sheet = TileSheet(
        width=2 * MARGIN + painted.width + _GUTTER + _LIST,
        bottom=_TOP + max(painted.height, _ROW * len(shown.regions)) + 18,
        title=shown.title,
        warning=shown.warning,
        footer=[(text, BODY if number == 0 else SMALL) for number, text in enumerate(shown.footer)],
    )
    sheet.write((MARGIN, _TOP - 24), "What the model saw", pen=HEADING, width=painted.width)
    sheet.image.paste(painted, (MARGIN, _TOP))
    left = MARGIN + painted.width + _GUTTER
    sheet.write((left, _TOP - 24), shown.heading, pen=HEADING, width=_LIST)
    for number, region in enumerate(shown.regions):
        top = _TOP + _ROW * number
        _badge(sheet, region.rank, (left + _BADGE, top + _BADGE), colour=_colour(number))
        words = left + 2 * _BADGE + 12
        sheet.write((words, top - 1), region.amount, pen=_AMOUNT, width=_LIST - 2 * _BADGE - 12)
        sheet.write((words, top + 19), region.detail, pen=SMALL, width=_LIST - 2 * _BADGE - 12)
    places = badge_places([region.mask for region in shown.regions], factor=factor)
    for number, (inside, place) in enumerate(places):
        start, end = ((MARGIN + x, _TOP + y) for x, y in (inside, place))
        if start != end:
            sheet.draw.line((*start, *end), fill=(20, 22, 26), width=4)
            sheet.draw.line((*start, *end), fill=_colour(number), width=2)
        _badge(sheet, shown.regions[number].rank, end, colour=_colour(number))
    return sheet.image


def badge_places(masks: Sequence[np.ndarray], *, factor: int) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    """For each region a point in its deepest part, and where its number goes, both (x, y) in the enlarged photo.

    The number stands at that point, or in another deep part, unless it would touch another number; if the region is
    too small, at the nearest free place. No two numbers overlap, and none leaves the photo, while there is room.
    """
    height, width = masks[0].shape if masks else (0, 0)
    reach = math.ceil((_BADGE + 2) / factor)
    down, across = np.mgrid[:height, :width]
    free = (down >= reach) & (down < height - reach) & (across >= reach) & (across < width - reach)
    found = []
    for mask in masks:
        depth = _depth(mask)
        y, x = np.unravel_index(np.argmax(depth), mask.shape)
        inside = (int(x), int(y))
        deep = free & (depth * factor >= _BADGE / 2)
        if deep.any():
            y, x = np.unravel_index(np.argmax(np.where(deep, depth, 0)), mask.shape)
            inside = (int(x), int(y))
        elif free.any():
            far = np.hypot(down - y, across - x)
            y, x = np.unravel_index(np.argmin(np.where(free, far, np.inf)), mask.shape)
        place = (int(x), int(y))
        free &= np.hypot(down - place[1], across - place[0]) > 2 * (_BADGE + 2) / factor
        found.append(tuple((factor * px + factor // 2, factor * py + factor // 2) for px, py in (inside, place)))
    return found  # type: ignore[return-value]


def _painted(shown: RegionSheet, factor: int) -> Image.Image:
    from PIL import Image

    size = (shown.photo.width * factor, shown.photo.height * factor)
    photo = np.asarray(shown.photo.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    painted = dimmed(photo, _OUTSIDE, colour=False)
    for number, region in enumerate(shown.regions):
        mask, colour = _enlarged(region.mask, size), np.array(_colour(number), np.float32)
        painted[mask] = photo[mask] * (1 - _TINT) + colour * _TINT
    for number, region in enumerate(shown.regions):
        mask = _enlarged(region.mask, size)
        inner = _eroded(_eroded(mask))
        painted[mask & ~inner] = _colour(number)
    return Image.fromarray(np.rint(np.clip(painted, 0, 255)).astype(np.uint8))


def _enlarged(mask: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """The mask at the size (width, height), its outline smooth."""
    from PIL import Image

    grey = Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(grey) > 127


def _eroded(mask: np.ndarray) -> np.ndarray:
    """Without the pixels next to one outside the mask; the picture's edge does not count."""
    padded = np.pad(mask, 1, mode="edge")
    return np.asarray(mask & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:])


def _depth(mask: np.ndarray) -> np.ndarray:
    """Steps from the outside, (H, W) int: 0 outside the mask; the picture's edge is outside, too."""
    depth, left = np.zeros(mask.shape, int), np.pad(mask, 1)
    while left.any():
        depth += left[1:-1, 1:-1]
        left = _eroded(left)
    return depth


def _badge(sheet: TileSheet, rank: int, centre: tuple[int, int], *, colour: tuple[int, int, int]) -> None:
    x, y = centre
    box = (x - _BADGE, y - _BADGE, x + _BADGE, y + _BADGE)
    sheet.draw.ellipse(box, fill=colour, outline=(20, 22, 26), width=2)
    sheet.write((x, y + 1), str(rank), pen=_NUMBER if rank < 100 else _LONG_NUMBER, anchor="mm")


def _colour(number: int) -> tuple[int, int, int]:
    return _COLOURS[number % len(_COLOURS)]
