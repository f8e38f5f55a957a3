"""How far each layer is from its activations at the photo, over α (arXiv 1611.02639, Fig. 12).

One column per layer, L2 above cosine, every row on one scale so that layers compare.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from igcli.attribution.views.layers import LayerDistances
from igcli.attribution.views.saturation import settles_at
from igcli.lazy import np
from igcli.rendering.plots import INK, PlotContext, alpha_axis, heading, key, plain, plot_curves, render

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Below this cosine distance a layer counts as settled; the paper's own figure for its last inception block.
SETTLED = 0.01

_COLUMNS = 5


def layer_plot(distances: Sequence[LayerDistances], subject: PlotContext, *, ending: str = ".png") -> bytes:
    """Plot the layer distances of one or more pictures.

    Parameters
    ----------
    distances
        One per picture, all of the same layers.
    subject
        The words; the score plays no part here.

    Raises
    ------
    ValueError
        If there is nothing to plot, or the layers differ.
    """
    if not distances or not distances[0].layers:
        raise ValueError("there is nothing to plot")
    layers = distances[0].layers
    if any(each.layers != layers for each in distances):
        raise ValueError("the layers differ between pictures")
    columns, bands = min(_COLUMNS, len(layers)), math.ceil(len(layers) / _COLUMNS)

    def draw(figure: Figure) -> None:
        count = len(distances)
        compared = "activations at γ(α) against those at the photo (α = 1)"
        heading(
            figure,
            "Layer distances",
            subject,
            f"{compared}; {subject.path}",
            count=count,
        )
        tops: tuple[Axes | None, Axes | None] = (None, None)
        for number, layer in enumerate(layers):
            band, column = divmod(number, columns)
            first = 2 * band * columns + column + 1
            upper = figure.add_subplot(2 * bands, columns, first, sharey=tops[0])
            lower = figure.add_subplot(2 * bands, columns, first + columns, sharey=tops[1])
            tops = (tops[0] or upper, tops[1] or lower)
            _column(upper, lower, distances, number)
            upper.set_title(plain(layer))
            if column == 0:
                upper.set_ylabel("L2 distance,\nshare of the norm at the photo")
                lower.set_ylabel("cosine distance")
        for top in tops:
            if top is not None:
                top.set_ylim(bottom=0)
        key(figure, count=count)

    return render(draw, size=(max(2.5 * columns + 0.8, 6.5), 4.9 * bands + 1.2), ending=ending)


def _column(upper: Axes, lower: Axes, distances: Sequence[LayerDistances], number: int) -> None:
    for axes, rows in ((upper, [d.relative_l2 for d in distances]), (lower, [d.cosine for d in distances])):
        middle = plot_curves(axes, [(d.alphas, row[number]) for d, row in zip(distances, rows, strict=True)])
        alpha_axis(axes, label=axes is lower)
        axes.set_xticks(np.linspace(0, 1, 3))
    settled = settles_at(middle.alphas, middle.median, below=SETTLED)
    text = f"below {SETTLED:g}\nfrom α = {settled:.2f}" if settled is not None else f"never below {SETTLED:g}"
    lower.text(0.97, 0.95, text, transform=lower.transAxes, ha="right", va="top", fontsize=8.5, color=INK)
