"""Integrated gradients (arXiv 1611.02639, eq. 5 and 6; arXiv 1703.01365, eq. 1)."""

from __future__ import annotations

from igcli.attribution.accumulation import RunningSum
from igcli.attribution.map_error import MapError
from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("integrated", summary="gradients accumulated along the path: sums to the score's rise")
class IntegratedGradients(Method):
    """Δ ⊙ ∫ ∂F/∂x(γ(α)) dα."""

    complete = True

    def start(self, path: Path, nodes: Nodes) -> None:
        """Begin at zero."""
        self._displacement = path.displacement
        self._sum = RunningSum(self._displacement)
        self._error = MapError(self._displacement, nodes, path.layout)

    def take(self, chunk: Chunk) -> None:
        """Add the chunk's weighted gradients."""
        self._sum.add(torch.einsum("n,n...->...", chunk.weights, chunk.gradients))
        self._error.add(chunk.start, chunk.gradients)

    def finish(self) -> torch.Tensor:
        """Signed, in score units; sums to F(x) − F(x′) but for the completeness gap."""
        return self._sum.value() * self._displacement

    def expected_error(self) -> float:
        """By how much the gradient changes between the points; see :mod:`~igcli.attribution.map_error`."""
        return self._error.estimate()
