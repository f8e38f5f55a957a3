"""Maps in rows and columns on one sheet, with words in front of each row: classes x methods, or before and after.

The layouts follow arXiv 1611.02639, Fig. 1b (before and after) and Fig. 6 (predicted and true label).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.text import Pen, wrap
from igcli.rendering.tiles import BODY, HEADING, LINE, MARGIN, Spacing, TileSheet, tile_size

if TYPE_CHECKING:
    from PIL import Image

_LABEL = Pen(16, bold=True)
_GUTTER, _WORDS = 16, 210
_SPACING = Spacing(warning=(8, 18), end=32)
_TOP = MARGIN + 62


@dataclass(frozen=True)
class ComparisonRow:
    """One row: a heading, further lines, and one image per column (``None`` for an empty place)."""

    heading: str
    lines: tuple[str, ...]
    tiles: tuple[Image.Image | None, ...]


@dataclass(frozen=True)
class Comparison:
    """What stands on the sheet; ``footer`` are lines that may be long, ``warning`` what must not be missed."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[ComparisonRow, ...]
    footer: tuple[str, ...] = ()
    warning: str = ""


def draw_comparison(shown: Comparison) -> Image.Image:
    """Draw the sheet, as an RGB image whose size follows from what it shows; small tiles are enlarged, as squares."""
    tile = tile_size(next(tile for row in shown.rows for tile in row.tiles if tile is not None))
    sheet = TileSheet(
        width=2 * MARGIN + _WORDS + len(shown.columns) * (_GUTTER + tile[0]),
        bottom=_TOP + len(shown.rows) * (tile[1] + _GUTTER),
        title=shown.title,
        warning=shown.warning,
        footer=[(text, BODY) for text in shown.footer],
        spacing=_SPACING,
    )
    lefts = [MARGIN + _WORDS + _GUTTER + number * (tile[0] + _GUTTER) for number in range(len(shown.columns))]
    for left, heading in zip(lefts, shown.columns, strict=True):
        sheet.write((left, _TOP - 22), heading, pen=HEADING, width=tile[0])
    for number, row in enumerate(shown.rows):
        top = _TOP + number * (tile[1] + _GUTTER)
        _write_words(sheet, row, top=top, height=tile[1])
        for left, picture in zip(lefts, row.tiles, strict=True):
            if picture is not None:
                sheet.tile(picture, (left, top), tile)
    return sheet.image


def _write_words(sheet: TileSheet, row: ComparisonRow, *, top: int, height: int) -> None:
    y = top
    for text, pen in ((row.heading, _LABEL), *((line, BODY) for line in row.lines)):
        for line in wrap(text, _WORDS, pen=pen):
            if y + LINE <= top + height:
                sheet.write((MARGIN, y), line, pen=pen)
            y += LINE
        y += 4 if pen is _LABEL else 0
