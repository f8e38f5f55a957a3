"""What each atom and each pair of atoms contributes to the score: an attribution, read as numbers of a molecule."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from igcli.lazy import np, torch
from igcli.molecules.features import Graph


@dataclass(frozen=True)
class PairContribution:
    """Two atoms, how many bonds apart they are, and what their pair contributes: (i, j) and (j, i) together."""

    first: int
    second: int
    distance: int
    value: float


@dataclass(frozen=True)
class Contributions:
    """Signed contributions, in units of the score; all together they are F(x) − F(0) but for the completeness gap.

    Attributes
    ----------
    atoms
        (n,) float64.
    pairs
        Each unordered pair of near atoms once, by its first atom and its second.
    """

    atoms: np.ndarray
    pairs: tuple[PairContribution, ...]

    @classmethod
    def of(cls, graph: Graph, parts: tuple[torch.Tensor, ...]) -> Contributions:
        """Read them off an attribution's parts, (n, a) and (p, f), which may be filled up with rows of zeros."""
        atoms, pairs = (part.double().sum(1).numpy() for part in parts)
        distances = graph.distances.tolist()
        together: dict[tuple[int, int], tuple[int, float]] = {}
        for row, (i, j) in enumerate(graph.index.tolist()):
            key = (min(i, j), max(i, j))
            _, value = together.get(key, (0, 0.0))
            together[key] = (distances[row], value + float(pairs[row]))
        found = tuple(PairContribution(i, j, away, value) for (i, j), (away, value) in sorted(together.items()))
        return cls(atoms[: len(graph.atoms)], found)

    @cached_property
    def sums(self) -> dict[str, float]:
        """Of all atoms, of the pairs with a bond, and of the other pairs."""
        return {
            "atoms": float(self.atoms.sum()),
            "bonded_pairs": sum(pair.value for pair in self.pairs if pair.distance == 1),
            "other_pairs": sum(pair.value for pair in self.pairs if pair.distance > 1),
        }

    @property
    def matrix(self) -> np.ndarray:
        """(n, n), symmetric: atoms on the diagonal, and half of a pair's contribution on each side of it.

        NaN where two atoms are no pair. It sums to all contributions.
        """
        size = len(self.atoms)
        matrix = np.full((size, size), np.nan)
        np.fill_diagonal(matrix, self.atoms)
        for pair in self.pairs:
            matrix[pair.first, pair.second] = matrix[pair.second, pair.first] = pair.value / 2
        return matrix
