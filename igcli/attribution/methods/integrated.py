"""Integrated gradients (arXiv 1611.02639, eq. 5 and 6; arXiv 1703.01365, eq. 1)."""

from __future__ import annotations

from collections.abc import Mapping

from igcli.attribution.map_error import MapError
from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.path_integral import PathIntegral
from igcli.attribution.quadrature import Nodes
from igcli.attribution.reference_path import ReferencePath, SampleError
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("integrated", summary="gradients accumulated along the path: sums to the score's rise")
class IntegratedGradients(Method):
    """∫ ∂F/∂x(γ(α)) ⊙ γ′(α) dα; along the straight path Δ ⊙ ∫ ∂F/∂x(γ(α)) dα."""

    complete = over_references = True

    def start(self, path: Path, nodes: Nodes) -> None:
        """Begin at zero."""
        self._sum = PathIntegral(path)
        self._error = SampleError(path) if isinstance(path, ReferencePath) else MapError(path, nodes)

    def take(self, chunk: Chunk) -> None:
        """Add the chunk's weighted gradients."""
        self._sum.add(chunk)
        self._error.add(chunk)

    def finish(self) -> torch.Tensor:
        """Signed, in score units; sums to F(x) − F(x′) but for the completeness gap."""
        return self._sum.value()

    def expected_error(self) -> float:
        """By how much the gradient changes between the points; see :mod:`~igcli.attribution.map_error`.

        Of a mean over reference samples, its standard error.
        """
        return self._error.estimate()

    def extras(self) -> Mapping[str, float]:
        """Of a mean over reference samples: how many, and the standard error of the map's sum."""
        if not isinstance(self._error, SampleError):
            return {}
        return {"baselines": self._error.references, "sum_error": self._error.of_sum()}
