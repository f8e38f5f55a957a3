"""What a metric can ask for about one photo. Each part is made when it is first asked for, and made once.

A new need is an entry of :data:`NEEDS` and a method of :class:`Context`, both here; what the method does is in
``igcli/jobs/evaluating/photo_context.py``, and an option that gives it is in ``igcli/cli/measures.py``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from igcli.attribution.completeness import Completeness
    from igcli.attribution.scores import Score
    from igcli.evaluation.exclusions import Exclusion
    from igcli.evaluation.ground_truth.area import Area
    from igcli.evaluation.ground_truth.conditions import Conditions
    from igcli.evaluation.maps import MapLike
    from igcli.evaluation.metrics.curve_metric import CurveMetric
    from igcli.evaluation.metrics.metric import Measured
    from igcli.lazy import np, torch


@dataclass(frozen=True)
class Need:
    """What a metric may need besides the maps.

    Attributes
    ----------
    name
        How a metric declares it, in ``needs``.
    summary
        What it is, for messages: "deletion needs …".
    supplied_by
        The method of :class:`Context` that gives it.
    makes_maps
        Whether it takes maps that are made for it, which cannot be had for another tool's (``--maps``).
    on_mosaics
        Whether the metric is measured on mosaics instead of the photos.
    option
        The options that give it, as "--boxes or --masks"; the metric cannot be measured without one of them, and its
        numbers are measured again when the files given there change. Empty where no option is needed.
    """

    name: str
    summary: str
    supplied_by: str
    makes_maps: bool = False
    on_mosaics: bool = False
    option: str = ""


#: What a metric may need besides the maps, by name.
NEEDS: Mapping[str, Need] = {
    need.name: need
    for need in (
        Need("model", "forward passes through the network", "scores"),
        Need("replaced", "the scores of the photo with more and more of its pixels replaced", "replaced"),
        Need("attribution", "the sum of the method's map and what it should be", "completeness", makes_maps=True),
        Need("mask", "the places of the objects", "area", option="--boxes or --masks"),
        Need("mosaic", "maps of mosaics of photos of two classes", "area", makes_maps=True, on_mosaics=True),
        Need("method", "the same method's maps of slightly changed copies of the photo", "remade", makes_maps=True),
        Need("randomised", "the same method's map of the network with random weights", "randomised", makes_maps=True),
    )
}


class Context(Protocol):
    """One photo, its maps, and what only some metrics need: each method says for which need it is."""

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
