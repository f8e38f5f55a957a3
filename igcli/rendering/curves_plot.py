"""The curves behind metrics: a panel for each kind, a line and a band for each method.

The numbers are in ``evaluation_plot.py``; a method looks the same there.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igcli.lazy import np
from igcli.rendering.method_styles import MethodStyle, method_styles
from igcli.rendering.plot_page import GRID, HEAD, MARGIN, NAME, NOTE, WIDEST, ZERO, Frame, Page, width_of
from igcli.rendering.plots import MUTED

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_MOST = 3  # panels next to each other
_LEFT, _GAP = 0.42, 0.3  # inches for the tick labels of a panel, and between panels
_ABOVE, _BELOW = 0.46, 0.62  # for the head of a panel, and for what is below
_WIDTHS = (2.7, 5.6)
_SAMPLE, _LINE = 0.46, 0.22  # of the key: the piece of line, and from line to line
_LONGEST = 1.9  # of the key: inches of a name
_MARKS = 4  # on a line


@dataclass(frozen=True)
class Line:
    """The mean of one method's curves over photos, and its band; all (N,).

    Attributes
    ----------
    fractions
        Of the pixels, ascending, in [0, 1].
    mean
        NaN where there is none.
    low, high
        The ends of the 95 % interval at each fraction; NaN where there is none, as for a single photo.
    """

    fractions: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class CurvePlot:
    """One kind of curve.

    Attributes
    ----------
    x_label, y_label
        What is counted; fractions are shown as per cent.
    lines
        By method; a line without a number keeps the method's place in the key.
    """

    title: str
    x_label: str
    y_label: str
    lines: Mapping[str, Line]


def curves_plot(
    curves: Sequence[CurvePlot],
    *,
    title: str,
    footer: Sequence[str] = (),
    controls: Collection[str] = (),
    ending: str = ".png",
) -> bytes:
    """Plot several kinds of curves side by side, with one legend.

    Parameters
    ----------
    footer
        The conditions, one sentence for each.
    controls
        Names of methods that ignore the network; drawn grey and dashed.

    Raises
    ------
    ValueError
        If there is no kind of curve, or no method.
    """
    styles = method_styles([curve.lines for curve in curves], controls)
    if not styles:
        raise ValueError("there is nothing to plot")
    columns = len(curves) if len(curves) <= _MOST else 2 if len(curves) == 4 else _MOST
    width = min(max((WIDEST - 2 * MARGIN) / columns - _LEFT - _GAP, _WIDTHS[0]), _WIDTHS[1])
    size = (width, max(1.9, 0.62 * width))
    step = (_LEFT + size[0] + _GAP, _ABOVE + size[1] + _BELOW)
    page_width = 2 * MARGIN + columns * step[0]
    key = _Key.of(styles, page_width - 2 * MARGIN)
    rows = math.ceil(len(curves) / columns)

    def fill(page: Page) -> None:
        for number, curve in enumerate(curves):
            row, column = divmod(number, columns)
            _panel(page, curve, styles=styles, corner=(MARGIN + column * step[0], row * step[1]), size=size)
        key.draw(page, top=rows * step[1])

    frame = Frame(title, (_words(curves), *footer), page_width, rows * step[1] + key.height)
    return frame.render(fill, ending=ending)


@dataclass(frozen=True)
class _Key:
    """The names with a piece of their lines, in columns."""

    styles: Mapping[str, MethodStyle]
    columns: int
    step: float

    @classmethod
    def of(cls, styles: Mapping[str, MethodStyle], width: float) -> _Key:
        name = min(max(width_of(name, pen=NAME) for name in styles), _LONGEST)
        step = _SAMPLE + name + 0.3
        return cls(styles, min(max(1, int((width + 0.3) / step)), len(styles)), step)

    @property
    def height(self) -> float:
        return _LINE * math.ceil(len(self.styles) / self.columns) + 0.1

    def draw(self, page: Page, *, top: float) -> None:
        from matplotlib.lines import Line2D

        for place, (name, style) in enumerate(self.styles.items()):
            row, column = divmod(place, self.columns)
            left, middle = MARGIN + column * self.step, top + (row + 0.5) * _LINE
            xs, ys = zip(*(page.share((left + part * (_SAMPLE - 0.1), middle)) for part in (0, 0.5, 1)), strict=True)
            page.figure.add_artist(Line2D(xs, ys, markevery=[1], **_settings(style)))
            page.write((left + _SAMPLE, middle), name, pen=NAME, width=self.step - _SAMPLE - 0.2, middle=True)


def _panel(
    page: Page,
    curve: CurvePlot,
    *,
    styles: Mapping[str, MethodStyle],
    corner: tuple[float, float],
    size: tuple[float, float],
) -> None:
    left, top = corner[0] + _LEFT, corner[1] + _ABOVE
    axes = page.axes((left, top), size)
    page.write((corner[0], corner[1]), curve.title, pen=HEAD, width=_LEFT + size[0])
    page.write((corner[0], corner[1] + 0.19), curve.y_label, pen=NOTE, width=_LEFT + size[0])
    page.write((left, top + size[1] + 0.26), curve.x_label, pen=NOTE, width=size[0])
    shown = [(name, curve.lines[name]) for name in styles if name in curve.lines and _any(curve.lines[name].mean)]
    for place, (name, line) in enumerate(shown):
        _draw(axes, line, styles[name], place=place / len(shown), faint=min(0.25, 1.5 / len(shown)))
    if not shown:
        axes.text(0.5, 0.5, "no curve", transform=axes.transAxes, ha="center", va="center", color=MUTED,
                  fontsize=NAME.size, fontstyle="italic")  # fmt: skip
    _scales(axes, empty=not shown)


def _draw(axes: Axes, line: Line, style: MethodStyle, *, place: float, faint: float) -> None:
    # Controls lie under the methods; the marks of the lines are apart, so that they do not hide each other.
    order = 2.0 if style.control else 3.0
    if _any(line.low) and _any(line.high):
        axes.fill_between(line.fractions, line.low, line.high, color=style.colour, alpha=faint, linewidth=0,
                          zorder=order - 1)  # fmt: skip
    marked = (np.arange(_MARKS) + 0.1 + 0.8 * place) / _MARKS * (len(line.fractions) - 1)
    axes.plot(line.fractions, line.mean, markevery=sorted({round(at) for at in marked.tolist()}), zorder=order,
              **_settings(style))  # fmt: skip


def _settings(style: MethodStyle) -> dict[str, Any]:
    return {"linewidth": 1.5, "markersize": 4.5, "markeredgewidth": 1.0, **style.line}


def _scales(axes: Axes, *, empty: bool) -> None:
    from matplotlib.ticker import FuncFormatter, MaxNLocator, NullLocator

    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(NullLocator() if empty else MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %".replace("-", "−")))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}".replace("-", "−")))
    axes.margins(x=0.0)
    axes.tick_params(labelsize=NOTE.size, length=3)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    low, high = axes.get_ylim()
    if not empty and low < 0 < high:
        axes.axhline(0, color=ZERO, linewidth=0.9, zorder=0.5)


def _any(values: np.ndarray) -> bool:
    return bool(np.isfinite(values).any())


def _words(curves: Sequence[CurvePlot]) -> str:
    lines = [line for curve in curves for line in curve.lines.values() if _any(line.mean)]
    if not lines:
        return ""
    bands = any(_any(line.low) and _any(line.high) for line in lines)
    return "Lines: means over the photos" + ("; bands: 95 % intervals, point by point." if bands else "; no intervals.")
