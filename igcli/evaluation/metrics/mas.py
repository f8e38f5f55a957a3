"""MAS, magnitude-aligned scoring: whether the share of importance follows the share of the score.

Walker et al., IJCAI 2024; as in their code (github.com/chasewalker26/Magnitude-Aligned-Scoring,
``util/test_methods/MASTestFunctions.py``). The pictures are those of insertion and deletion with the same fills and
ranking. Unlike these, MAS depends on the values of the map and not on their order alone: a map and its square differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.errors import UsageError
from igcli.evaluation.fills import REMAINING, check_fill
from igcli.evaluation.maps import MapLike, ranked_values
from igcli.evaluation.metrics.curve_metric import CurveMetric, check_steps, even_stops, over_pixels
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.perturbation import Order, Route
from igcli.lazy import np

#: What insertion starts from: RISE's kernel, 11 pixels wide, as wide as it is.
START = "kernel-blur:11"


@dataclass(frozen=True, kw_only=True)
class Aligned(CurveMetric):
    """The area under the aligned curve; in [0, 1], the difference in [−1, 1].

    Attributes
    ----------
    steps
        Into how many equal parts the pixels are divided: a row's number at a time at 224x224.
    """

    ranked: str = "magnitude"
    score: str = "softmax"
    steps: int = 224

    #: Which of the two curves the number is made of, in this order: the first less the second.
    parts: ClassVar[tuple[str, ...]]

    def check(self) -> None:
        """Raise ``UsageError`` for a ranking with values below 0, of which there are no shares; and as elsewhere."""
        super().check()
        check_steps(self.steps)
        if self.ranked == "signed":
            raise UsageError("MAS compares shares of the map's magnitude: rank by magnitude, importance or value.")

    def routes(self, area: int) -> tuple[Route, ...]:
        """One route for each part; those of ``insertion`` and ``deletion`` with the same parameters."""
        shown = even_stops(self.steps, area)
        hidden = tuple(area - count for count in shown)
        return tuple(
            Route(self.order(least_first=part == "insertion"), hidden if part == "insertion" else shown)
            for part in self.parts
        )

    def measure_map(self, values: MapLike, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The area, or the difference of both, from the scores and the map's own magnitudes."""
        stops = even_stops(self.steps, area)
        channels = area // (values.shape[-1] * values.shape[-2])
        magnitudes = np.sort(ranked_values(values, ranked=self.ranked, channels=channels).numpy().ravel())[::-1]
        shown = np.concatenate([[0.0], magnitudes.cumsum()])[list(stops)] / magnitudes.sum()
        areas, curves = [], {}
        for part, each in zip(self.parts, scores, strict=True):
            aligned = _aligned(each, shown, insertion=part == "insertion")
            if aligned is None:
                return Measured.missing("The score is the same at the photo and at its fill: nothing to normalise by.")
            curves[part] = over_pixels(stops, aligned, area)
            areas.append(curves[part].area)
        return Measured(areas[0] - sum(areas[1:]), curves=curves)

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With both ends."""
        return (
            f"{' less '.join(self.parts)}, most important first, in {self.steps} steps of "
            f"{self.share(size, self.steps)} at {size[1]}x{size[0]}: area under the share of the {self.noted(score)} "
            "(0 at the fill, 1 at the photo, clipped, monotone) less (insertion) or plus (deletion) its distance from "
            f"the share of the map's magnitude, clipped and stretched to [0, 1]; {self.in_words()}"
        )


def _aligned(scores: np.ndarray, shown: np.ndarray, *, insertion: bool) -> np.ndarray | None:
    """The aligned curve over the stops; ``None`` where photo and fill have the same score.

    Parameters
    ----------
    scores
        (stops,) from the fill to the photo for insertion, from the photo to the fill for deletion.
    shown
        (stops,) the share of the map's magnitude in the pixels that have been moved.
    """
    at_fill, at_photo = (scores[0], scores[-1]) if insertion else (scores[-1], scores[0])
    if abs(at_photo - at_fill) < SMALLEST_RISE:
        return None
    response = np.clip((scores - at_fill) / (at_photo - at_fill), 0, 1)
    if insertion:
        response = np.maximum.accumulate(response)
        curve = np.clip(response - np.abs(shown - response), 0, 1)
    else:
        response = np.minimum.accumulate(response)
        curve = np.clip(response + np.abs(1 - shown - response), 0, 1)
    lowest, highest = curve.min(), curve.max()
    if highest == lowest:  # as in the authors' code: a curve that says nothing is a straight line
        return np.linspace(0, 1, len(curve)) if insertion else np.linspace(1, 0, len(curve))
    return np.asarray((curve - lowest) / (highest - lowest))


@METRICS("mas", summary="insertion less deletion, each aligned with the share of the map's magnitude")
@dataclass(frozen=True, kw_only=True)
class Mas(Aligned):
    """``mas-insertion`` − ``mas-deletion``.

    Attributes
    ----------
    fill
        What deletion leaves.
    start
        What insertion starts from.
    """

    direction = "higher"
    parts = ("insertion", "deletion")

    fill: str = "grey"
    start: str = START

    def check(self) -> None:
        """Raise ``UsageError`` for either fill, too."""
        super().check()
        check_fill(self.start)
        if self.start == REMAINING:
            raise UsageError(f"Insertion cannot start from {REMAINING}: there, nothing is left.")

    def fills(self) -> tuple[str, ...]:
        """Both."""
        return self.fill, self.start

    def order(self, *, least_first: bool = False) -> Order:
        """Least important first goes to what insertion starts from, read backwards."""
        fill = self.start if least_first else self.fill
        return Order(fill, self.ranked, least_first=least_first, seed=self.seed, noted=self.score)

    def in_words(self) -> str:
        """With both fills."""
        return f"{super().in_words()} for deletion, {self.start} for insertion"


@METRICS("mas-insertion", summary="the area under insertion, aligned with the share of the map's magnitude")
@dataclass(frozen=True, kw_only=True)
class MasInsertion(Aligned):
    """From the fill, a blurred photo by default, to the photo."""

    direction = "higher"
    parts = ("insertion",)

    fill: str = START


@METRICS("mas-deletion", summary="the area under deletion, aligned with the share of the map's magnitude")
@dataclass(frozen=True, kw_only=True)
class MasDeletion(Aligned):
    """From the photo to its fill, the network's mean by default."""

    direction = "lower"
    parts = ("deletion",)

    fill: str = "grey"
