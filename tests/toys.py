"""Small models whose truth is known, and pictures to put through them."""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from igcli.images.options import View
from igcli.images.picture import Picture, Placement
from igcli.models.batching import TOGETHER
from igcli.models.classifier import Classifier
from igcli.models.labels import Labels

SIDE = 12

trapezoid = getattr(np, "trapezoid", None) or np.trapz


class Quadratic(nn.Module):
    """Logits q_k(x) = Σ_i a_ki x_i² + b_ki x_i: integrated gradients are known in closed form."""

    def __init__(self, classes: int = 3, inputs: int = 3 * SIDE * SIDE) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        self.square = nn.Parameter(torch.randn(classes, inputs, generator=generator))
        self.linear = nn.Parameter(torch.randn(classes, inputs, generator=generator))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        flat = x.flatten(1)
        return flat.square() @ self.square.T + flat @ self.linear.T


def small_network(*, seed: int = 3, classes: int = 5) -> nn.Module:
    """Convolution, batch norm, ReLU, max-pool, dropout, linear: every trap in a few parameters."""
    torch.manual_seed(seed)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.ReLU(inplace=True),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.5),
        nn.Linear(48, classes),
    )
    with torch.no_grad():
        network[1].running_mean.normal_()
        network[1].running_var.uniform_(0.5, 2)
        network[-1].weight.mul_(60)  # confident enough to saturate
    return network


def classifier(network: nn.Module, *, classes: int, size: int = SIDE) -> Classifier:
    labels = Labels([f"class {chr(97 + i)}" for i in range(classes)])
    model = Classifier(network, labels, view=View(size=size, resize=size), mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))
    model.batching = TOGETHER  # known, so that tests can count passes: it is not tried at its first use
    return model


def random_picture(*, seed: int = 0, size: int = SIDE, dtype: torch.dtype = torch.float32) -> Picture:
    generator = torch.Generator().manual_seed(seed)
    pixels = torch.rand((3, size, size), generator=generator, dtype=torch.float64).to(dtype)
    return Picture(pixels, original_size=(size, size), placement=Placement("crop", (0.0, 0.0, size, size)))


def count_gradients(model):
    """Counts the pictures that pass forward with a gradient to come."""
    counted = []
    model.network.register_forward_pre_hook(lambda _, inputs: counted.append(len(inputs[0]) * inputs[0].requires_grad))
    return counted
