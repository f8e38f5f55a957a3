"""What is to be measured: which maps, by which metrics, against which ground truth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from igcli.attribution.methods import METHODS
from igcli.errors import UsageError
from igcli.evaluation.ground_truth.area import GroundTruth
from igcli.evaluation.metrics import Metric
from igcli.jobs.evaluating.maps import OtherMaps


@dataclass(frozen=True)
class Inquiry:
    """What is to be measured.

    Attributes
    ----------
    methods
        Names in ``METHODS``; none when another tool's maps are measured.
    controls
        Names in ``CONTROLS``.
    metrics
        By name in ``METRICS``, each with its parameters.
    truth
        Where the objects are, for metrics that need it.
    truth_digest
        Another one where that was read from other files, or from the same after they were changed.
    others
        Another tool's maps.
    """

    methods: tuple[str, ...]
    controls: tuple[str, ...]
    metrics: Mapping[str, Metric]
    truth: GroundTruth | None = None
    truth_digest: str = ""
    others: OtherMaps | None = None

    def check(self) -> None:
        """Raise ``UsageError`` for metrics that lack what they need."""
        for name in self.methods:
            METHODS[name]
        for name, metric in self.metrics.items():
            if "mask" in metric.needs and self.truth is None:
                raise UsageError(f"{name} needs to know where the objects are: give --boxes or --masks.")
            alone = {"attribution", "method", "randomised", "mosaic"} & set(metric.needs)
            if self.others is not None and alone:
                raise UsageError(
                    f"{name} needs to make maps of its own, which it cannot of another tool's: leave it out."
                )

    def needing(self, need: str) -> dict[str, Metric]:
        """The metrics that need this: a key of ``NEEDS``."""
        return {name: metric for name, metric in self.metrics.items() if need in metric.needs}
