"""What all plots share: a figure without pyplot, curves with their quartiles, and encoding to bytes.

matplotlib is imported inside the functions, and its defaults are used whatever the user's own settings say. The plots
themselves: ``saturation_plot.py``, ``layer_plot.py``. All can be read without colour.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igcli.attribution.views.saturation import Quartiles, quartiles
from igcli.errors import UsageError
from igcli.lazy import np
from igcli.rendering.fonts import families

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

#: Endings that a plot can have.
PLOTS = (".png", ".svg", ".pdf")

INK = "#202328"
MUTED = "#686d76"
THIN = "#8a94a6"
BAND = "#d5dbe6"

# Nothing of the day or the machine goes into a file: the same numbers give the same bytes.
_METADATA: dict[str, dict[str, Any]] = {
    ".png": {"Software": "igcli"},
    ".svg": {"Date": None, "Creator": "igcli"},
    ".pdf": {"CreationDate": None, "Creator": "igcli"},
}
_SETTINGS: Any = {  # matplotlib's own type for this lists each of its settings
    "font.size": 10,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.unicode_minus": True,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "svg.hashsalt": "igcli",
    "svg.fonttype": "path",
    "pdf.fonttype": 42,
}


@dataclass(frozen=True)
class PlotContext:
    """What a plot is about.

    Attributes
    ----------
    score_kind
        A name in ``SCORES``: of which the gradient was taken.
    title
        The photo's name, or what the photos have in common.
    path
        Where it starts, and its kind where it bends.
    unit, place, value
        What the inputs, their places and the numbers there are called.
    """

    network: str
    score_kind: str = "softmax"
    title: str = ""
    path: str = "path from the black baseline"
    unit: str = "photo"
    place: str = "pixel"
    value: str = "pixel value"


def render(draw: Callable[[Figure], None], *, size: tuple[float, float], ending: str) -> bytes:
    """Let ``draw`` fill a figure of ``size`` inches, and return it as PNG (144 dots an inch), SVG or PDF.

    Raises ``UsageError`` for another ending than those in ``PLOTS``.
    """
    import matplotlib as mpl
    from matplotlib.figure import Figure

    ending = ending.lower()
    if ending not in PLOTS:
        raise UsageError(f"A plot cannot be written as {ending!r}. Choose from: {', '.join(PLOTS)}.")
    buffer = io.BytesIO()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_SETTINGS)
        # A bare Figure has its own canvas: pyplot and MPLBACKEND are not used.
        figure = Figure(figsize=size, layout="constrained", facecolor="white")
        draw(figure)
        _add_fonts(figure)
        with _no_word_on_weights():
            figure.savefig(buffer, format=ending[1:], dpi=144, metadata=_METADATA[ending])
    return buffer.getvalue()


def _add_fonts(figure: Figure) -> None:
    """Let each text fall back on the fonts that have the characters which DejaVu Sans lacks."""
    from matplotlib.text import Text

    for words in figure.findobj(Text):
        if others := families(words.get_text(), bold=words.get_fontweight() == "bold"):
            words.set_fontfamily(["DejaVu Sans", *others])


@contextmanager
def _no_word_on_weights() -> Iterator[None]:
    """Inside the block matplotlib does not log that a family has no bold face: the one that it has is drawn."""
    logger = logging.getLogger("matplotlib.font_manager")
    logger.addFilter(_says_nothing_of_weights)
    try:
        yield
    finally:
        logger.removeFilter(_says_nothing_of_weights)


def _says_nothing_of_weights(record: logging.LogRecord) -> bool:
    return "Failed to find font weight" not in record.getMessage()


def plot_curves(axes: Axes, curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> Quartiles:
    """Thin lines, one per photo; over them the median (solid), the quartiles (dashed) and the band between."""
    from matplotlib.collections import LineCollection

    middle = quartiles(curves)
    if len(curves) == 1:
        axes.plot(*curves[0], color=INK, linewidth=1.8)
        return middle
    lines = [np.column_stack(curve) for curve in curves]
    faint = max(0.2, min(0.7, 25 / len(curves)))
    axes.add_collection(LineCollection(lines, colors=THIN, linewidths=0.6, alpha=faint, zorder=1))
    axes.fill_between(middle.alphas, middle.lower, middle.upper, color=BAND, alpha=0.55, linewidth=0, zorder=2)
    for edge in (middle.lower, middle.upper):
        axes.plot(middle.alphas, edge, color=INK, linewidth=0.9, linestyle=(0, (4, 2)), zorder=3)
    axes.plot(middle.alphas, middle.median, color=INK, linewidth=2.0, zorder=4)
    axes.autoscale_view()
    return middle


def alpha_axis(axes: Axes, *, label: bool = True) -> None:
    """α from 0 to 1 along the bottom, with a faint grid."""
    axes.set_xlim(0, 1)
    axes.set_xticks(np.linspace(0, 1, 6))
    axes.grid(visible=True, color="#e8eaee", linewidth=0.7, zorder=0)
    axes.set_axisbelow(True)
    if label:
        axes.set_xlabel("place on the path, α")


def key(figure: Figure, *, count: int, unit: str = "photo") -> None:
    """What the lines mean, once for all panels of a plot of ``count`` photos, or other units."""
    from matplotlib.lines import Line2D

    if count == 1:
        return
    handles = [
        Line2D([], [], color=THIN, linewidth=0.8),
        Line2D([], [], color=INK, linewidth=2.0),
        Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 2))),
    ]
    words = [f"one of {count} {unit}s", "median", "quartiles"]
    figure.legend(handles, words, loc="outside lower center", ncols=3, frameon=False, fontsize=9)


def heading(figure: Figure, what: str, subject: PlotContext, conditions: str, *, count: int) -> None:
    """Two lines above the panels: what it is, of how many photos, in bold; and the network and the other conditions."""
    of = f" of {count} {subject.unit}s" if count > 1 else ""
    title = f"{what}{of}" + (f": {subject.title}" if subject.title else "")
    detail = f"network {subject.network}; {conditions}"
    figure.suptitle(f"{plain(title)}\n", x=0.01, ha="left", fontsize=13, fontweight="bold", color=INK)
    figure.text(0.01, 1.0, f"\n\n{plain(detail)}", va="top", ha="left", fontsize=9.5, color=MUTED, linespacing=1.25)


def plain(text: str) -> str:
    """Text from outside, drawable and never read as a formula."""
    from igcli.rendering.text import clean

    return clean(text).replace("$", r"\$")
