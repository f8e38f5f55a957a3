"""Guided backpropagation (Springenberg et al. 2014, arXiv 1412.6806), by Captum."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.relu_premise import few_relus
from igcli.lazy import torch
from igcli.models.model import Model


@METHODS("guided-backprop", summary="the gradient, with ReLUs passing back only what is positive (Captum)")
class GuidedBackprop(FromCaptum):
    """A gradient that drops negative signals at every ReLU, on top of those that the ReLU itself stops."""

    @classmethod
    def unmet_premise(cls, model: Model) -> str:
        """Without ReLUs it is the gradient."""
        return few_relus(model)

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score per pixel unit."""
        found: torch.Tensor = captum_attr().GuidedBackprop(network).attribute(pixels)
        return found
