"""What the metrics that replace pixels have in common: an order, stops, a number made of the scores there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from igcli.attribution.scores import SHARED
from igcli.errors import UsageError
from igcli.evaluation.context import Context
from igcli.evaluation.fills import REMAINING, check_fill
from igcli.evaluation.maps import MapLike, is_by_value, ranking_in_words
from igcli.evaluation.metrics.metric import Curve, Measured, Metric
from igcli.evaluation.perturbation import Order, Route
from igcli.lazy import np
from igcli.models.classifier import Classifier


@dataclass(frozen=True, kw_only=True)
class CurveMetric(Metric):
    """A metric that needs the score of the photo with more and more of its pixels replaced.

    Attributes
    ----------
    fill
        What replaces them: a name in ``BASELINES``, or one of :mod:`igcli.evaluation.fills`.
    ranked
        What of the map they are ranked by: a name in ``RANKINGS``. By ``"value"``, single channel values are replaced,
        and all numbers of pixels are numbers of values.
    seed
        For a fill of noise; the same for every photo.
    score
        What is noted: a name in ``SCORES``; empty for the score that the maps explain.
    """

    needs = ("model", "replaced")
    #: Whether no stop lies where everything is replaced.
    leaves_some: ClassVar[bool] = False

    fill: str = "black"
    ranked: str = "signed"
    seed: int = 0
    score: str = ""

    def check(self) -> None:
        """Raise ``UsageError`` for a fill, a ranking or a score that does not exist."""
        self.order().check()
        if self.fill == REMAINING and not self.leaves_some:
            raise UsageError(f"{REMAINING} has no value once everything is replaced, as it is here; it is for diffid.")

    def check_model(self, model: Classifier) -> None:
        """Raise ``UsageError`` where the model lacks what the metric needs: a normalisation's mean, or such a score."""
        for fill in self.fills():
            check_fill(fill, model)
        if self.score in SHARED and (model.multi_label or model.regression):
            what = "numbers" if model.regression else "classes that do not exclude each other"
            other = "value" if model.regression else "sigmoid"
            raise UsageError(f"The metric notes the {self.score}, and this network has {what}: set its score={other}.")

    def fills(self) -> tuple[str, ...]:
        """All fills that the metric uses."""
        return (self.fill,)

    def order(self, *, least_first: bool = False) -> Order:
        """The metric's order, from either end."""
        return Order(self.fill, self.ranked, least_first=least_first, seed=self.seed, noted=self.score)

    def routes(self, area: int) -> tuple[Route, ...]:
        """Where the scores are wanted, in a photo of so many pixels; or of so many values, if these are ranked."""
        raise NotImplementedError

    def measure_map(self, values: MapLike, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The same as :meth:`measure`, for metrics that need the map's own values as well."""
        return self.measure(scores, area)

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The number, from the scores at the stops of each route, in the routes' order; all of them finite."""
        raise NotImplementedError

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """All maps that lack a number, in one go."""
        return context.replaced(self)

    def in_words(self) -> str:
        """The order and the fill, for a protocol."""
        seed = f" (seed {self.seed})" if self.fill == "noise" else ""
        return f"{self.unit} ranked by {ranking_in_words(self.ranked)}, the fill is {self.fill}{seed}"

    def noted(self, explained: str) -> str:
        """What is noted, and of what the maps are where that is another score, for a protocol."""
        if self.score in ("", explained):
            return f"{explained} score"
        return f"{self.score} score (maps of the {explained} score)"

    @property
    def unit(self) -> str:
        """What is ranked and replaced, for a protocol."""
        return "channel values" if is_by_value(self.ranked) else "pixels"

    def share(self, size: tuple[int, int], parts: int) -> str:
        """One of so many equal parts of a photo of ``size``, for a protocol."""
        return f"1/{parts} of the values" if is_by_value(self.ranked) else f"{size[0] * size[1] / parts:.4g}"


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
