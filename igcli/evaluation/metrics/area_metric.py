"""A metric of maps on an area of the photo: the object, or a mosaic's own quadrants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from igcli.evaluation.context import Context
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.maps import MapLike
from igcli.evaluation.metrics.metric import Measured, Metric
from igcli.lazy import np

if TYPE_CHECKING:
    from igcli.evaluation.ground_truth.area import Area


class AreaMetric(Metric):
    """One number per map from the map and a mask (H, W) bool; needs the one or the other ground truth."""

    def area(self, context: Context) -> Area | Exclusion:
        """The area, or why this photo is left out."""
        return context.area()

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """On the area, of photos that count."""
        found = self.area(context)
        if isinstance(found, Exclusion):
            return dict.fromkeys(names, Measured.missing(f"Left out: {found.reason}."))
        return {name: self.measure(context.maps[name], found.mask) for name in names}

    def measure(self, values: MapLike, mask: np.ndarray) -> Measured:
        """The number of one map."""
        raise NotImplementedError
