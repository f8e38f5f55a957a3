"""One metric's panel: a mark and an interval in each method's row. ``evaluation_plot.py`` arranges the panels."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from igcli.rendering.plot_page import GRID, NOTE, ZERO
from igcli.rendering.plots import INK, MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from igcli.rendering.method_styles import MethodStyle

#: How many times larger than the smallest value the largest is, from which on an axis is logarithmic.
_FAR_APART = 50


@dataclass(frozen=True)
class Point:
    """A mean over photos.

    Attributes
    ----------
    mean
        NaN where there is no number.
    low, high
        The ends of its 95 % interval; NaN where there is none, as for a single photo.
    count
        Photos with a number.
    """

    mean: float
    low: float = math.nan
    high: float = math.nan
    count: int = 0

    @property
    def drawn(self) -> bool:
        """Whether there is a mean that an axis can show."""
        return math.isfinite(self.mean)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Its ends, where both can be shown."""
        return (self.low, self.high) if self.drawn and math.isfinite(self.low) and math.isfinite(self.high) else None


@dataclass(frozen=True)
class MetricPlot:
    """A metric's numbers.

    Attributes
    ----------
    better
        Which values a better map has.
    points
        By method; a method that only other metrics have is shown as one without a number.
    best
        The method to mark, where one is surely the best.
    label
        What the axis counts, in a few words.
    """

    name: str
    better: Literal["higher", "lower"]
    points: Mapping[str, Point]
    best: str | None = None
    label: str = ""

    @property
    def values(self) -> list[float]:
        """All numbers that are drawn."""
        drawn = [point for point in self.points.values() if point.drawn]
        return [point.mean for point in drawn] + [end for point in drawn for end in point.interval or ()]

    @property
    def logarithmic(self) -> bool:
        """Whether positive values are so far apart that a linear axis would show the largest alone."""
        values = self.values
        return bool(values) and min(values) > 0 and max(values) > _FAR_APART * min(values)

    @property
    def photos(self) -> str:
        """How many photos the means are of, in words."""
        counts = [point.count for point in self.points.values() if point.drawn]
        if not counts:
            return "no photo with a number"
        fewest, most = min(counts), max(counts)
        return ("" if fewest == most else f"{fewest} to ") + f"{most} photo{'s' if most != 1 else ''}"


@dataclass(frozen=True)
class PanelRows:
    """The rows that all panels share.

    Attributes
    ----------
    middles
        Where each method's row is, in rows from the top.
    count
        Rows from top to bottom.
    """

    styles: Mapping[str, MethodStyle]
    middles: Mapping[str, float]
    count: float


def metric_panel(axes: Axes, metric: MetricPlot, *, rows: PanelRows, width: float) -> None:
    """Draw a metric into a panel of ``width`` inches."""
    for name, row in rows.middles.items():
        style, point = rows.styles[name], metric.points.get(name, Point(math.nan))
        axes.axhline(row, color=GRID, linewidth=0.7, zorder=0)
        if not point.drawn:
            _no_number(axes, row)
            continue
        if point.interval is not None:
            axes.plot(point.interval, (row, row), color=style.colour, linewidth=2.0, solid_capstyle="butt")
        axes.plot([point.mean], [row], markersize=6, **style.line)
        if name == metric.best:
            axes.axhspan(row - 0.5, row + 0.5, color=style.colour, alpha=0.12, linewidth=0, zorder=0)
            axes.annotate("best", (1, row), xycoords=axes.get_yaxis_transform(), xytext=(3, 0), color=INK,
                          textcoords="offset points", va="center_baseline", fontsize=NOTE.size,
                          fontweight="bold")  # fmt: skip
    axes.set_ylim(rows.count, 0)
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)
    _scale(axes, metric, width=width)


def _no_number(axes: Axes, row: float) -> None:
    axes.text(0.02, row, "no number", transform=axes.get_yaxis_transform(), va="center_baseline", color=MUTED,
              fontsize=NOTE.size, fontstyle="italic",
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5})  # fmt: skip


def _scale(axes: Axes, metric: MetricPlot, *, width: float) -> None:
    """Few ticks with plain numbers, and none where there is no value."""
    from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullLocator

    axes.margins(x=0.08)
    if not metric.values:
        axes.xaxis.set_major_locator(NullLocator())
        return
    if metric.logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(FixedLocator(_logarithmic_ticks(*axes.get_xlim())))
        axes.xaxis.set_minor_locator(NullLocator())
    else:
        axes.xaxis.set_major_locator(MaxNLocator(min(5, int(width / 0.42)), steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.grid(visible=True, axis="x", color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.tick_params(axis="x", labelsize=NOTE.size, length=3)
    low, high = axes.get_xlim()
    if low < 0 < high:
        axes.axvline(0, color=ZERO, linewidth=0.9, zorder=0.5)


def _logarithmic_ticks(low: float, high: float) -> list[float]:
    """Ones and threes of the decades if those are few, or powers of ten: at least two, as far apart as values are."""
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    ticks = [tick for power in decades for tick in (10.0**power, 3 * 10.0**power) if low <= tick <= high]
    powers = [10.0**power for power in decades if low <= 10.0**power <= high]
    return ticks if len(ticks) <= 4 else powers[:: math.ceil(len(powers) / 4)]
