"""A plot laid out in inches: a title, the panels and texts that the plot places between, and a footer.

For plots whose parts have known sizes: text is measured beforehand, so that nothing from outside can push a panel away.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from igcli.rendering.plots import plain, render
from igcli.rendering.text import Pen, fit_text, text_width, wrap

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDEST = 10.0  # inches of a page: about what a README shows without making small text too small
MARGIN = 0.2

#: Sizes are points.
NAME = Pen(9)
HEAD = Pen(10, bold=True)
NOTE = Pen(8, (104, 109, 118))
_TITLE = Pen(13, bold=True)

#: Lines to read along, the line of 0 among them, and between groups.
GRID, ZERO, _BETWEEN = "#e8eaee", "#b4bac4", "#c4c9d1"

_ABOVE = 0.62  # from the edge to the body
_FINE = 10  # Pillow measures whole pixels: in tenths of a point
_LINE = 1.4 / 72  # inches from line to line, for each point of size
_LONGEST = 6  # lines of one sentence of the footer


@dataclass(frozen=True)
class Frame:
    """What is around the panels of a plot.

    Attributes
    ----------
    title
        One line; shortened where it is too long.
    footer
        Sentences; each starts a line and is wrapped.
    width
        Inches, with the margins.
    body
        Inches from the title to the footer.
    """

    title: str
    footer: tuple[str, ...]
    width: float
    body: float

    def render(self, fill: Callable[[Page], None], *, ending: str) -> bytes:
        """Let ``fill`` draw the body, and return the whole as in ``plots.render``."""
        lines = wrapped(self.footer, self.width - 2 * MARGIN, pen=NOTE)
        height = _ABOVE + self.body + MARGIN + (height_of(lines, pen=NOTE) + 0.1 if lines else 0)

        def draw(figure: Figure) -> None:
            figure.set_layout_engine("none")
            page = Page(figure, self.width, height)
            page.write((MARGIN, MARGIN - _ABOVE), self.title, pen=_TITLE, width=self.width - 2 * MARGIN)
            fill(page)
            page.write_lines((MARGIN, self.body + 0.1), lines, pen=NOTE)

        return render(draw, size=(self.width, height), ending=ending)


@dataclass(frozen=True)
class Page:
    """A figure on which places are inches from the left edge, and down from the top of the body."""

    figure: Figure
    width: float
    height: float

    def axes(self, corner: tuple[float, float], size: tuple[float, float]) -> Axes:
        """A panel without a background, by its upper left corner and its size."""
        (left, bottom), (width, height) = self.share((corner[0], corner[1] + size[1])), size
        return self.figure.add_axes((left, bottom, width / self.width, height / self.height), facecolor="none")

    def write(
        self,
        place: tuple[float, float],
        text: str,
        *,
        pen: Pen,
        width: float | None = None,
        middle: bool = False,
    ) -> None:
        """One line of text, shortened to ``width`` inches, by its upper left corner or the middle of its left end."""
        x, y = self.share(place)
        shown = text if width is None else fitted(text, width, pen=pen)
        anchor: Literal["center_baseline", "top"] = "center_baseline" if middle else "top"
        self.figure.text(x, y, plain(shown), va=anchor, fontsize=pen.size, color=[part / 255 for part in pen.colour],
                         fontweight="bold" if pen.bold else "normal")  # fmt: skip

    def write_lines(self, corner: tuple[float, float], lines: Sequence[str], *, pen: Pen) -> None:
        """Lines under each other."""
        for number, line in enumerate(lines):
            self.write((corner[0], corner[1] + height_of(lines[:number], pen=pen)), line, pen=pen)

    def line(self, start: tuple[float, float], length: float) -> None:
        """A thin line to the right."""
        from matplotlib.lines import Line2D

        (left, height), (right, _) = self.share(start), self.share((start[0] + length, start[1]))
        self.figure.add_artist(Line2D((left, right), (height, height), color=_BETWEEN, linewidth=1.0))

    def share(self, place: tuple[float, float]) -> tuple[float, float]:
        """The place in the figure's own coordinates."""
        return place[0] / self.width, 1 - (_ABOVE + place[1]) / self.height


def width_of(text: str, *, pen: Pen) -> float:
    """Inches that one line takes."""
    return text_width(text, pen=_fine(pen)) / (72 * _FINE)


def height_of(lines: Sized, *, pen: Pen) -> float:
    """Inches that lines under each other take."""
    return len(lines) * pen.size * _LINE


def fitted(text: str, width: float, *, pen: Pen) -> str:
    """The text, shortened in its middle to this many inches."""
    return fit_text(text, width * 72 * _FINE, pen=_fine(pen))


def wrapped(texts: Iterable[str], width: float, *, pen: Pen, lines: int = _LONGEST) -> list[str]:
    """Lines of at most so many inches, at most ``lines`` of them for each text."""
    return [line for text in texts for line in wrap(text, width * 72 * _FINE, pen=_fine(pen), lines=lines)]


def _fine(pen: Pen) -> Pen:
    return replace(pen, size=pen.size * _FINE)
