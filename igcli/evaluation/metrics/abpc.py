"""The area between the perturbation curves (arXiv 2010.12697, and the notebook of its authors)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.evaluation.metrics.curve_metric import CurveMetric, check_steps, even_stops, over_pixels
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.perturbation import Route
from igcli.lazy import np


@METRICS("abpc", summary="the area between the scores with the least and with the most important pixels removed")
@dataclass(frozen=True, kw_only=True)
class Abpc(CurveMetric):
    """The area between two curves, each normalised to 0 at the fill and 1 at the photo and clipped; in (−1, 1).

    Attributes
    ----------
    steps
        Into how many equal parts the pixels are divided: 10 for 10 %, 20 % … 90 %. Both curves meet at both ends.
    floor
        Whether a stop at which the curves have crossed counts as 0, as in the authors' notebook, and not as negative.
        A random map is then above 0 in the mean.
    """

    direction = "higher"

    steps: int = 10
    floor: bool = False

    def check(self) -> None:
        """Raise ``UsageError`` for fewer than one step, and for a fill or a ranking that does not exist."""
        super().check()
        check_steps(self.steps)

    def routes(self, area: int) -> tuple[Route, ...]:
        """The same stops from both ends of the ranking."""
        stops = even_stops(self.steps, area)
        return Route(self.order(least_first=True), stops), Route(self.order(), stops)

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The least important first above the most important first."""
        at_photo, at_fill = scores[0][0], scores[0][-1]
        if not at_photo - at_fill > SMALLEST_RISE:
            return Measured.missing("The score is no higher at the photo than at its fill: nothing to normalise by.")
        least, most = (np.clip((each - at_fill) / (at_photo - at_fill), 0, 1) for each in scores)
        stops = even_stops(self.steps, area)
        between = np.maximum(least - most, 0) if self.floor else least - most
        curves = {"least first": over_pixels(stops, least, area), "most first": over_pixels(stops, most, area)}
        return Measured(over_pixels(stops, between, area).area, curves=curves)

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With what is done where the curves cross."""
        crossed = "crossings count as 0" if self.floor else "crossings count as negative"
        return (
            f"area between least and most important first, {self.steps - 1} stops from {100 / self.steps:.0f} % to "
            f"{100 - 100 / self.steps:.0f} % of the {self.unit} at {size[1]}x{size[0]}, {self.noted(score)} "
            f"normalised to 0 at the fill and 1 at the photo and clipped, {crossed}; {self.in_words()}"
        )
