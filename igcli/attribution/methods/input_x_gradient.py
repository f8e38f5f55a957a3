"""Gradient times input: the first-order guess at what each pixel adds (Shrikumar et al. 2016, arXiv 1605.01713)."""

from __future__ import annotations

from igcli.attribution.methods.gradient import Gradient
from igcli.attribution.methods.method import METHODS
from igcli.lazy import torch


@METHODS("input-x-gradient", summary="the gradient at the photo times the photo's difference from the baseline")
class InputXGradient(Gradient):
    """(x − x′) ⊙ ∂F/∂x(x), in score units; with a black baseline, input times gradient.

    It is the integral along the path by its last point alone, so exact where the score is linear.
    """

    from_baseline = True

    def finish(self) -> torch.Tensor:
        """(C, H, W)."""
        return super().finish() * self.question.path.displacement
