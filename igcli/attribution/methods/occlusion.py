"""Occlusion: what the score loses when a patch is covered (Zeiler and Fergus 2013, arXiv 1311.2901), by Captum."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.lazy import torch

#: Patches that fit along the shorter side; each overlaps the next by half.
PATCHES = 14


@METHODS("occlusion", summary="what the score loses when a patch shows the baseline: forward passes only (Captum)")
class Occlusion(FromCaptum):
    """F(x) − F(x with a patch of the baseline), the mean over the patches that cover a pixel."""

    from_baseline = True
    gradients = 0
    changes_activations = False
    pixelwise = False

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score units; each channel of the photo gets an equal part."""
        budget, (_, channels, height, width) = self.context.budget, pixels.shape
        side = max(1, min(height, width) // PATCHES)
        stride = max(1, side // 2)
        baseline = self.context.path.baseline[None]

        def work(start: int, stop: int) -> torch.Tensor:
            with torch.no_grad():
                found: torch.Tensor = (
                    captum_attr()
                    .Occlusion(network)
                    .attribute(
                        pixels.detach(),
                        (channels, side, side),
                        strides=(channels, stride, stride),
                        baselines=baseline,
                        perturbations_per_eval=stop - start,
                    )
                )
            return found / channels

        return next(budget.chunks(budget.size, work))
