"""The gradient at the photo itself (arXiv 1611.02639, eq. 1; Simonyan et al. 2013)."""

from __future__ import annotations

from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("gradient", summary="the gradient at the photo itself: cheap, and blind where the network saturates")
class Gradient(Method):
    """∂F/∂x at α = 1: one point of the path, which the sweep visits anyway or once more."""

    alphas = (1.0,)
    integrates = False
    uses_steps = False
    from_baseline = False

    def take(self, chunk: Chunk) -> None:
        """Keep the last point."""
        at_photo = chunk.alphas == 1
        if bool(at_photo.any()):
            self._gradient = chunk.gradients[at_photo][0].clone()

    def finish(self) -> torch.Tensor:
        """∂F/∂x, (C, H, W)."""
        return self._gradient
