"""What the metrics that replace pixels have in common: an order, stops, a number made of the scores there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.evaluation.context import Context
from igcli.evaluation.maps import ranking_in_words
from igcli.evaluation.metrics.metric import Curve, Measured, Metric
from igcli.evaluation.perturbation import Order, Route
from igcli.lazy import np


@dataclass(frozen=True, kw_only=True)
class CurveMetric(Metric):
    """A metric that needs the score of the photo with more and more of its pixels replaced.

    Attributes
    ----------
    fill
        What replaces them: a name in ``BASELINES``.
    ranked
        What of the map they are ranked by: a name in ``RANKINGS``.
    seed
        For a fill of noise; the same for every photo.
    """

    needs = ("model", "replaced")

    fill: str = "black"
    ranked: str = "signed"
    seed: int = 0

    def check(self) -> None:
        """Raise ``UsageError`` for a fill or a ranking that does not exist."""
        self.order().check()

    def order(self, *, least_first: bool = False) -> Order:
        """The metric's order, from either end."""
        return Order(self.fill, self.ranked, least_first=least_first, seed=self.seed)

    def routes(self, area: int) -> tuple[Route, ...]:
        """Where the scores are wanted, in a photo of so many pixels."""
        raise NotImplementedError

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The number, from the scores at the stops of each route, in the routes' order; all of them finite."""
        raise NotImplementedError

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """All maps that lack a number, in one go."""
        return context.replaced(self)

    def in_words(self) -> str:
        """The order and the fill, for a protocol."""
        seed = f" (seed {self.seed})" if self.fill == "noise" else ""
        return f"pixels ranked by {ranking_in_words(self.ranked)}, the fill is {self.fill}{seed}"


def even_stops(steps: int, area: int) -> tuple[int, ...]:
    """``steps`` + 1 numbers of pixels, evenly from none to all of them, rounded to whole ones."""
    return tuple(rounded(step * area, steps) for step in range(steps + 1))


def rounded(dividend: int, divisor: int) -> int:
    """The nearest whole number, halves upwards: the same for the same ratio, which floats would not promise."""
    return (2 * dividend + divisor) // (2 * divisor)


def check_steps(steps: int) -> None:
    """Raise ``UsageError`` for fewer than one step."""
    if steps < 1:
        raise UsageError(f"A curve needs at least 1 step, not {steps}.")


def over_pixels(counts: Sequence[int], values: np.ndarray, area: int) -> Curve:
    """``values`` over the share of the pixels."""
    return Curve(np.array(counts, float) / area, np.asarray(values, float))
