"""The path in cells, each with one point that stands for it: placed by a density, refined where the score disagrees.

The midpoint rule on unequal cells. What a point says of the score between itself and the next one is checked against
the score itself, which comes with every gradient. Nothing here knows of samples or networks.
"""

from __future__ import annotations

from dataclasses import dataclass

from igcli.attribution.quadrature import Nodes
from igcli.lazy import np

#: No point is put between two that are nearer than this: float32 could hardly distinguish them.
_NARROWEST = 1e-5


@dataclass(frozen=True)
class Cells:
    """A partition of [0, 1] with a point in each part.

    Attributes
    ----------
    alphas
        (N,) float64, rising.
    edges
        (N + 1,) float64, from 0 to 1; ``edges[i] <= alphas[i] <= edges[i + 1]``.
    """

    alphas: np.ndarray
    edges: np.ndarray

    @classmethod
    def placed(cls, count: int, density: np.ndarray) -> Cells:
        """``count`` cells that hold equal shares of a density on equal parts of [0, 1], their points in the middle."""
        share = np.concatenate([[0.0], np.cumsum(density / density.sum())])
        share[-1] = 1.0
        edges = np.interp(np.linspace(0, 1, count + 1), share, np.linspace(0, 1, len(share)))
        return cls((edges[:-1] + edges[1:]) / 2, edges)

    def __len__(self) -> int:
        return len(self.alphas)

    @property
    def nodes(self) -> Nodes:
        """The points, each with its cell's width for a weight."""
        return Nodes(self.alphas, np.diff(self.edges), np.stack([self.edges[:-1], self.edges[1:]], axis=1))

    def residuals(self, scores: np.ndarray, slopes: np.ndarray, *, ends: tuple[float, float]) -> np.ndarray:
        """(N + 1,): by how much the score grows more than the points say, from 0 to the first, to the next, ..., to 1.

        Their sum is F(1) − F(0) less what the map sums to.

        Parameters
        ----------
        scores, slopes
            (N,), F and ∂F/∂α at the points.
        ends
            F at 0 and at 1.
        """
        left, right = (self.alphas - self.edges[:-1]) * slopes, (self.edges[1:] - self.alphas) * slopes
        said = np.concatenate([left, [0.0]]) + np.concatenate([[0.0], right])
        grown = np.diff(np.concatenate([ends[:1], scores, ends[1:]]))
        gaps: np.ndarray = grown - said
        return gaps

    def refined(self, residuals: np.ndarray, count: int) -> Cells:
        """At most ``count`` points more, in the middle between those where the residuals are largest.

        Three cells then meet where two did: neighbours give way by half of the distance to the new point.
        """
        around = np.concatenate([[0.0], self.alphas, [1.0]])
        eligible = np.where(np.diff(around) > _NARROWEST, np.abs(residuals), -1.0)
        worst = np.argsort(-eligible, kind="stable")[:count]
        worst = worst[eligible[worst] >= 0]
        new = (around[worst] + around[worst + 1]) / 2
        alphas = np.sort(np.concatenate([self.alphas, new]))
        meeting = np.concatenate([
            np.delete(self.edges[1:-1], worst[(worst > 0) & (worst < len(self))] - 1),
            ((around[worst] + new) / 2)[worst > 0],
            ((new + around[worst + 1]) / 2)[worst < len(self)],
        ])  # fmt: skip
        return Cells(alphas, np.concatenate([[0.0], np.sort(meeting), [1.0]]))
