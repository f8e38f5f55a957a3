"""Deletion and insertion: the area under the score as pixels go or come (Petsiuk et al. 2018, arXiv 1806.07421, §4.2).

The authors' evaluation moves one row's number of pixels at a time, 224 steps at 224x224, deletes to a constant and
inserts into a blurred photo.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from igcli.evaluation.metrics.curve_metric import CurveMetric, check_steps, even_stops, over_pixels
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.perturbation import Route
from igcli.lazy import np


@dataclass(frozen=True, kw_only=True)
class ScoreArea(CurveMetric):
    """The mean of the score over the share of the pixels that were moved; in [0, 1] for probabilities.

    Attributes
    ----------
    steps
        Into how many equal parts the pixels are divided. Few make deletion look worse: scores often fall within the
        first part, and the area of that fall is half its width.
    """

    steps: int = 224

    #: What the curve is called, and what happens to the pixels.
    called: ClassVar[str]
    happening: ClassVar[str]

    def check(self) -> None:
        """Raise ``UsageError`` for fewer than one step, and for a fill or a ranking that does not exist."""
        super().check()
        check_steps(self.steps)

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The area by the trapezoidal rule."""
        (found,) = scores
        under = over_pixels(even_stops(self.steps, area), found, area)
        return Measured(under.area, curves={self.called: under})

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With what happens to the pixels."""
        return (
            f"{self.unit} {self.happening}, most important first, in {self.steps} steps of "
            f"{self.share(size, self.steps)} at {size[1]}x{size[0]}, area under the {self.noted(score)}, "
            f"divided by the width; {self.in_words()}"
        )


@METRICS("deletion", summary="the area under the score as pixels are removed, most important first")
@dataclass(frozen=True, kw_only=True)
class Deletion(ScoreArea):
    """From the photo to its fill."""

    direction = "lower"
    called = "deletion"
    happening = "removed from the photo"

    def routes(self, area: int) -> tuple[Route, ...]:
        """Most important first."""
        return (Route(self.order(), even_stops(self.steps, area)),)


@METRICS("insertion", summary="the area under the score as pixels are revealed, most important first")
@dataclass(frozen=True, kw_only=True)
class Insertion(ScoreArea):
    """From a fill, the blurred photo by default, to the photo."""

    direction = "higher"
    called = "insertion"
    happening = "revealed on the fill"

    fill: str = "blur"

    def routes(self, area: int) -> tuple[Route, ...]:
        """Revealing k pixels, most important first, is replacing all but k, least important first."""
        hidden = tuple(area - count for count in even_stops(self.steps, area))
        return (Route(self.order(least_first=True), hidden),)
