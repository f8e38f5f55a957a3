"""DiffID: the score that is kept without the least, less that without the most important values (arXiv 2605.19607).

As in the code of Spectral IG's authors (github.com/leekwoon/sig, ``cleanig/metric/diffid.py``): single channel values
are ranked by their absolute attribution, nine shares of them are replaced by the mean of those that are left, and the
class's probability is divided by that of the photo. Their "insertion" starts at the photo and removes the least
important values; no pixels are revealed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.evaluation.fills import REMAINING
from igcli.evaluation.metrics.curve_metric import CurveMetric, check_steps, over_pixels
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.perturbation import TOP_CLASS, Route
from igcli.lazy import np


@dataclass(frozen=True, kw_only=True)
class RetainedScore(CurveMetric):
    """The mean share of the photo's score that is kept as shares of the values are replaced; in [0, 1].

    Attributes
    ----------
    steps
        Into how many equal parts the values are divided: 10 for 10 %, 20 % … 90 %. The ends are not measured.
    score
        ``"top-class"`` counts whether the class is still the most probable one, and divides by nothing: the authors'
        script prints that, their function gives either.
    """

    leaves_some = True

    fill: str = REMAINING
    ranked: str = "value"
    score: str = "softmax"
    steps: int = 10

    #: Whether the least important values go first; both, if both orders are measured.
    orders: ClassVar[tuple[bool, ...]]

    def check(self) -> None:
        """Raise ``UsageError`` for fewer than two parts, and for a fill, ranking or score that does not exist."""
        super().check()
        check_steps(self.steps - 1)

    def routes(self, area: int) -> tuple[Route, ...]:
        """The photo, and the same shares from one end of the ranking or from both; of a part of a value none."""
        stops = tuple(area * part // self.steps for part in range(self.steps))
        return tuple(Route(self.order(least_first=least_first), stops) for least_first in self.orders)

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The mean over the shares; of both orders, the difference."""
        if self.score == TOP_CLASS:
            kept = [each.copy() for each in scores]
        elif scores[0][0] > SMALLEST_RISE:
            kept = [np.clip(each / each[0], 0, 1) for each in scores]
        else:
            return Measured.missing("The score is not above 0 at the photo: no share of it can be kept.")
        curves = {
            "least first" if route.order.least_first else "most first": over_pixels(route.counts, each, area)
            for route, each in zip(self.routes(area), kept, strict=True)
        }
        first, *other = (float(each[1:].mean()) for each in kept)
        return Measured(first - other[0] if other else first, curves=curves)

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With what is kept of what."""
        kept = f"{self.noted(score)}, divided by the photo's and clipped to [0, 1]"
        if self.score == TOP_CLASS:
            kept = f"frequency with which the class is still the most probable one (maps of the {score} score)"
        both = " less ".join(f"{'least' if least else 'most'} important first" for least in self.orders)
        return (
            f"{both}; mean over {self.steps - 1} shares from {100 / self.steps:.0f} % to "
            f"{100 - 100 / self.steps:.0f} % of the {self.unit} at {size[1]}x{size[0]} of the {kept}; {self.in_words()}"
        )


@METRICS("diffid", summary="the score kept without the least important values, less that without the most important")
@dataclass(frozen=True, kw_only=True)
class DiffId(RetainedScore):
    """``diffid-insertion`` − ``diffid-deletion``; 0 for a random map in the mean, at most 1."""

    direction = "higher"
    orders = (True, False)


@METRICS("diffid-insertion", summary="the share of the score that is kept without the least important values")
@dataclass(frozen=True, kw_only=True)
class DiffIdInsertion(RetainedScore):
    """Starts at the photo, unlike ``insertion``."""

    direction = "higher"
    orders = (True,)


@METRICS("diffid-deletion", summary="the share of the score that is kept without the most important values")
@dataclass(frozen=True, kw_only=True)
class DiffIdDeletion(RetainedScore):
    """Relative to the photo's score, unlike ``deletion``."""

    direction = "lower"
    orders = (False,)
