"""Layer-wise relevance propagation (Bach et al. 2015), by Captum, with its ε rule."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.lazy import torch


@METHODS("lrp", summary="the raw output handed back layer by layer, --score logit only (Captum)")
class Lrp(FromCaptum):
    """Each layer shares its relevance out over its inputs in proportion to what they contributed."""

    scores = ("logit",)
    sums_to = "score"

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score units."""
        del network.softmax  # not part of the logit, and Captum would ask for its rule
        found: torch.Tensor = captum_attr().LRP(network).attribute(pixels)
        return found
