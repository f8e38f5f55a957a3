"""How a score saturates along the path, for one photo or hundreds (arXiv 1611.02639, Fig. 2 and the trend of Fig. 3).

Up to four panels: the probability and the raw output of the class over α, the mean importance, and where each score has
made 90 % of its rise (α*). Panels without data are omitted.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from igcli.attribution.views.saturation import Saturation, saturation_statistics
from igcli.attribution.views.trace import Trace
from igcli.lazy import np
from igcli.rendering.plots import INK, MUTED, PlotContext, alpha_axis, heading, key, plot_curves, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BINS = 20


def saturation_plot(traces: Sequence[Trace], subject: PlotContext, *, ending: str = ".png") -> bytes:
    """Plot the curves of one or more pictures.

    Parameters
    ----------
    traces
        One per picture. Softmax, logit and mean importance are shown where every trace has them.

    Raises
    ------
    ValueError
        If there is no trace.
    """
    if not traces:
        raise ValueError("there is nothing to plot")
    saturated = saturation_statistics(traces)
    panels = _panels(traces, subject, saturated)
    columns = 2 if len(panels) == 4 else len(panels)
    rows = math.ceil(len(panels) / columns)

    def draw(figure: Figure) -> None:
        count = len(traces)
        path = f"{subject.path} (α = 0) to the {subject.unit} (α = 1)"
        heading(figure, "Saturation", subject, f"{path}; score explained: {subject.score_kind}", count=count)
        for place, panel in enumerate(panels, 1):
            panel(figure.add_subplot(rows, columns, place))
        key(figure, count=count, unit=subject.unit)

    return render(draw, size=((4.4 if columns > 2 else 5.2) * columns, 3.3 * rows + 1.0), ending=ending)


def _panels(traces: Sequence[Trace], subject: PlotContext, saturated: Saturation) -> list[Callable[[Axes], None]]:
    stars = saturated.alpha_stars
    only = stars[0] if len(stars) == 1 else None

    def curves_of(values: Sequence[np.ndarray | None]) -> list[tuple[np.ndarray, np.ndarray]]:
        return [(t.alphas, v) for t, v in zip(traces, values, strict=True) if v is not None]

    def curve_panel(values: Sequence[np.ndarray | None], title: str, unit: str, *, kind: str) -> None:
        curves = curves_of(values)
        if len(curves) < len(traces):
            return

        def draw(axes: Axes) -> None:
            plot_curves(axes, curves)
            alpha_axis(axes)
            axes.set_title(title)
            axes.set_ylabel(unit)
            if kind in ("softmax", "sigmoid"):
                axes.set_ylim(-0.02, 1.02)
            if kind == subject.score_kind and only is not None:
                _mark(axes, only, score=float(np.interp(only, *curves[0])))

        panels.append(draw)

    panels: list[Callable[[Axes], None]] = []
    alone = subject.score_kind == "sigmoid"  # the traces' probability is that of each class by itself
    probability, raw = ("Probability", "Logit") if alone else ("Softmax score", "Pre-softmax score")
    own = "sigmoid" if alone else "softmax"
    curve_panel([t.softmax for t in traces], f"{probability} of the class", "probability", kind=own)
    curve_panel([t.logit for t in traces], f"{raw} of the class", "logit", kind="logit")
    kinds = {own: traces[0].softmax, "logit": traces[0].logit}
    if kinds.get(subject.score_kind) is None:
        name = subject.score_kind
        title = "Estimated value" if name == "value" else "Score of the class"
        curve_panel([t.scores for t in traces], title, name, kind=name)
    importances = curves_of([t.mean_importance for t in traces])
    if len(importances) == len(traces):
        panels.append(lambda axes: _importance(axes, importances, subject))
    if len(traces) > 1:
        panels.append(lambda axes: _distribution(axes, saturated, subject))
    return panels


def _importance(axes: Axes, curves: list[tuple[np.ndarray, np.ndarray]], subject: PlotContext) -> None:
    values = np.concatenate([values for _, values in curves])
    positive = values[values > 0]
    # A logarithmic axis shows the fall of the gradient over decades; zeros, as of a black picture, sit on its floor.
    floor = float(positive.min()) if len(positive) else 1.0
    plot_curves(axes, [(alphas, np.maximum(values, floor)) for alphas, values in curves] if len(positive) else curves)
    if len(positive):
        axes.set_yscale("log")
    alpha_axis(axes)
    axes.set_title(f"Mean importance of a {subject.place}")
    axes.set_ylabel(f"{subject.score_kind} per unit of {subject.value}")


def _distribution(axes: Axes, saturated: Saturation, subject: PlotContext) -> None:
    from matplotlib.ticker import MaxNLocator

    moved = [star for star in saturated.alpha_stars if star is not None]
    still = len(saturated.alpha_stars) - len(moved)
    axes.hist(
        moved, bins=np.linspace(0, 1, _BINS + 1).tolist(), color="#c3cbd9", edgecolor=INK, linewidth=0.7, zorder=2
    )
    alpha_axis(axes)
    axes.set_title(f"α*: where {saturated.phi:.0%} of the rise is made".replace("%", " %"))
    axes.set_xlabel("α*")
    axes.set_ylabel(f"{subject.unit}s")
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    words = [f"{still} of {len(saturated.alpha_stars)} scores do not move"] if still else []
    if saturated.quartiles is not None and saturated.share_before_half is not None:
        lower, median, upper = saturated.quartiles
        axes.axvline(median, color=INK, linewidth=2.0, zorder=3)
        for edge in (lower, upper):
            axes.axvline(edge, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)
        words.insert(0, f"median {median:.2f}, {saturated.share_before_half:.0%} before 0.5".replace("%", " %"))
    axes.margins(y=0.25)
    at_left = saturated.quartiles is not None and saturated.quartiles[1] > 0.5
    axes.text(0.02 if at_left else 0.98, 0.98, "\n".join(words), transform=axes.transAxes, va="top",
              ha="left" if at_left else "right", fontsize=9, color=INK, zorder=5,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 2.0})  # fmt: skip


def _mark(axes: Axes, star: float, *, score: float) -> None:
    """A line at one photo's α*, with its value: below the curve where the ``score`` there is high, else above it."""
    axes.axvline(star, color=MUTED, linewidth=1.0, linestyle=":")
    low, high = axes.get_ylim()
    height = low + (0.06 if score > (low + high) / 2 else 0.9) * (high - low)
    side = "right" if star > 0.6 else "left"
    axes.annotate(f" α* = {star:.2f} ", (star, height), ha=side, fontsize=9, color=INK)
