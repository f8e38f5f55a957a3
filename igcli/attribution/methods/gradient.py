"""The gradient at the sample itself, and what follows from it at once: times the difference, and smoothed."""

from __future__ import annotations

from igcli.attribution.methods.method import METHODS, Method
from igcli.attribution.sweep import Chunk
from igcli.lazy import torch


@METHODS("gradient", summary="the gradient at the photo itself: cheap, and blind where the network saturates")
class Gradient(Method):
    """∂F/∂x at α = 1 (arXiv 1611.02639, eq. 1; Simonyan et al. 2013).

    One point of the path, which the sweep visits anyway or once more.
    """

    alphas = (1.0,)
    integrates = False
    uses_steps = False
    from_baseline = False

    def take(self, chunk: Chunk) -> None:
        """Keep the last point."""
        at_end = chunk.alphas == 1
        if bool(at_end.any()):
            self._gradient = chunk.gradients[at_end][0].clone()

    def finish(self) -> torch.Tensor:
        """∂F/∂x."""
        return self._gradient


@METHODS("input-x-gradient", summary="the gradient at the photo times the photo's difference from the baseline")
class InputXGradient(Gradient):
    """(x − x′) ⊙ ∂F/∂x(x), in score units: the first-order guess at what each value adds (arXiv 1605.01713).

    With a black baseline, input times gradient. It is the integral along the path by its last point alone, so exact
    where the score is linear.
    """

    from_baseline = True

    def finish(self) -> torch.Tensor:
        """Signed, in score units."""
        return super().finish() * self.context.path.displacement


@METHODS("smooth-gradient", summary="the gradient's mean over noisy copies of the photo (25, or --smooth N)")
class SmoothGradient(Gradient):
    """Mean over n of ∂F/∂x at x + noise_n (arXiv 1706.03825): what ``gradient`` becomes with ``--smooth 25``."""

    copies = 25
