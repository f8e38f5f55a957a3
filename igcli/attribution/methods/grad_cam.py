"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391), by Captum, at the last layer that is still a grid."""

from __future__ import annotations

from igcli.attribution.methods.from_captum import FromCaptum, captum_attr
from igcli.attribution.methods.method import METHODS
from igcli.errors import UsageError
from igcli.lazy import torch


@METHODS("grad-cam", summary="the last spatial layer's channels, weighed by their gradient: coarse, positive (Captum)")
class GradCam(FromCaptum):
    """ReLU(Σ_k mean gradient_k · activation_k), enlarged to the photo; each channel of the photo gets an equal part."""

    changes_activations = False
    pixelwise = False

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W): a coarse map, nowhere negative."""
        attr = captum_attr()
        layer = last_spatial_layer(network, pixels)
        coarse = attr.LayerGradCam(network, layer).attribute(pixels, relu_attributions=True)
        fine = torch.nn.functional.interpolate(coarse, pixels.shape[2:], mode="bilinear", align_corners=False)
        return fine.expand_as(pixels) / pixels.shape[1]


def last_spatial_layer(network: torch.nn.Module, pixels: torch.Tensor) -> torch.nn.Module:
    """The module that finishes last among those whose output (N, K, h, w) has more than one place."""
    finished: list[torch.nn.Module] = []

    def note(module: torch.nn.Module, _inputs: object, output: object) -> None:
        if isinstance(output, torch.Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1:
            finished.append(module)

    hooks = [module.register_forward_hook(note) for module in network.modules()]
    with torch.no_grad():
        network(pixels)
    for hook in hooks:
        hook.remove()
    if not finished:
        raise UsageError("Grad-CAM needs a layer whose output is a grid over the photo: this network has none.")
    return finished[-1]
