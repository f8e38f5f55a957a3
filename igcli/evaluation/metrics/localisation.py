"""Localisation: how much of a map lies on the object (arXiv 1611.02639)."""

from __future__ import annotations

from dataclasses import dataclass

from igcli.evaluation.context import Context
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.conditions import TWO_THIRDS, Conditions
from igcli.evaluation.maps import MapLike, as_map, flaw
from igcli.evaluation.metrics.area_metric import AreaMetric
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.lazy import np, torch
from igcli.sample import importance


@METRICS("localisation", summary="the share of the map's absolute values that lies on the object")
@dataclass(frozen=True, kw_only=True)
class Localisation(AreaMetric):
    """Σ |attribution| inside the mask over Σ |attribution|; in [0, 1]. A random map has the mask's share of the photo.

    Attributes
    ----------
    largest
        Only photos are measured whose object covers less than this share of what the model sees, in (0, 1].
    matters
        Only photos are measured whose score is lower with the object blacked out.
    """

    direction = "higher"
    needs = ("mask", "model")

    largest: float = TWO_THIRDS
    matters: bool = True

    @property
    def conditions(self) -> Conditions:
        """Which photos count, for :func:`igcli.evaluation.ground_truth.conditions.excluded`."""
        return Conditions(largest=self.largest, matters=self.matters)

    def check(self) -> None:
        """Raise ``UsageError`` for a share outside (0, 1]."""
        _ = self.conditions

    def area(self, context: Context) -> Area | Exclusion:
        """The object, of photos that count."""
        found = super().area(context)
        return found if isinstance(found, Exclusion) else context.excluded(found, self.conditions) or found

    def measure(self, values: MapLike, mask: np.ndarray) -> Measured:
        """The share of a map inside a mask (H, W) bool."""
        complaint = flaw(values, size=mask.shape)
        if complaint or not mask.any():
            return Measured.missing(complaint or "The mask is empty: no object is seen.")
        weights = importance(as_map(values))
        inside = weights[torch.from_numpy(np.array(mask, bool))]
        return Measured(float(inside.sum() / weights.sum()))

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With the conditions on photos."""
        lower = f", and whose {score} score is lower without it" if self.matters else ""
        return (
            f"share of the sum of |attribution| on the object at {size[1]}x{size[0]}, maps of the {score} score; "
            f"photos whose object covers less than {100 * self.largest:.0f} %{lower}"
        )
