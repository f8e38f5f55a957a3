"""Which cut-off of a low-pass is best for each map, on the user's photos (FORGrad, arXiv 2307.09591).

The published choice is the cut-off with the highest mean faithfulness, insertion − deletion, for each network and
method. Chosen and scored on the same photos, that mean is optimistic; so the mean is given, too, that each photo has
with the cut-off that is best on all others.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from igcli.evaluation.map_views import MapView, viewed_names
from igcli.jobs.calibration import Cutoff, LowpassChoice
from igcli.jobs.evaluating.table import Column, aligned
from igcli.lazy import np

CYCLES = (4, 6, 8, 11, 15, 22, 32, 64, 112)

#: Metrics whose difference is maximised, first − second; and how many steps their curves have.
CALIBRATED_BY = ("insertion", "deletion")
CALIBRATION_STEPS = 28
#: What can be maximised: that difference, or DiffID, which is one itself (arXiv 2605.19607).
CALIBRATIONS = {"insertion-deletion": CALIBRATED_BY, "diffid": ("diffid",)}

_NONE = "none"


def grid(of: Literal["absolute", "signed"]) -> tuple[LowpassChoice | None, ...]:
    """The cut-offs that are tried; ``None`` is the map as it is."""
    return (*(LowpassChoice(cycles, of) for cycles in CYCLES), None)


@dataclass(frozen=True)
class Calibrated:
    """The best cut-off of a map, with its mean on photos that did not choose it (NaN for a single photo)."""

    cutoff: Cutoff
    held_out: float

    @property
    def best(self) -> str:
        """The key of the best cut-off in the curve."""
        return _NONE if self.cutoff.cycles is None else f"{self.cutoff.cycles:g}"


def calibrated(
    columns: Sequence[Column],
    bases: Sequence[str],
    *,
    choices: Sequence[LowpassChoice | None],
    views: Sequence[MapView],
    score: str,
) -> list[Calibrated]:
    """The best cut-off of every map that has numbers.

    Parameters
    ----------
    columns
        Those of an entry of ``CALIBRATIONS``, over the same photos: the second, if there is one, is subtracted.
    bases
        Names of the maps.
    choices, views
        The grid, and the view of each of its places.
    """
    plus, *minus = columns
    measure = " − ".join(column.name for column in columns)
    of: Literal["absolute", "signed"] = next((choice.of for choice in choices if choice is not None), "absolute")
    found = []
    for base in bases:
        names = [next(iter(viewed_names([base], [view]))) for view in views]
        values = np.array([plus.values[name] for name in names])
        for each in minus:
            values = values - np.array([each.values[name] for name in names])
        values = values[:, np.isfinite(values).all(axis=0)]
        if not values.shape[1]:
            continue
        means = values.mean(axis=1)
        best = choices[int(means.argmax())]
        curve = {
            _NONE if choice is None else f"{choice.cycles:g}": float(mean)
            for choice, mean in zip(choices, means, strict=True)
        }
        cycles = None if best is None else float(best.cycles)
        cutoff = Cutoff(base, of, cycles, measure, curve, values.shape[1], score)
        found.append(Calibrated(cutoff, _held_out(values)))
    return found


def _held_out(values: np.ndarray) -> float:
    """The mean over the photos (columns) of each one's value at the cut-off (row) that is best on the others."""
    count = values.shape[1]
    if count < 2:
        return float("nan")
    others = values.sum(axis=1, keepdims=True) - values
    return float(values[others.argmax(axis=0), np.arange(count)].mean())


def lines_of_calibration(found: Sequence[Calibrated]) -> Iterator[str]:
    """The curves as a table, cut-offs in rows and maps in columns, a star at the best; then a sentence for each map."""
    cutoffs = [each.cutoff for each in found]
    keys = list(dict.fromkeys(key for cutoff in cutoffs for key in cutoff.curve))
    rows = [
        ["lowpass", *(cutoff.map for cutoff in cutoffs)],
        *([key, *(f"{each.cutoff.curve[key]:.3f}{' *' * (key == each.best)}" for each in found)] for key in keys),
    ]
    yield from aligned(rows)
    for each in found:
        yield _sentence(each)
    if cutoffs:
        yield (
            f"{cutoffs[0].measure} of the {cutoffs[0].of} map; the best cut-off was chosen on the photos that it is "
            "scored on, so that its number is optimistic: score it on others."
        )


def _sentence(each: Calibrated) -> str:
    cutoff, photos = each.cutoff, each.cutoff.photos
    best = "no low-pass" if cutoff.cycles is None else f"{cutoff.cycles:g} cycles per picture side"
    plain = f", {cutoff.curve[_NONE]:.3f} without" if cutoff.cycles is not None and _NONE in cutoff.curve else ""
    left_out = "" if np.isnan(each.held_out) else f"; {each.held_out:.3f} where each photo's is chosen on the others"
    return f"{cutoff.map}: {best} ({cutoff.curve[each.best]:.3f}{plain}{left_out}; {photos} photo{'s' * (photos > 1)})"
