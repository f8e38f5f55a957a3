"""Deconvolution (Zeiler and Fergus 2013, arXiv 1311.2901), by Captum."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.relu_premise import few_relus
from igcli.lazy import torch
from igcli.models.model import Model


@METHODS("deconvolution", summary="the signal passed back through ReLUs applied to itself, not to the photo (Captum)")
class Deconvolution(FromCaptum):
    """A gradient in which every ReLU looks at the signal on its way back instead of that on its way forth."""

    @classmethod
    def unmet_premise(cls, model: Model) -> str:
        """Without ReLUs it is the gradient."""
        return few_relus(model)

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W), in score per pixel unit."""
        found: torch.Tensor = captum_attr().Deconvolution(network).attribute(pixels)
        return found
