"""The interior gradients on one sheet: the photo, the importance at a few α, and the trend of its mean.

Source: arXiv 1611.02639, Fig. 3. The same as an animation: ``film.py``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.rendering.film import NORMALIZATIONS, Film, Look, enlarged, painter, size_of
from igcli.rendering.numbers import digits_for, score_text
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import style_of
from igcli.rendering.text import text_width
from igcli.rendering.tiles import BODY, INK, MARGIN, PAPER, RULE, SMALL, Spacing, TileSheet

if TYPE_CHECKING:
    from PIL import Image

    from igcli.lazy import np

#: The α of the paper's figure.
SHEET_ALPHAS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0)

_GUTTER = 14
_HEADING_HEIGHT = 22
_COLUMNS = 6
_TOP = MARGIN + 56
_SPACING = Spacing(line=19, footer=8, end=20)
_LOWEST = 96  # pixels that the trend needs below its heading
_SMOOTH = 4  # the trend is drawn this many times larger, then averaged down


def film_sheet(film: Film, *, title: str = "", look: Look | None = None, notes: tuple[str, ...] = ()) -> Image.Image:
    """Draw the sheet, as an RGB image.

    Parameters
    ----------
    film
        Its frames become the tiles, :data:`SHEET_ALPHAS` for the paper's figure; its trace the trend.
    look
        Style, normalisation and the width of a tile (224 pixels or the frames' own); ``side_by_side`` means nothing
        here, as the photo is on the sheet.
    notes
        Further lines for the footer: network, baseline.

    Raises
    ------
    UsageError
        For settings that are not valid, or a size beyond the photo's own.
    """
    look = replace(look or Look(), side_by_side=False)
    look.check()
    width, height = size_of(film, look)
    cells = len(film.alphas) + 1 + (film.trace.mean_importance is not None)
    columns, rows = min(_COLUMNS, cells), math.ceil(cells / _COLUMNS)
    pitch = max(height, _LOWEST) + _HEADING_HEIGHT + _GUTTER
    sheet = TileSheet(
        width=2 * MARGIN + columns * width + (columns - 1) * _GUTTER,
        bottom=_TOP + rows * pitch + 6,
        title=title or "Interior gradients",
        footer=[(text, SMALL) for text in _footer(film, look, notes)],
        spacing=_SPACING,
    )
    score = score_text(film.trace.at_image, film.score_kind)
    explained = f"Explained: {film.label}, {film.score_kind} {score} at the photo"
    sheet.write((MARGIN, MARGIN + 22), explained, pen=SMALL, width=sheet.inner)

    def place(cell: int) -> tuple[int, int]:
        row, column = divmod(cell, columns)
        return MARGIN + column * (width + _GUTTER), _TOP + row * pitch

    def tile(cell: int, left: str, right: str, picture: Image.Image) -> None:
        x, y = place(cell)
        sheet.write((x, y), left, pen=BODY, width=width)
        sheet.write((x + width, y), right, pen=SMALL, anchor="ra")
        sheet.tile(picture, (x, y + _HEADING_HEIGHT), (width, height))

    tile(0, "What the model saw", "", enlarged(film.photo.convert("RGB"), (width, height)))
    paint = painter(film, look, (width, height))
    digits = digits_for(film.alphas)
    for cell, (alpha, frame) in enumerate(zip(film.alphas.tolist(), film.frames, strict=True), 1):
        score = score_text(film.trace.score_at(alpha), film.score_kind)
        tile(cell, f"α = {alpha:.{digits}f}", score, paint(frame)[0])
    if film.trace.mean_importance is not None:
        _draw_trend(sheet, film, film.trace.mean_importance, xy=place(cells - 1), size=(width, max(height, _LOWEST)))
    return sheet.image


def _footer(film: Film, look: Look, notes: tuple[str, ...]) -> tuple[str, ...]:
    scale = Scale(look.percentile).describe()
    return (
        style_of(look.style).legend,
        f"Interior gradients of the {film.score_kind} score; {NORMALIZATIONS[look.normalize]}, {scale}.",
        *notes,
    )


def _draw_trend(
    sheet: TileSheet, film: Film, values: np.ndarray, *, xy: tuple[int, int], size: tuple[int, int]
) -> None:
    """The mean importance over α on linear axes from 0, with a dot at each tile's α."""
    from PIL import Image, ImageDraw

    top, (width, height) = float(values.max()), size
    sheet.write(xy, "Mean importance", pen=BODY, width=width)
    left, right = xy[0] + 6, xy[0] + width - 8
    upper, lower = xy[1] + _HEADING_HEIGHT + 22, xy[1] + _HEADING_HEIGHT + height - 22

    def at(alpha: float, value: float) -> tuple[float, float]:
        height = (value / top if top else 0.0) * (lower - upper)
        return _SMOOTH * (left - xy[0] + alpha * (right - left)), _SMOOTH * (lower - xy[1] - height)

    plot = Image.new("RGB", (width * _SMOOTH, (lower - xy[1] + 6) * _SMOOTH), PAPER)
    canvas = ImageDraw.Draw(plot)
    for value in (0.0, top):
        canvas.line((*at(0, value), *at(1, value)), fill=RULE, width=_SMOOTH)
    points = [at(alpha, value) for alpha, value in zip(film.trace.alphas.tolist(), values.tolist(), strict=True)]
    canvas.line([points[0], *points], fill=INK, width=2 * _SMOOTH, joint="curve")
    for alpha in film.alphas.tolist():
        x, y = at(alpha, film.trace.importance_at(alpha))
        radius = 3 * _SMOOTH
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=INK)
    shown = plot.reduce(_SMOOTH).crop((0, _HEADING_HEIGHT, width, plot.height // _SMOOTH))
    sheet.image.paste(shown, (xy[0], xy[1] + _HEADING_HEIGHT))
    sheet.write((left, upper - 17), f"{top:.2g} {film.score_kind} per pixel unit", pen=SMALL, width=width - 8)
    for text, x in (("0", left), ("1", right)):
        sheet.write((x, lower + 6), text, pen=SMALL, anchor="ma")
    sheet.write(((left + right - text_width("α", pen=SMALL)) / 2, lower + 6), "α", pen=SMALL)
