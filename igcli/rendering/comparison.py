"""Maps in rows and columns on one sheet, each row with what it is about: classes x methods, or before and after.

The layouts follow arXiv 1611.02639, Fig. 1b (before and after) and Fig. 6 (predicted and true label). Plain data in,
a picture out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.text import Pen, wrap, write

if TYPE_CHECKING:
    from PIL import Image

_PAPER, _RULE, _WARNING_PAPER = (252, 252, 251), (222, 223, 225), (255, 243, 214)
_TITLE, _LABEL, _BODY = Pen(18, bold=True), Pen(16, bold=True), Pen(13)
_MUTED = Pen(13, (104, 109, 118))
_WARNING = Pen(13, (122, 74, 0))
_MARGIN, _GUTTER, _WORDS, _LINE = 24, 16, 210, 20
_SMALLEST_TILE = 224


@dataclass(frozen=True)
class Row:
    """One row: a heading, further lines, and one image a column (``None`` leaves the place empty)."""

    heading: str
    lines: tuple[str, ...]
    tiles: tuple[Image.Image | None, ...]


@dataclass(frozen=True)
class Table:
    """What stands on the sheet; ``footer`` are lines that may be long, ``warning`` what must not be missed."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    footer: tuple[str, ...] = ()
    warning: str = ""


def comparison(table: Table) -> Image.Image:
    """Draw the sheet, as an RGB image whose size follows from what it shows; small tiles are enlarged, as squares."""
    from PIL import Image, ImageDraw

    tile = _tile_size(table)
    width = 2 * _MARGIN + _WORDS + len(table.columns) * (_GUTTER + tile[0])
    inner = width - 2 * _MARGIN
    footer = [line for text in table.footer for line in wrap(text, inner, pen=_BODY)]
    warning = wrap(table.warning, inner - 24, pen=_WARNING)
    top = _MARGIN + 62
    bottom = top + len(table.rows) * (tile[1] + _GUTTER)
    warned = _LINE * len(warning) + 26 if warning else 0
    image = Image.new("RGB", (width, bottom + warned + _LINE * len(footer) + 32), _PAPER)
    draw = ImageDraw.Draw(image)
    write(draw, (_MARGIN, _MARGIN - 4), table.title, pen=_TITLE, width=inner)
    lefts = [_MARGIN + _WORDS + _GUTTER + number * (tile[0] + _GUTTER) for number in range(len(table.columns))]
    for left, heading in zip(lefts, table.columns, strict=True):
        write(draw, (left, top - 22), heading, pen=_MUTED, width=tile[0])
    for number, row in enumerate(table.rows):
        y = top + number * (tile[1] + _GUTTER)
        _draw_words(draw, row, top=y, height=tile[1])
        for left, shown in zip(lefts, row.tiles, strict=True):
            if shown is not None:
                image.paste(shown.convert("RGB").resize(tile, Image.Resampling.NEAREST), (left, y))
    if warning:
        box = (_MARGIN, bottom, _MARGIN + inner - 1, bottom + _LINE * len(warning) + 15)
        draw.rounded_rectangle(box, radius=5, fill=_WARNING_PAPER)
    for number, line in enumerate(warning):
        write(draw, (_MARGIN + 12, bottom + 8 + _LINE * number), line, pen=_WARNING)
    draw.line((_MARGIN, bottom + warned, _MARGIN + inner - 1, bottom + warned), fill=_RULE)
    for number, line in enumerate(footer):
        write(draw, (_MARGIN, bottom + warned + 12 + _LINE * number), line, pen=_BODY)
    return image


def _tile_size(table: Table) -> tuple[int, int]:
    first = next(tile for row in table.rows for tile in row.tiles if tile is not None)
    factor = max(1, -(-_SMALLEST_TILE // first.width))
    return first.width * factor, first.height * factor


def _draw_words(draw: object, row: Row, *, top: int, height: int) -> None:
    y = top
    for text, pen in ((row.heading, _LABEL), *((line, _BODY) for line in row.lines)):
        for line in wrap(text, _WORDS, pen=pen):
            if y + _LINE <= top + height:
                write(draw, (_MARGIN, y), line, pen=pen)  # type: ignore[arg-type]
            y += _LINE
        y += 4 if pen is _LABEL else 0
