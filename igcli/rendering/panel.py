"""One photo on one sheet: the photo, label and scores, and any number of overlays side by side.

The layout follows arXiv 1611.02639, Fig. 4 (original | label and score | integrated gradients | gradient at the
image), with the top five as bars and a footer that says what the colours mean. Plain data in, a picture out: what the
overlays show is decided by ``overlay.py`` and ``styles.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.text import Pen, fit_text, measure, wrap, write

if TYPE_CHECKING:
    from PIL import Image, ImageDraw

_PAPER = (252, 252, 251)
_MUTED = (104, 109, 118)
_TRACK = (232, 233, 235)
_BAR = (128, 140, 158)
_ACCENT = (32, 122, 82)
_RULE = (222, 223, 225)
_WARNING_PAPER = (255, 243, 214)

_TITLE = Pen(18, bold=True)
_HEADING = Pen(13, _MUTED)
_LABEL = Pen(17, bold=True)
_BODY = Pen(13)
_SMALL = Pen(12, _MUTED)
_EXPLAINED = Pen(13, _ACCENT)
_WARNING = Pen(13, (122, 74, 0))

_MARGIN = 24
_GUTTER = 20
_SCORES_WIDTH = 236
_SMALLEST_TILE = 224
_BARS_TOP = 60
_BAR_PITCH = 29
_LINE = 20


@dataclass(frozen=True)
class Sheet:
    """What stands on a sheet.

    Attributes
    ----------
    title
        Usually the file's name.
    photo
        What the model saw.
    top
        The most probable classes, best first: (label, probability in [0, 1]).
    target
        The class that the overlays explain: (label, probability in [0, 1]).
    columns
        The overlays: (title, image). An image of another size than the photo is fitted to the photo's.
    legend
        What the colours mean; the style's sentence.
    footer
        Further lines: model, score, scale, completeness gap.
    warning
        A caveat that a reader must not miss, or nothing.
    """

    title: str
    photo: Image.Image
    top: tuple[tuple[str, float], ...]
    target: tuple[str, float]
    columns: tuple[tuple[str, Image.Image], ...]
    legend: str = ""
    footer: tuple[str, ...] = ()
    warning: str = ""


def panel(sheet: Sheet) -> Image.Image:
    """Draw the sheet, as an RGB image whose size follows from what it shows.

    Photos narrower than 224 pixels are enlarged by a whole factor, each pixel a square.
    """
    from PIL import Image, ImageDraw

    tile = _tile_size(sheet.photo)
    width = 2 * _MARGIN + _SCORES_WIDTH + _GUTTER + (len(sheet.columns) + 1) * (tile[0] + _GUTTER) - _GUTTER
    inner = width - 2 * _MARGIN
    footer = _footer_lines(sheet, inner)
    warning = wrap(sheet.warning, inner - 24, pen=_WARNING)
    tiles_top = _MARGIN + 36 + 24
    tiles_bottom = tiles_top + max(tile[1], _scores_height(sheet))
    warning_height = _LINE * len(warning) + 30 if warning else 0
    footer_height = _LINE * len(footer) + 14 if footer else 0
    height = tiles_bottom + 18 + warning_height + footer_height + 14

    image = Image.new("RGB", (width, height), _PAPER)
    draw = ImageDraw.Draw(image)
    write(draw, (_MARGIN, _MARGIN - 4), sheet.title, pen=_TITLE, width=inner)
    left = _MARGIN
    _draw_tile(image, "What the model saw", sheet.photo, xy=(left, tiles_top), size=tile)
    left += tile[0] + _GUTTER
    write(draw, (left, tiles_top - 24), "Label and score", pen=_HEADING, width=_SCORES_WIDTH)
    _draw_scores(draw, sheet, xy=(left, tiles_top))
    left += _SCORES_WIDTH + _GUTTER
    for heading, column in sheet.columns:
        _draw_tile(image, heading, column, xy=(left, tiles_top), size=tile)
        left += tile[0] + _GUTTER
    if warning:
        _draw_warning(draw, warning, top=tiles_bottom + 18, width=inner)
    if footer:
        _draw_footer(draw, footer, top=tiles_bottom + 18 + warning_height, width=inner)
    return image


def probability_text(probability: float) -> str:
    """A probability as a percentage that never claims a false 0 or 100."""
    if 0 < probability < 0.0005:
        return "< 0.1 %"
    if 0.9995 <= probability < 1:
        return "> 99.9 %"
    return f"{probability:.1%}".replace("%", " %")


def _tile_size(photo: Image.Image) -> tuple[int, int]:
    factor = max(1, math.ceil(_SMALLEST_TILE / photo.width))
    return photo.width * factor, photo.height * factor


def _draw_tile(
    sheet: Image.Image, heading: str, picture: Image.Image, *, xy: tuple[int, int], size: tuple[int, int]
) -> None:
    from PIL import Image, ImageDraw, ImageOps

    left, top = xy
    write(ImageDraw.Draw(sheet), (left, top - 24), heading, pen=_HEADING, width=size[0])
    enlarged = size[0] % picture.width == 0 and (size[0] // picture.width) * picture.height == size[1]
    # Whole factors keep each pixel a square: the map is shown as it is, not smoothed.
    resampling = Image.Resampling.NEAREST if enlarged else Image.Resampling.LANCZOS
    shown = ImageOps.contain(picture.convert("RGB"), size, resampling)
    sheet.paste(shown, (left + (size[0] - shown.width) // 2, top + (size[1] - shown.height) // 2))


def _draw_scores(draw: ImageDraw.ImageDraw, sheet: Sheet, *, xy: tuple[int, int]) -> None:
    left, top = xy
    if sheet.top:
        label, probability = sheet.top[0]
        score = probability_text(probability)
        room = _SCORES_WIDTH - measure(score, pen=_LABEL) - 12
        write(draw, (left, top), label, pen=_LABEL, width=room)
        write(draw, (left + _SCORES_WIDTH, top), score, pen=_LABEL, anchor="ra")
    write(draw, (left, top + 28), _explained(sheet), pen=_EXPLAINED, width=_SCORES_WIDTH)
    for rank, (label, probability) in enumerate(sheet.top):
        y = top + _BARS_TOP + rank * _BAR_PITCH
        explained = _is_target(sheet, label, probability)
        _draw_bar(draw, label, probability, xy=(left, y), explained=explained)


def _explained(sheet: Sheet) -> str:
    if sheet.top and _is_target(sheet, *sheet.top[0]):
        return "this class is explained"
    label, probability = sheet.target
    score = probability_text(probability)
    room = _SCORES_WIDTH - measure(f"explained:  ({score})", pen=_EXPLAINED)
    return f"explained: {fit_text(label, room, pen=_EXPLAINED)} ({score})"


def _is_target(sheet: Sheet, label: str, probability: float) -> bool:
    # Two classes can share a name (ImageNet has two cranes), hence the look at the probability.
    return label == sheet.target[0] and math.isclose(probability, sheet.target[1], abs_tol=1e-3)


def _draw_bar(
    draw: ImageDraw.ImageDraw, label: str, probability: float, *, xy: tuple[int, int], explained: bool
) -> None:
    left, top = xy
    score = probability_text(probability)
    write(draw, (left, top), label, pen=_BODY, width=_SCORES_WIDTH - measure(score, pen=_SMALL) - 12)
    write(draw, (left + _SCORES_WIDTH, top + 1), score, pen=_SMALL, anchor="ra")
    draw.rectangle((left, top + 18, left + _SCORES_WIDTH - 1, top + 21), fill=_TRACK)
    filled = round(_SCORES_WIDTH * min(max(probability, 0.0), 1.0))
    if filled:
        draw.rectangle((left, top + 18, left + filled - 1, top + 21), fill=_ACCENT if explained else _BAR)


def _scores_height(sheet: Sheet) -> int:
    return _BARS_TOP + _BAR_PITCH * len(sheet.top) - 6


def _footer_lines(sheet: Sheet, width: int) -> list[tuple[str, Pen]]:
    legend = [(line, _BODY) for line in wrap(sheet.legend, width, pen=_BODY)]
    return legend + [(line, _SMALL) for text in sheet.footer for line in wrap(text, width, pen=_SMALL)]


def _draw_warning(draw: ImageDraw.ImageDraw, lines: list[str], *, top: int, width: int) -> None:
    box = (_MARGIN, top, _MARGIN + width - 1, top + _LINE * len(lines) + 15)
    draw.rounded_rectangle(box, radius=5, fill=_WARNING_PAPER)
    for number, line in enumerate(lines):
        write(draw, (_MARGIN + 12, top + 10 + _LINE * number), line, pen=_WARNING)


def _draw_footer(draw: ImageDraw.ImageDraw, lines: list[tuple[str, Pen]], *, top: int, width: int) -> None:
    draw.line((_MARGIN, top, _MARGIN + width - 1, top), fill=_RULE)
    for number, (line, pen) in enumerate(lines):
        write(draw, (_MARGIN, top + 12 + _LINE * number), line, pen=pen)
