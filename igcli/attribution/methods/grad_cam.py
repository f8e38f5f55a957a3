"""Grad-CAM (Selvaraju et al. 2017, arXiv 1610.02391, eq. 1 and 2), at the last layer that is still a grid."""

from __future__ import annotations

from igcli.attribution.methods.grid_layer import GridLayer, last_grid_layer
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.network_copy import OnNetworkCopy
from igcli.errors import IgError, UsageError
from igcli.lazy import torch
from igcli.models.model import Model

_NO_GRID = (
    "grad-cam needs a layer whose output is a grid over the input, and no layer of this network passes the test for "
    "it: choose another method, such as integrated or occlusion."
)


@METHODS("grad-cam", summary="the last spatial layer's channels, weighted by their gradient: coarse, positive")
class GradCam(OnNetworkCopy):
    """ReLU(Σ_k mean gradient_k · activation_k), enlarged to the photo; each channel of the photo gets an equal part."""

    changes_activations = False
    pixelwise = False

    @classmethod
    def check_network(cls, model: Model) -> None:
        """Raise ``UsageError`` for a network without a layer that is a grid."""
        shape = model.input_shape
        if shape is None:  # the samples themselves will tell
            return
        try:
            layer = last_grid_layer(model, shape)
        except IgError:
            raise
        except Exception:  # a network of one's own that takes no input of this size: the photo itself will tell
            return
        if layer is None:
            raise UsageError(_NO_GRID)

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """(1, C, H, W): a coarse map, nowhere negative."""
        layer = last_grid_layer(self.context.model, tuple(values.shape[1:]))
        if layer is None:
            raise UsageError(_NO_GRID)
        activations, gradients = _at(network, layer, values)
        weights = gradients.mean(dim=(2, 3), keepdim=True)
        coarse = (weights * activations).sum(dim=1, keepdim=True).relu()
        fine = torch.nn.functional.interpolate(coarse, values.shape[2:], mode="bilinear", align_corners=False)
        return fine.expand_as(values) / values.shape[1]


def _at(network: torch.nn.Module, layer: GridLayer, pixels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer's activations and the score's gradient by them, (1, K, h, w) each."""
    outputs: list[torch.Tensor] = []
    module = dict(network.named_modules())[f"network.{layer.name}"]
    module.register_forward_hook(lambda _module, _inputs, output: outputs.append(output))
    score = network(pixels).sum()
    (gradient,) = torch.autograd.grad(score, outputs[-1])
    return layer.grid(outputs[-1].detach()), layer.grid(gradient)
