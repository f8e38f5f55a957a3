"""Each photo's score without its object over its score without its background: a panel for each fill.

A point at the upper left needs its object and not the background; one at the lower right the reverse.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.rendering.metric_panel import Point
from igcli.rendering.plot_page import GRID, HEAD, MARGIN, NOTE, ZERO, Frame, Page, height_of
from igcli.rendering.plots import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SIDE, _GAP = 3.0, 0.55  # inches of a panel, and between panels
_LEFT, _ABOVE, _BELOW = 0.5, 0.3, 0.55
_COLUMNS = 2
_FOOTER = (
    "Points: photos. Above the line the object matters more than the background, below it the background more than the "
    "object. The cross: the mean, with its 95 % intervals."
)


@dataclass(frozen=True)
class PartsPlot:
    """The photos' scores with one fill.

    Attributes
    ----------
    without_object, without_background
        One number per photo.
    mean_without_object, mean_without_background
        Their means.
    """

    fill: str
    without_object: Sequence[float]
    without_background: Sequence[float]
    mean_without_object: Point
    mean_without_background: Point


def parts_plot(plots: Sequence[PartsPlot], *, title: str, score: str, ending: str = ".png") -> bytes:
    """Plot all fills; probabilities on axes from 0 to 1, other scores on those of the data.

    Raises
    ------
    ValueError
        If there is nothing to plot.
    """
    if not plots:
        raise ValueError("there is nothing to plot")
    columns = min(_COLUMNS, len(plots))
    rows = math.ceil(len(plots) / columns)
    height = _ABOVE + _SIDE + _BELOW
    limits = _limits(plots)

    def fill(page: Page) -> None:
        for number, plot in enumerate(plots):
            row, column = divmod(number, columns)
            left, top = MARGIN + _LEFT + column * (_SIDE + _LEFT + _GAP), row * height
            page.write((left, top), f"removed pixels: {plot.fill}", pen=HEAD, width=_SIDE)
            _panel(page.axes((left, top + _ABOVE), (_SIDE, _SIDE)), plot, limits=limits, score=score)

    width = max(2 * MARGIN + columns * (_LEFT + _SIDE + _GAP) - _GAP + 0.2, 5.2)
    body = rows * height + height_of([""], pen=NOTE)
    return Frame(title, (_FOOTER,), width, body).render(fill, ending=ending)


def _panel(axes: Axes, plot: PartsPlot, *, limits: tuple[float, float], score: str) -> None:
    axes.plot(limits, limits, color=ZERO, linewidth=0.9, zorder=0)
    opacity = min(1.0, max(0.15, 40 / len(plot.without_object)))
    axes.plot(plot.without_object, plot.without_background, "o", color=MUTED, alpha=opacity, markersize=4,
              markeredgewidth=0)  # fmt: skip
    left, kept = plot.mean_without_object, plot.mean_without_background
    if left.interval and kept.interval:
        axes.plot((left.low, left.high), (kept.mean, kept.mean), color=INK, linewidth=2)
        axes.plot((left.mean, left.mean), (kept.low, kept.high), color=INK, linewidth=2)
    axes.set_xlim(*limits)
    axes.set_ylim(*limits)
    axes.set_xlabel(f"{score} without the object", fontsize=NOTE.size)
    axes.set_ylabel(f"{score} without the background", fontsize=NOTE.size)
    axes.tick_params(labelsize=NOTE.size, length=3)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def _limits(plots: Sequence[PartsPlot]) -> tuple[float, float]:
    values = [value for plot in plots for value in (*plot.without_object, *plot.without_background)]
    low, high = min(values), max(values)
    if low >= 0 and high <= 1:
        low, high = 0.0, 1.0
    room = 0.03 * (high - low) or 0.5
    return low - room, high + room
