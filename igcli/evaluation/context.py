"""What a metric can ask for about one photo. Each part is made when it is first asked for, and made once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from igcli.attribution.result import Completeness
    from igcli.attribution.scores import Score
    from igcli.evaluation.exclusions import Exclusion
    from igcli.evaluation.ground_truth.area import Area
    from igcli.evaluation.ground_truth.conditions import Conditions
    from igcli.evaluation.maps import MapLike
    from igcli.evaluation.metrics.curve_metric import CurveMetric
    from igcli.evaluation.metrics.metric import Measured
    from igcli.lazy import np, torch


class Context(Protocol):
    """One photo, its maps, and what only some metrics need: each names the need that a metric declares."""

    @property
    def pixels(self) -> torch.Tensor:
        """(C, H, W) in [0, 1], as the model sees it."""
        ...

    @property
    def score(self) -> Score:
        """What is explained."""
        ...

    @property
    def maps(self) -> Mapping[str, MapLike]:
        """All maps of the photo, by name: methods, controls, another tool's."""
        ...

    def completeness(self, name: str) -> Completeness | None:
        """``attribution``: a map's sum and what it is meant to be; ``None`` for a map that no method has made."""
        ...

    def scores(self, pictures: Sequence[torch.Tensor]) -> np.ndarray:
        """``model``: the score (N,) float64 of pictures (C, H, W), as many at once as fit."""
        ...

    def replaced(self, metric: CurveMetric) -> Mapping[str, Measured]:
        """``replaced``: what the metric makes of the scores as pixels are replaced, for the maps that lack it.

        All metrics with this need share the pictures that go through the network.
        """
        ...

    def area(self) -> Area | Exclusion:
        """``mask`` or ``mosaic``: which pixels show the object, or why that cannot be said."""
        ...

    def excluded(self, area: Area, conditions: Conditions) -> Exclusion | None:
        """``mask`` and ``model``: why the photo does not count, if it does not."""
        ...

    def remade(self, names: Sequence[str], pictures: Sequence[torch.Tensor]) -> Mapping[str, list[MapLike] | Measured]:
        """``method``: the same maps of other pictures, the class held fixed; or why there are none."""
        ...

    def randomised(self, names: Sequence[str], *, seed: int, top: int) -> Mapping[str, list[MapLike] | Measured]:
        """``randomised``: the same maps, one each, of the network with random weights; or why there are none."""
        ...
