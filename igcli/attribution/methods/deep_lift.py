"""DeepLIFT with the rescale rule (Shrikumar et al. 2017, arXiv 1704.02685), by Captum."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.errors import UsageError
from igcli.lazy import torch


@METHODS("deep-lift", summary="differences from the baseline passed back layer by layer (Captum)")
class DeepLift(FromCaptum):
    """Multipliers Δout/Δin in place of gradients at every activation, times x − x′."""

    from_baseline = True

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score units."""
        if self.context.model.batching.one_at_a_time:
            raise UsageError(
                "deep-lift passes photo and baseline through the network in one batch, and this network must be given "
                "one picture at a time: use --method integrated."
            )
        baseline = self.context.path.baseline[None].clone()
        found: torch.Tensor = captum_attr().DeepLift(network).attribute(pixels, baselines=baseline)
        return found
