"""What a user would write instead: torchvision's network, Captum's and PAIR's integrated gradients, as documented.

Nothing of igcli takes part but the weights and the labels' number: what igcli sets for its own process is not set here.
"""

from __future__ import annotations

from collections.abc import Callable

import captum.attr
import numpy as np
import saliency.core as pair
import torch
import torchvision

from igcli.bundled.input import MEAN, STD
from igcli.models.caltech101 import LABELS, WEIGHTS

_GRADIENTS = pair.INPUT_OUTPUT_GRADIENTS


def network(device: str, *, channels_last: bool) -> torch.nn.Module:
    """Pixels (N, 3, H, W) in [0, 1] -> probabilities (N, K); weights stored as torchvision does, or channels-last."""
    googlenet = torchvision.models.GoogLeNet(
        num_classes=len(LABELS.read_text(encoding="utf-8").splitlines()),
        aux_logits=False,
        transform_input=False,
        init_weights=False,
    )
    googlenet.load_state_dict(torch.load(WEIGHTS, weights_only=True))
    normalise = torchvision.transforms.Normalize(MEAN, STD)
    whole = torch.nn.Sequential(normalise, googlenet, torch.nn.Softmax(dim=1))
    whole.eval().requires_grad_(requires_grad=False).to(device)
    return whole.to(memory_format=torch.channels_last) if channels_last else whole


def with_captum(
    model: torch.nn.Module, pixels: torch.Tensor, target: int, steps: int, batch: int | None, *, method: str
) -> torch.Tensor:
    """Captum's map (C, H, W) for pixels (C, H, W) on the model's device."""
    explainer = captum.attr.IntegratedGradients(model)
    (values,) = explainer.attribute(
        pixels[None], target=target, n_steps=steps, method=method, internal_batch_size=batch
    )
    found: torch.Tensor = values.detach()
    return found


def with_saliency(
    model: torch.nn.Module, pixels: torch.Tensor, target: int, steps: int, batch: int | None
) -> torch.Tensor:
    """The map (C, H, W) of PAIR's library."""

    def call(points: np.ndarray, call_model_args: object, expected_keys: object) -> dict[str, np.ndarray]:
        # Pictures in its own order (N, H, W, C) are channels-last to the network without a copy.
        asked = torch.from_numpy(points).to(pixels.device, torch.float32).requires_grad_()
        scores = model(asked.permute(0, 3, 1, 2))[:, target]
        (gradients,) = torch.autograd.grad(scores.sum(), asked)
        return {_GRADIENTS: gradients.cpu().numpy()}

    photo = pixels.permute(1, 2, 0).contiguous().cpu().numpy()
    values = pair.IntegratedGradients().GetMask(photo, call, x_steps=steps, batch_size=batch or 1)
    return torch.from_numpy(values).permute(2, 0, 1)


Way = Callable[[torch.nn.Module, torch.Tensor, int, int, "int | None"], torch.Tensor]
