"""A network of pictures in blue, green, red, as OpenCV reads them, behind an input in red, green, blue."""

from __future__ import annotations

from typing import Any

import torch


class ReversedChannels(torch.nn.Module):
    """The network, given its channels in reverse order; so are the mean and standard deviation before it."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: torch.Tensor) -> Any:
        """What the network returns for pixels (N, 3, H, W)."""
        return self.network(pixels.flip(1))
