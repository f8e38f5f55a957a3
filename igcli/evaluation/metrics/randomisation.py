"""Randomisation: does the map depend on what the network has learned? (Adebayo et al. 2018, arXiv 1810.03292, §3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from igcli.errors import UsageError
from igcli.evaluation.context import Context
from igcli.evaluation.maps import MapLike, as_map, flaw
from igcli.evaluation.metrics.metric import METRICS, Measured, Metric
from igcli.evaluation.similarity import Similarity, similarity


@METRICS("randomisation", summary="how alike the map is to that of the same network with random weights")
@dataclass(frozen=True, kw_only=True)
class Randomisation(Metric):
    """The similarity of two maps; 1 for a map that has nothing to do with the network.

    Attributes
    ----------
    compared
        Which similarity: a field of ``Similarity``; the rank correlation of the importances by default.
    seed
        For the random weights.
    top
        How many of the network's layers are random, from the output down; 0 for all of them.
    """

    direction = "lower"
    needs = ("randomised",)

    compared: str = "spearman"
    seed: int = 0
    top: int = 0

    def check(self) -> None:
        """Raise ``UsageError`` for a similarity that does not exist."""
        known = [each.name for each in fields(Similarity)]
        if self.compared not in known:
            raise UsageError(f"There is no similarity called {self.compared!r}. Choose from: {', '.join(known)}.")
        if self.top < 0:
            raise UsageError(f"The number of random layers is 0, for all, or more, not {self.top}.")

    def measured(self, context: Context, names: Sequence[str]) -> Mapping[str, Measured]:
        """Of the same methods' maps for the network with random weights."""
        remade = context.randomised(names, seed=self.seed, top=self.top)
        return {
            name: found if isinstance(found, Measured) else self.measure(context.maps[name], found[0])
            for name, found in remade.items()
        }

    def measure(self, values: MapLike, randomised: MapLike) -> Measured:
        """Compare the map with the one that the same method makes for the randomised network and the same class."""
        complaint = flaw(values)
        if complaint:
            return Measured.missing(complaint)
        other = flaw(randomised, size=(values.shape[-2], values.shape[-1]))
        if other:
            return Measured.missing(f"With random weights: {other[0].lower()}{other[1:]}")
        found = similarity(as_map(values), as_map(randomised))
        return Measured(float(getattr(found, self.compared)))

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With what is compared, and how much is random."""
        layers = f"the last {self.top} layers" if self.top else "all layers"
        return (
            f"{self.compared} similarity, at {size[1]}x{size[0]}, to the map of the network with {layers} drawn "
            f"at random, class held fixed, {score} score"
        )
