"""Completeness as a metric: how far a map's sum is from the score's rise (arXiv 1703.01365, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from igcli.attribution.completeness import RETURNED, Completeness
from igcli.evaluation.context import Context
from igcli.evaluation.metrics.metric import METRICS, Measured, Metric
from igcli.lazy import np


@METRICS("completeness", summary="how far the map's sum is from the score's rise, relative to it")
@dataclass(frozen=True, kw_only=True)
class CompletenessGap(Metric):
    """The relative gap; 0 at best. It measures the quadrature, not the quality of the map."""

    direction = "lower"
    needs = ("attribution",)

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """As each map's method has found."""
        return {name: self.measure(context.completeness(name)) for name in names}

    def measure(self, found: Completeness | None) -> Measured:
        """The gap of an attribution; ``None`` for a map that was not made by a method, such as a control."""
        if found is not None and found.sums_to == "mean rise":
            return Measured.missing("A mean over samples from a folder of baselines is complete on average only.")
        if found is None or found.within_tolerance is None:
            return Measured.missing("The method does not promise completeness.")
        if found.sums_to != "rise":
            other = "the score itself" if found.sums_to == "score" else "the rise from the end of a path of its own"
            return Measured.missing(f"The map sums to {other}, not to the rise from the baseline.")
        if not np.isfinite(found.relative_gap):
            return Measured.missing("The map's sum is not finite.")
        return Measured(found.relative_gap)

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """The number of gradient evaluations is the explanation's own."""
        return (
            f"|sum of the map − rise of the {score} score| / |rise|, at the given number of gradient evaluations; over "
            f"the score's range along the path where the rise is less than {RETURNED:.0%} of that"
        )
