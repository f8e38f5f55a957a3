"""The contributions of all atoms and pairs of atoms as a matrix (arXiv 1611.02639, Fig. 7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from igcli.lazy import np
from igcli.molecules.contributions import Contributions
from igcli.rendering.plots import INK, MUTED, PlotContext, heading, render
from igcli.rendering.signed import LOWERS, RAISES, decimals_for, signed_text

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Up to so many atoms, cells have their numbers, and atoms their names.
_NUMBERED, _NAMED = 24, 80


def pair_matrix(
    contributions: Contributions, atoms: Sequence[str], *, subject: PlotContext, conditions: str, ending: str = ".png"
) -> bytes:
    """Draw the matrix: an atom's own contribution on the diagonal, half of a pair's on either side of it.

    Parameters
    ----------
    atoms
        A name for each atom: ``"C0"``.
    subject
        The molecule and the task.
    conditions
        The rest of the line under the title.
    ending
        One of ``PLOTS``.
    """
    side = min(10.0, 3.2 + 0.28 * len(atoms))

    def draw(figure: Figure) -> None:
        heading(figure, "Atoms and pairs", subject, conditions, count=1)
        _fill(figure.add_subplot(), contributions, atoms)

    return render(draw, size=(side + 1.2, side + 0.9), ending=ending)


def _fill(axes: Axes, contributions: Contributions, atoms: Sequence[str]) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    matrix = contributions.matrix
    largest = float(np.nanmax(np.abs(matrix))) or 1.0
    signed = LinearSegmentedColormap.from_list("signed", [LOWERS, (1, 1, 1), RAISES])
    colours = signed.with_extremes(bad="#eceef2")
    image = axes.imshow(matrix, cmap=colours, vmin=-largest, vmax=largest, interpolation="nearest")
    if len(atoms) <= _NUMBERED:
        digits = decimals_for(largest)
        for (row, column), value in np.ndenumerate(matrix):
            if np.isfinite(value) and float(text := signed_text(float(value), digits)):
                axes.text(column, row, text, ha="center", va="center", fontsize=6.5, color=INK)
    if len(atoms) <= _NAMED:
        size = 8 if len(atoms) <= _NUMBERED else 5
        axes.set_xticks(range(len(atoms)), atoms, rotation=90, fontsize=size)
        axes.set_yticks(range(len(atoms)), atoms, fontsize=size)
    axes.set_xlabel("atoms on the diagonal, half of each pair on either side; grey: no pair", color=MUTED, fontsize=8.5)
    axes.figure.colorbar(image, ax=axes, shrink=0.7, label="contribution to the score")
