"""The interior gradients on one sheet: the photo, the importance at a few α, and the trend of its mean.

Source: arXiv 1611.02639, Fig. 3. The same as an animation: ``frames.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.rendering.frames import NORMALIZATIONS, Film, Look, painter, resized, side_of
from igcli.rendering.scaling import Scale
from igcli.rendering.strip import digits_for, score_text
from igcli.rendering.styles import STYLES
from igcli.rendering.text import Pen, measure, wrap, write

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageDraw import ImageDraw as ImageDrawing

#: The α of the paper's figure.
SHEET_ALPHAS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)

_PAPER = (252, 252, 251)
_RULE = (222, 223, 225)
_LINE_COLOUR = (32, 35, 40)
_TITLE = Pen(18, bold=True)
_HEADING = Pen(13)
_SMALL = Pen(12, (104, 109, 118))

_MARGIN = 24
_GUTTER = 14
_HEADING_HEIGHT = 22
_COLUMNS = 6
_LINE = 19
_SMOOTH = 4


def film_sheet(film: Film, *, title: str = "", look: Look | None = None, notes: tuple[str, ...] = ()) -> Image.Image:
    """Draw the sheet, as an RGB image.

    Parameters
    ----------
    film
        Its frames become the tiles, :data:`SHEET_ALPHAS` for the paper's figure; its trace the trend.
    title
        Usually the file's name.
    look
        Style, normalisation and the side of a tile (224 pixels or the frames' own); ``side_by_side`` means nothing
        here, as the photo is on the sheet.
    notes
        Further lines for the footer: network, baseline.

    Raises
    ------
    UsageError
        For a look that does not exist, or a size beyond the photo's own.
    """
    from PIL import Image, ImageDraw

    look = replace(look or Look(), side_by_side=False)
    look.check()
    side = side_of(film, look)
    cells = len(film.alphas) + 1 + (film.trace.mean_importance is not None)
    columns, rows = min(_COLUMNS, cells), math.ceil(cells / _COLUMNS)
    width = 2 * _MARGIN + columns * side + (columns - 1) * _GUTTER
    footer = [line for text in _footer(film, look, notes) for line in wrap(text, width - 2 * _MARGIN, pen=_SMALL)]
    top = _MARGIN + 56
    pitch = side + _HEADING_HEIGHT + _GUTTER
    image = Image.new("RGB", (width, top + rows * pitch + _LINE * len(footer) + 26), _PAPER)
    draw = ImageDraw.Draw(image)
    _draw_title(draw, film, title, width=width - 2 * _MARGIN)

    def place(cell: int) -> tuple[int, int]:
        row, column = divmod(cell, columns)
        return _MARGIN + column * (side + _GUTTER), top + row * pitch

    _draw_tile(image, "What the model saw", "", resized(film.photo.convert("RGB"), side), xy=place(0))
    paint = painter(film, look, side)
    digits = digits_for(film.alphas)
    for cell, (alpha, frame) in enumerate(zip(film.alphas.tolist(), film.frames, strict=True), 1):
        score = score_text(film.trace.score_at(alpha), film.score_kind)
        _draw_tile(image, f"α = {alpha:.{digits}f}", score, paint(frame)[0], xy=place(cell))
    if film.trace.mean_importance is not None:
        _draw_trend(image, film, xy=place(cells - 1), side=side)
    bottom = image.height - _LINE * len(footer) - 20
    draw.line((_MARGIN, bottom, width - _MARGIN - 1, bottom), fill=_RULE)
    for number, line in enumerate(footer):
        write(draw, (_MARGIN, bottom + 8 + _LINE * number), line, pen=_SMALL)
    return image


def _footer(film: Film, look: Look, notes: tuple[str, ...]) -> tuple[str, ...]:
    scale = Scale(look.percentile).describe()
    return (
        STYLES[look.style].legend,
        f"Interior gradients of the {film.score_kind} score; {NORMALIZATIONS[look.normalize]}, {scale}.",
        *notes,
    )


def _draw_title(draw: ImageDrawing, film: Film, title: str, *, width: int) -> None:
    score = score_text(film.trace.at_image, film.score_kind)
    explained = f"Explained: {film.label}, {film.score_kind} {score} at the photo"
    write(draw, (_MARGIN, _MARGIN - 4), title or "Interior gradients", pen=_TITLE, width=width)
    write(draw, (_MARGIN, _MARGIN + 22), explained, pen=_SMALL, width=width)


def _draw_tile(sheet: Image.Image, left: str, right: str, picture: Image.Image, *, xy: tuple[int, int]) -> None:
    from PIL import ImageDraw

    draw = ImageDraw.Draw(sheet)
    write(draw, xy, left, pen=_HEADING, width=picture.width)
    write(draw, (xy[0] + picture.width, xy[1]), right, pen=_SMALL, anchor="ra")
    sheet.paste(picture, (xy[0], xy[1] + _HEADING_HEIGHT))


def _draw_trend(sheet: Image.Image, film: Film, *, xy: tuple[int, int], side: int) -> None:
    """The mean importance over α on linear axes from 0, with a dot at each tile's α."""
    from PIL import Image, ImageDraw

    alphas, values = film.trace.alphas, film.trace.mean_importance
    if values is None:
        return
    top = float(values.max())
    draw = ImageDraw.Draw(sheet)
    write(draw, xy, "Mean importance", pen=_HEADING, width=side)
    left, right = xy[0] + 6, xy[0] + side - 8
    upper, lower = xy[1] + _HEADING_HEIGHT + 22, xy[1] + _HEADING_HEIGHT + side - 22

    def at(alpha: float, value: float) -> tuple[float, float]:
        height = (value / top if top else 0.0) * (lower - upper)
        return _SMOOTH * (left - xy[0] + alpha * (right - left)), _SMOOTH * (lower - xy[1] - height)

    plot = Image.new("RGB", (side * _SMOOTH, (lower - xy[1] + 6) * _SMOOTH), _PAPER)
    canvas = ImageDraw.Draw(plot)
    for value in (0.0, top):
        canvas.line((*at(0, value), *at(1, value)), fill=_RULE, width=_SMOOTH)
    points = [at(alpha, value) for alpha, value in zip(alphas.tolist(), values.tolist(), strict=True)]
    canvas.line([points[0], *points], fill=_LINE_COLOUR, width=2 * _SMOOTH, joint="curve")
    for alpha in film.alphas.tolist():
        x, y = at(alpha, film.trace.importance_at(alpha))
        radius = 3 * _SMOOTH
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=_LINE_COLOUR)
    shown = plot.reduce(_SMOOTH).crop((0, _HEADING_HEIGHT, side, plot.height // _SMOOTH))
    sheet.paste(shown, (xy[0], xy[1] + _HEADING_HEIGHT))
    write(draw, (left, upper - 17), f"{top:.2g} {film.score_kind} per pixel unit", pen=_SMALL, width=side - 8)
    for text, x in (("0", left), ("1", right)):
        write(draw, (x, lower + 6), text, pen=_SMALL, anchor="ma")
    write(draw, ((left + right - measure("α", pen=_SMALL)) / 2, lower + 6), "α", pen=_SMALL)
