"""Integrated decision gradients (Walker, Jha, Chen, Ewetz 2023, arXiv 2305.20052).

Each gradient counts as much as the score grows where it is taken, so that the plateau, where nothing is decided any
more, counts for nothing.

Here the growth is the slope of the score at the point itself, ∂F/∂α = Σ ∂F/∂x ⊙ γ′, which the gradient gives with no
further pass; the points are those of the sweep, for whose gradients nothing is paid where others integrate too. The
authors' code (chasewalker26/Integrated-Decision-Gradients) takes the slope from the difference of the score to the
point before, and places the points by a first pass at even α, in proportion to the slope less the smallest one. Parts
of the path that get no point there are left out, so that more points do not come nearer to the integral; they shift all
that follow towards α = 0, and the mean over N makes the map N times smaller: neither of the two is in the paper. It
explains the logit, from 0 in normalised units: ``--score logit --baseline grey``.
"""

from __future__ import annotations

from collections.abc import Mapping

from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.path_integral import PathIntegral, slopes
from igcli.attribution.quadrature import Nodes
from igcli.attribution.reference_path import ReferencePath, SampleError
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("decision", summary="gradients weighted by the score's growth where they are taken: the plateau has no weight")
class DecisionGradients(Method):
    """∫ ∂F/∂x(γ(α)) ⊙ γ′(α) · ∂F/∂α dα, in squared score units; no gradients beyond those of the sweep."""

    over_references = True

    def start(self, path: Path, nodes: Nodes) -> None:
        """Begin at zero."""
        self._sum = PathIntegral(path)
        self._error = SampleError(path) if isinstance(path, ReferencePath) else None

    def take(self, chunk: Chunk) -> None:
        """Add the chunk's gradients, each times its weight and the slope there."""
        factors = slopes(chunk)
        self._sum.add(chunk, factors=factors)
        if self._error is not None:
            self._error.add(chunk, factors=factors)

    def finish(self) -> torch.Tensor:
        """Signed: positive where a value moves the score the way that the score goes there; sums to ∫ (∂F/∂α)² dα."""
        return self._sum.value()

    def expected_error(self) -> float | None:
        """The standard error of a mean over reference samples."""
        return None if self._error is None else self._error.estimate()

    def extras(self) -> Mapping[str, float]:
        """Of a mean over reference samples: how many references."""
        return {} if self._error is None else {"baselines": self._error.references}
