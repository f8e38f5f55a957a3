"""The sum that every integration along a path is: Σ_j g(γ(α_j)) ⊙ (γ(e_{j+1}) − γ(e_j)).

The point α_j stands for the part of the path from e_j to e_{j+1}. The moves sum to x − x′ exactly, so that the map of a
linear score is exact with any number of points. On the straight path the moves are w_j (x − x′): the weighted gradients
are summed, and multiplied once.
"""

from __future__ import annotations

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.path import Path
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


class PathIntegral:
    """The sum over the points of one path, chunk by chunk."""

    def __init__(self, path: Path) -> None:
        self._velocity = path.velocity
        self._sum = RunningSum(path.end)

    def add(self, chunk: Chunk, here: slice = slice(None), *, factors: torch.Tensor | None = None) -> None:
        """Add the part ``here`` of a chunk's points, which may be empty, each times one of ``factors`` if given."""
        weights, gradients = chunk.weights[here], chunk.gradients[here]
        if not len(weights):
            return
        if self._velocity is not None:
            own = weights if factors is None else weights * factors
            self._sum.add(torch.einsum("n,n...->...", own, gradients))
        elif factors is None:
            self._sum.add((gradients * chunk.moves[here]).sum(dim=0))
        else:
            self._sum.add(torch.einsum("n,n...->...", factors, gradients * chunk.moves[here]))

    def value(self) -> torch.Tensor:
        """The sum so far, in score units, in the precision it is kept in."""
        return self._sum.value() if self._velocity is None else self._sum.value() * self._velocity


def slopes(chunk: Chunk) -> torch.Tensor:
    """∂F/∂α = Σ ∂F/∂x ⊙ γ′ at a chunk's points, (N,); on a path that bends, the mean over the part of the path."""
    if (velocity := chunk.path.velocity) is not None:
        return (chunk.gradients * velocity).flatten(1).sum(dim=1)
    rises = (chunk.gradients * chunk.moves).flatten(1).sum(dim=1)
    return torch.where(chunk.weights != 0, rises / chunk.weights, 0.0)
