"""The area over the perturbation curve (Samek et al. 2015, arXiv 1509.06321, eq. 12; arXiv 1611.02639, Fig. 5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.evaluation.maps import is_by_value
from igcli.evaluation.metrics.curve_metric import CurveMetric, check_steps, over_pixels, rounded
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.perturbation import Route
from igcli.lazy import np

#: The pixels of the photos that the published step is meant for.
PUBLISHED_SIDE = 224


@METRICS("aopc", summary="how far the score falls, in the mean, as the most important pixels are blacked out")
@dataclass(frozen=True, kw_only=True)
class Aopc(CurveMetric):
    """The mean of F(x₀) − F(x_k) over the steps k from 0 on; at most F(x).

    Attributes
    ----------
    ranked
        As published: Σ_c |value| (arXiv 1611.02639, eq. 1). ``"signed"`` for the map's own sum over the channels.
    steps
        How often pixels are replaced.
    pixels
        How many at once, in a photo of 224x224; in proportion in others.
    """

    direction = "higher"

    ranked: str = "importance"
    steps: int = 50
    pixels: int = 100

    def check(self) -> None:
        """Raise ``UsageError`` for more pixels than there are, and for none."""
        super().check()
        check_steps(self.steps)
        if not 1 <= self.pixels <= PUBLISHED_SIDE**2 // self.steps:
            raise UsageError(
                f"{self.steps} steps of {self.pixels} pixels: a photo of {PUBLISHED_SIDE}x{PUBLISHED_SIDE} has "
                f"{PUBLISHED_SIDE**2}, and a step replaces at least 1."
            )

    def routes(self, area: int) -> tuple[Route, ...]:
        """The same share of the photo whatever its size: small photos have stops in common, visited once."""
        stops = (rounded(step * self.pixels * area, PUBLISHED_SIDE**2) for step in range(self.steps + 1))
        return (Route(self.order(), tuple(stops)),)

    def measure(self, scores: Sequence[np.ndarray], area: int) -> Measured:
        """The running mean at the last step; it is the curve, too."""
        (route,) = self.routes(area)
        drops = scores[0][0] - scores[0]
        running = np.cumsum(drops) / np.arange(1, len(drops) + 1)
        return Measured(float(running[-1]), curves={"aopc": over_pixels(route.counts, running, area)})

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With the proportion, where the photo is not of the published size."""
        area, published = size[0] * size[1], PUBLISHED_SIDE**2
        step = f"{self.pixels} pixels"
        if is_by_value(self.ranked):
            step = f"{self.pixels / published:.3g} of the values (in proportion: {self.pixels} pixels at 224x224)"
        elif area != published:
            step = f"{self.pixels * area / published:.3g} pixels (in proportion: {self.pixels} at 224x224)"
        return (
            f"most important first, {self.steps} steps of {step} at {size[1]}x{size[0]}, mean drop of the "
            f"{self.noted(score)} over the steps from 0 on; {self.in_words()}"
        )
