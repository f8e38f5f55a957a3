"""The values of metrics: a panel for each metric, with the same methods in the same rows.

A panel itself is drawn by ``metric_panel.py``; the curves behind the numbers are in ``curves_plot.py``.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from igcli.rendering.method_styles import MethodStyle, method_styles
from igcli.rendering.metric_panel import MetricPlot, PanelRows, metric_panel
from igcli.rendering.plot_page import HEAD, MARGIN, NAME, NOTE, WIDEST, Frame, Page, height_of, width_of, wrapped
from igcli.rendering.text import Pen

_MOST = 5  # panels next to each other
_NAMES = (0.7, 1.9)  # inches for the names, at least and at most
_PANEL = (1.3, 4.8)
_GAP = 0.36  # between panels; holds the word "best"
_ROW, _PAUSE = 0.235, 0.55  # inches of a row; rows left free between methods and controls
_ABOVE, _BELOW = 0.46, 0.26  # inches for the head and for the tick labels of a panel
_ARROWS = {"higher": "↑", "lower": "↓"}


def metrics_plot(
    metrics: Sequence[MetricPlot],
    *,
    title: str,
    footer: Sequence[str] = (),
    controls: Collection[str] = (),
    ending: str = ".png",
) -> bytes:
    """Plot metrics side by side.

    An axis is logarithmic, and says so, where positive values differ by more than 50 times.

    Parameters
    ----------
    footer
        The conditions, one sentence for each.
    controls
        Names of methods that ignore the network; drawn in grey, below a line.

    Raises
    ------
    ValueError
        If there is no metric, or no method.
    """
    styles = method_styles([metric.points for metric in metrics], controls)
    if not styles:
        raise ValueError("there is nothing to plot")
    layout = _PanelLayout.of(styles, panels=len(metrics))
    bands = [metrics[start : start + layout.columns] for start in range(0, len(metrics), layout.columns)]
    heights = [layout.band(band) for band in bands]

    def fill(page: Page) -> None:
        for number, band in enumerate(bands):
            _band(page, band, layout=layout, top=sum(heights[:number]))

    frame = Frame(title, (_key(metrics), *footer), layout.width, sum(heights))
    return frame.render(fill, ending=ending)


@dataclass(frozen=True)
class _PanelLayout:
    """Where rows and columns are; ``names`` and ``panel`` are inches across."""

    rows: PanelRows
    columns: int
    names: float
    panel: float

    @classmethod
    def of(cls, styles: Mapping[str, MethodStyle], *, panels: int) -> _PanelLayout:
        columns = math.ceil(panels / math.ceil(panels / _MOST))
        names = _within(max(width_of(name, pen=NAME) for name in styles), _NAMES) + 0.15
        panel = _within((WIDEST - 2 * MARGIN - names) / columns - _GAP, _PANEL)
        return cls(_rows(styles), columns, names, panel)

    @property
    def width(self) -> float:
        return 2 * MARGIN + self.names + self.columns * (self.panel + _GAP)

    @property
    def height(self) -> float:
        return self.rows.count * _ROW

    def left(self, column: int) -> float:
        return MARGIN + self.names + column * (self.panel + _GAP)

    def band(self, metrics: Sequence[MetricPlot]) -> float:
        """The height of panels next to each other, with what is above and below."""
        return _ABOVE + self.height + _BELOW + max(height_of(self.under(m), pen=NOTE) for m in metrics) + 0.2

    def under(self, metric: MetricPlot) -> list[str]:
        """The lines below a panel's ticks."""
        label = ", ".join(part for part in (metric.label, "logarithmic" if metric.logarithmic else "") if part)
        return [*wrapped([label], self.panel + _GAP / 2, pen=NOTE, lines=3), metric.photos]


def _rows(styles: Mapping[str, MethodStyle]) -> PanelRows:
    methods = sum(not style.control for style in styles.values())
    pause = _PAUSE if 0 < methods < len(styles) else 0.0
    middles = {name: place + 0.5 + pause * style.control for place, (name, style) in enumerate(styles.items())}
    return PanelRows(styles, middles, len(styles) + pause)


def _band(page: Page, band: Sequence[MetricPlot], *, layout: _PanelLayout, top: float) -> None:
    """Panels next to each other, with the names at the left."""
    panels = top + _ABOVE
    _names(page, layout, top=panels, right=layout.left(len(band) - 1) + layout.panel)
    for column, metric in enumerate(band):
        left = layout.left(column)
        page.write((left, top), metric.name, pen=HEAD, width=layout.panel + _GAP / 2)
        page.write((left, top + 0.19), f"{metric.better} is better {_ARROWS[metric.better]}", pen=NOTE)
        axes = page.axes((left, panels), (layout.panel, layout.height))
        metric_panel(axes, metric, rows=layout.rows, width=layout.panel)
        page.write_lines((left, panels + layout.height + _BELOW), layout.under(metric), pen=NOTE)


def _names(page: Page, layout: _PanelLayout, *, top: float, right: float) -> None:
    """Write the methods' names, and draw the line between them and the controls."""
    rows = layout.rows
    for name, row in rows.middles.items():
        pen = Pen(NAME.size, NOTE.colour) if rows.styles[name].control else NAME
        page.write((MARGIN, top + row * _ROW), name, pen=pen, width=layout.names - 0.1, middle=True)
    methods = sum(not style.control for style in rows.styles.values())
    if rows.count > len(rows.styles):
        page.line((MARGIN, top + (methods + _PAUSE / 2) * _ROW), right - MARGIN)


def _key(metrics: Sequence[MetricPlot]) -> str:
    if not any(metric.values for metric in metrics):
        return ""
    intervals = any(point.interval for metric in metrics for point in metric.points.values())
    return "Marks: means over the photos" + ("; lines: their 95 % intervals." if intervals else "; no intervals.")


def _within(value: float, limits: tuple[float, float]) -> float:
    return min(max(value, limits[0]), limits[1])
