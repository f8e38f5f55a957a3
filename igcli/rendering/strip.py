"""The strip under a frame of an animation: α, the score as number and bar, and both curves with a moving mark.

Made for 224 pixels of width; wider strips give the room to the curves. Few colours, all listed in :func:`colours_used`,
so that a GIF's palette can hold them exactly. ``film.py`` draws the picture above.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from igcli.attribution.scores import PROBABILITIES
from igcli.lazy import np
from igcli.rendering.numbers import digits_for, score_text
from igcli.rendering.text import Pen, text_width, write

if TYPE_CHECKING:
    from PIL import Image
    from PIL.ImageDraw import ImageDraw as ImageDrawing

    from igcli.attribution.views.trace import Trace

Colour = tuple[int, int, int]

PAPER: Colour = (20, 22, 26)
INK: Colour = (242, 243, 245)
MUTED: Colour = (166, 171, 180)
TRACK: Colour = (58, 62, 70)
SCORE: Colour = (92, 214, 150)
IMPORTANCE: Colour = (250, 176, 72)

_LEFT = 74  # width of the column with the numbers, in units of 1/224 of the picture above
_SMOOTH = 4  # curves are drawn this many times larger, then averaged down


@dataclass(frozen=True)
class Caption:
    """The words on a strip: the class explained, the score (a name in ``SCORES``), and how frames are normalised."""

    label: str
    score_kind: str
    normalisation: str


class Strip:
    """Draws the strips of one animation.

    Parameters
    ----------
    trace
        Both curves; their values at a frame are read off at its α.
    side
        Width of the picture above, in pixels: text grows with it, up to twice.
    alphas
        Of all frames: α is written with as many digits as distinguish them.
    """

    def __init__(self, trace: Trace, caption: Caption, *, width: int, side: int, alphas: np.ndarray) -> None:
        self._trace, self._caption, self._width = trace, caption, width
        self._unit = min(max(side / 224, 1.0), 2.0)
        self._digits = digits_for(alphas)
        self._range = score_range(trace.scores, caption.score_kind)
        self.height = self._px(94)
        left = self._px(_LEFT) + self._px(24)
        self._box = (left, self._px(10), width - self._px(9), self._px(52))
        self._ground = self._draw_ground()

    def draw(self, alpha: float, *, note: str = "") -> Image.Image:
        """The strip at one α, RGB; ``note`` takes the place of the words on normalisation."""
        from PIL import ImageDraw

        image = self._ground.copy()
        draw = ImageDraw.Draw(image)
        score = self._trace.score_at(alpha)
        self._mark(image, alpha, score)
        px, left = self._px, self._px(8)
        write(draw, (left, px(6)), f"α {alpha:.{self._digits}f}", pen=Pen(px(16), INK, bold=True))
        write(draw, (left, px(37)), score_text(score, self._caption.score_kind), pen=Pen(px(13), SCORE, bold=True))
        self._bar(draw, score)
        words = Pen(px(10), MUTED)
        write(draw, (left, px(78)), note or self._caption.normalisation, pen=words, width=self._width - 2 * left)
        return image

    def _px(self, units: float) -> int:
        return round(units * self._unit)

    def _draw_ground(self) -> Image.Image:
        """What all frames share."""
        from PIL import Image, ImageDraw

        image = Image.new("RGB", (self._width, self.height), PAPER)
        draw = ImageDraw.Draw(image)
        px, caption = self._px, self._caption
        write(draw, (px(8), px(25)), caption.label, pen=Pen(px(10), MUTED), width=px(_LEFT))
        plot = Image.new("RGB", self._plot_size(), PAPER)
        canvas = ImageDraw.Draw(plot)
        bottom = plot.height - _SMOOTH * self._margin() // 2
        canvas.rectangle((0, bottom, plot.width, bottom + _SMOOTH - 1), fill=TRACK)
        low, high = self._range
        if self._trace.mean_importance is not None:
            dashed(canvas, self._points(self._trace.mean_importance, 0.0, _top(self._trace.mean_importance)),
                   colour=IMPORTANCE, width=px(1.6 * _SMOOTH), dash=px(4 * _SMOOTH))  # fmt: skip
        canvas.line(self._points(self._trace.scores, low, high), fill=SCORE, width=px(1.9 * _SMOOTH), joint="curve")
        margin = self._margin()
        image.paste(plot.reduce(_SMOOTH), (self._box[0] - margin, self._box[1] - margin))
        self._legend(draw)
        return image

    def _legend(self, draw: ImageDrawing) -> None:
        px = self._px
        left, y = self._box[0] - px(4), self._box[3] + px(9)
        pen = Pen(px(10), MUTED)
        middle = y + px(6)
        draw.rectangle((left, middle, left + px(10), middle + px(1)), fill=SCORE)
        write(draw, (left + px(13), y), "score", pen=pen)
        if self._trace.mean_importance is None:
            return
        left += px(13) + round(text_width("score", pen=pen)) + px(6)
        for start in (0, px(7)):
            draw.rectangle((left + start, middle, left + start + px(4), middle + px(1)), fill=IMPORTANCE)
        room = self._width - left - px(15)
        wide = text_width("mean importance", pen=pen) <= room
        write(draw, (left + px(14), y), "mean importance" if wide else "importance", pen=pen, width=room)

    def _mark(self, image: Image.Image, alpha: float, score: float) -> None:
        """A line at α and a dot on each curve."""
        from PIL import Image, ImageDraw

        margin = self._margin()
        corner = (self._box[0] - margin, self._box[1] - margin)
        size = self._plot_size()
        area = (*corner, corner[0] + size[0] // _SMOOTH, corner[1] + size[1] // _SMOOTH)
        plot = image.crop(area).resize(size, Image.Resampling.NEAREST)
        canvas = ImageDraw.Draw(plot)
        x, y = self._place(alpha, score, *self._range)
        half = _SMOOTH // 2
        canvas.rectangle((x - half, 0, x + half - 1, size[1]), fill=MUTED)
        radius = self._px(3 * _SMOOTH)
        if self._trace.mean_importance is not None:
            importance = self._trace.importance_at(alpha)
            _, height = self._place(alpha, importance, 0.0, _top(self._trace.mean_importance))
            canvas.ellipse((x - radius, height - radius, x + radius, height + radius), fill=IMPORTANCE, outline=PAPER,
                           width=_SMOOTH // 2)  # fmt: skip
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=SCORE, outline=PAPER, width=_SMOOTH // 2)
        image.paste(plot.reduce(_SMOOTH), corner)

    def _bar(self, draw: ImageDrawing, score: float) -> None:
        low, high = self._range
        px = self._px
        left, top = px(8), px(57)
        draw.rectangle((left, top, left + px(_LEFT) - 1, top + px(5) - 1), fill=TRACK)
        filled = round(px(_LEFT) * (score - low) / (high - low))
        if filled > 0:
            draw.rectangle((left, top, left + filled - 1, top + px(5) - 1), fill=SCORE)

    def _margin(self) -> int:
        return self._px(4)  # room for the dots at the ends

    def _plot_size(self) -> tuple[int, int]:
        left, top, right, bottom = self._box
        return (right - left + 2 * self._margin()) * _SMOOTH, (bottom - top + 2 * self._margin()) * _SMOOTH

    def _place(self, alpha: float, value: float, low: float, high: float) -> tuple[float, float]:
        width, height = self._plot_size()
        margin = self._margin() * _SMOOTH
        share = (value - low) / (high - low)
        return margin + alpha * (width - 2 * margin), height - margin - share * (height - 2 * margin)

    def _points(self, values: np.ndarray, low: float, high: float) -> list[tuple[float, float]]:
        pairs = zip(self._trace.alphas.tolist(), values.tolist(), strict=True)
        points = [self._place(alpha, value, low, high) for alpha, value in pairs]
        return points if len(points) > 1 else points * 2


def score_range(scores: np.ndarray, kind: str) -> tuple[float, float]:
    """Where a bar or an axis begins and ends: 0 is always on it, and for probabilities it ends at 1."""
    if kind in PROBABILITIES:
        return 0.0, 1.0
    low, high = min(0.0, float(scores.min())), max(0.0, float(scores.max()))
    return (low, high) if high > low else (low, low + 1.0)


@lru_cache(maxsize=1)
def colours_used() -> np.ndarray:
    """(N, 3) uint8: every flat colour of a strip, and the steps of its smooth edges. N is at most 48."""
    steps = {(PAPER, INK): 10, (PAPER, MUTED): 8, (PAPER, SCORE): 8, (PAPER, IMPORTANCE): 8, (PAPER, TRACK): 2,
             (MUTED, SCORE): 3, (MUTED, IMPORTANCE): 3}  # fmt: skip
    blends = [np.linspace(first, last, count + 1).round() for (first, last), count in steps.items()]
    return np.unique(np.concatenate(blends).astype(np.uint8), axis=0)


def dashed(canvas: ImageDrawing, points: list[tuple[float, float]], *, colour: Colour, width: int, dash: float) -> None:
    """A dashed line through ``points``; dashes and gaps are ``dash`` pixels long, whatever the points' spacing."""
    corners = np.asarray(points)
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(corners, axis=0).T))])
    for start in np.arange(0.0, along[-1], 2 * dash):
        stop = min(start + dash, along[-1])
        inner = along[(along > start) & (along < stop)]
        places = np.concatenate([[start], inner, [stop]])
        piece = np.stack([np.interp(places, along, corners[:, axis]) for axis in (0, 1)], axis=1)
        canvas.line([tuple(place) for place in piece.tolist()], fill=colour, width=width, joint="curve")


def _top(values: np.ndarray) -> float:
    return float(values.max()) or 1.0
