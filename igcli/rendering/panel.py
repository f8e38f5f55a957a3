"""One photo on one sheet: the photo, label and scores, and any number of overlays side by side.

The layout follows arXiv 1611.02639, Fig. 4 (original | label and score | integrated gradients | gradient at the
image), with the top five as bars and a footer that says what the colours mean. What the overlays show is decided by
``overlay.py`` and ``styles.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.numbers import amount_text
from igcli.rendering.text import Pen, fit_text, text_width
from igcli.rendering.tiles import BODY, HEADING, MARGIN, SMALL, TileSheet, tile_size

if TYPE_CHECKING:
    from PIL import Image

_TRACK = (232, 233, 235)
_BAR = (128, 140, 158)
_ACCENT = (32, 122, 82)

_LABEL = Pen(17, bold=True)
_EXPLAINED = Pen(13, _ACCENT)

_GUTTER = 20
_SCORES_WIDTH = 236
_BARS_TOP = 60
_BAR_PITCH = 29
_TILES_TOP = MARGIN + 60


@dataclass(frozen=True)
class Panel:
    """What stands on a panel.

    Attributes
    ----------
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
    regression
        The numbers of ``top`` and ``target`` are values in a unit of their own, and not probabilities.
    """

    title: str
    photo: Image.Image
    top: tuple[tuple[str, float], ...]
    target: tuple[str, float]
    columns: tuple[tuple[str, Image.Image], ...]
    legend: str = ""
    footer: tuple[str, ...] = ()
    warning: str = ""
    regression: bool = False


def draw_panel(panel: Panel) -> Image.Image:
    """Draw the panel, as an RGB image whose size follows from what it shows.

    Photos narrower than 224 pixels are enlarged by a whole factor, each pixel a square.
    """
    tile = tile_size(panel.photo)
    sheet = TileSheet(
        width=2 * MARGIN + _SCORES_WIDTH + (len(panel.columns) + 1) * (tile[0] + _GUTTER),
        bottom=_TILES_TOP + max(tile[1], _BARS_TOP + _BAR_PITCH * len(panel.top) - 6) + 18,
        title=panel.title,
        warning=panel.warning,
        footer=((panel.legend, BODY), *((text, SMALL) for text in panel.footer)),
    )
    scores = MARGIN + tile[0] + _GUTTER
    overlays = scores + _SCORES_WIDTH + _GUTTER
    sheet.write((scores, _TILES_TOP - 24), "Label and score", pen=HEADING, width=_SCORES_WIDTH)
    _draw_scores(sheet, panel, left=scores)
    lefts = [MARGIN, *(overlays + number * (tile[0] + _GUTTER) for number in range(len(panel.columns)))]
    for left, (heading, picture) in zip(lefts, (("What the model saw", panel.photo), *panel.columns), strict=True):
        sheet.write((left, _TILES_TOP - 24), heading, pen=HEADING, width=tile[0])
        sheet.tile(picture, (left, _TILES_TOP), tile)
    return sheet.image


def _draw_scores(sheet: TileSheet, panel: Panel, *, left: int) -> None:
    right, top = left + _SCORES_WIDTH, _TILES_TOP
    if panel.top:
        label, probability = panel.top[0]
        score = amount_text(probability, regression=panel.regression)
        room = _SCORES_WIDTH - text_width(score, pen=_LABEL) - 12
        sheet.write((left, top), label, pen=_LABEL, width=room)
        sheet.write((right, top), score, pen=_LABEL, anchor="ra")
    sheet.write((left, top + 28), _explained(panel), pen=_EXPLAINED, width=_SCORES_WIDTH)
    for rank, (label, probability) in enumerate(panel.top):
        y = top + _BARS_TOP + rank * _BAR_PITCH
        score = amount_text(probability, regression=panel.regression)
        sheet.write((left, y), label, pen=BODY, width=_SCORES_WIDTH - text_width(score, pen=SMALL) - 12)
        sheet.write((right, y + 1), score, pen=SMALL, anchor="ra")
        if panel.regression:  # values have no common scale
            continue
        sheet.draw.rectangle((left, y + 18, right - 1, y + 21), fill=_TRACK)
        filled = round(_SCORES_WIDTH * min(max(probability, 0.0), 1.0))
        colour = _ACCENT if _is_target(panel, label, probability) else _BAR
        if filled:
            sheet.draw.rectangle((left, y + 18, left + filled - 1, y + 21), fill=colour)


def _explained(panel: Panel) -> str:
    if panel.top and _is_target(panel, *panel.top[0]):
        return "this value is explained" if panel.regression else "this class is explained"
    label, probability = panel.target
    score = amount_text(probability, regression=panel.regression)
    room = _SCORES_WIDTH - text_width(f"explained:  ({score})", pen=_EXPLAINED)
    return f"explained: {fit_text(label, room, pen=_EXPLAINED)} ({score})"


def _is_target(panel: Panel, label: str, probability: float) -> bool:
    # Two classes can share a name (ImageNet has two cranes), so the probability must fit as well.
    return label == panel.target[0] and math.isclose(probability, panel.target[1], abs_tol=1e-3)
