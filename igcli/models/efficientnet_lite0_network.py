"""The layers of EfficientNet-Lite0, from torchvision's blocks; the weights are in ``efficientnet_lite0``.

This file imports torch and torchvision.
"""

from __future__ import annotations

from functools import partial

import torch
from torch import nn
from torch.nn import functional
from torchvision.ops import Conv2dNormActivation

#: expansion, kernel, stride, channels, repeats of each stage (Tan and Le, table 1)
STAGES = (
    (1, 3, 1, 16, 1),
    (6, 3, 2, 24, 2),
    (6, 5, 2, 40, 2),
    (6, 3, 2, 80, 3),
    (6, 5, 1, 112, 3),
    (6, 5, 2, 192, 4),
    (6, 3, 1, 320, 1),
)
STEM, HEAD = 32, 1280


class EfficientNetLite0(nn.Module):
    """Logits (N, classes) of pictures (N, 3, H, W), normalised."""

    def __init__(self, classes: int = 1000) -> None:
        super().__init__()
        self.stem = _convolution(3, STEM, kernel=3, stride=2)
        blocks: list[nn.Module] = []
        width = STEM
        for expansion, kernel, stride, channels, repeats in STAGES:
            for repeat in range(repeats):
                blocks.append(InvertedResidual(width, channels, expansion, kernel, stride if repeat == 0 else 1))
                width = channels
        self.blocks = nn.Sequential(*blocks)
        self.head = _convolution(width, HEAD, kernel=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(HEAD, classes)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits (N, classes)."""
        features = self.pool(self.head(self.blocks(self.stem(pictures))))
        logits: torch.Tensor = self.classifier(torch.flatten(features, 1))
        return logits


class InvertedResidual(nn.Module):
    """A wide depthwise convolution between two pointwise ones, added to its input where their shapes agree."""

    def __init__(self, channels: int, out: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = channels * expansion
        layers = [_convolution(channels, wide, kernel=1)] if expansion > 1 else []
        layers += [
            _convolution(wide, wide, kernel=kernel, stride=stride, groups=wide),
            _convolution(wide, out, kernel=1, activation=None),
        ]
        self.layers = nn.Sequential(*layers)
        self.is_added = stride == 1 and channels == out

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) to (N, C', H', W')."""
        changed: torch.Tensor = self.layers(features)
        return features + changed if self.is_added else changed


class SamePadding(nn.Module):
    """TensorFlow's "same" padding before a convolution of stride 2: an even side gets one row less at its start."""

    def __init__(self, kernel: int) -> None:
        super().__init__()
        self.after = kernel // 2

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W), padded with zeros."""
        top, left = (self.after - 1 + side % 2 for side in (features.shape[2], features.shape[3]))
        return functional.pad(features, (left, self.after, top, self.after))


def _convolution(
    channels: int,
    out: int,
    *,
    kernel: int,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU6,
) -> nn.Module:
    """A convolution, its batch normalisation and ReLU6."""
    layers = Conv2dNormActivation(
        channels,
        out,
        kernel,
        stride,
        padding=0 if stride > 1 else kernel // 2,
        groups=groups,
        norm_layer=partial(nn.BatchNorm2d, eps=1e-3),
        activation_layer=activation,
    )
    return nn.Sequential(SamePadding(kernel), layers) if stride > 1 else layers
