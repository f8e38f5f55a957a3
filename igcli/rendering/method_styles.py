"""How methods are drawn in plots: a colour, a mark and a line each, the same in every plot of the same methods.

The colours are those of Okabe and Ito (*Color Universal Design*, 2008) without yellow, which is too light on white; the
marks distinguish methods without colour. Controls are grey and dashed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
_MARKS = ("o", "s", "^", "D", "v", "P", "X")
#: One for each round through the colours.
_LINES: tuple[tuple[float, ...], ...] = ((), (7, 1.5, 1.5, 1.5), (7, 1.5, 1.5, 1.5, 1.5, 1.5))

_CONTROL = "#868c97"
_CONTROL_LINES: tuple[tuple[float, ...], ...] = ((5, 2), (1.5, 1.5), (5, 2, 1.5, 2))


@dataclass(frozen=True)
class MethodStyle:
    """How one method is drawn.

    Attributes
    ----------
    dashes
        Lengths in line widths, on and off; empty for a solid line.
    control
        Whether it is a control: a map that any method should beat.
    """

    colour: str
    mark: str
    dashes: tuple[float, ...] = ()
    filled: bool = True
    control: bool = False

    @property
    def line(self) -> dict[str, Any]:
        """Settings of a matplotlib line and its marks."""
        return {
            "color": self.colour,
            "linestyle": (0, self.dashes) if self.dashes else "solid",
            "marker": self.mark,
            "markerfacecolor": self.colour if self.filled else "white",
            "markeredgecolor": self.colour,
        }


def method_styles(plotted: Iterable[Mapping[str, object]], controls: Collection[str]) -> dict[str, MethodStyle]:
    """A style for every name in ``plotted``: methods in the order of their first appearance, then controls.

    A method's style follows from its place among the methods, whatever the controls: plots of the same methods in the
    same order agree. After seven, the colours are repeated with other lines and open marks.
    """
    names = list(dict.fromkeys(name for each in plotted for name in each))
    methods = [name for name in names if name not in controls]
    styles = {name: _method(place) for place, name in enumerate(methods)}
    return styles | {name: _control(place) for place, name in enumerate(n for n in names if n in controls)}


def _method(place: int) -> MethodStyle:
    again, colour = divmod(place, len(_COLOURS))
    # Another mark for the same colour, too: a short stretch of a line may show no dash.
    mark = _MARKS[(colour + 3 * again) % len(_MARKS)]
    return MethodStyle(_COLOURS[colour], mark, _LINES[again % len(_LINES)], filled=not again)


def _control(place: int) -> MethodStyle:
    dashes = _CONTROL_LINES[place % len(_CONTROL_LINES)]
    return MethodStyle(_CONTROL, _MARKS[place % len(_MARKS)], dashes, filled=False, control=True)
