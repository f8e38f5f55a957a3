"""Maps that know nothing of the network: what any method has to beat.

A control is a function of the photo and a seed; it returns a map of the photo's own shape.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from igcli.lazy import np, torch
from igcli.registry import Registry

Control = Callable[["torch.Tensor", int], "torch.Tensor"]
CONTROLS: Registry[Control] = Registry("control")


@CONTROLS("random", summary="uniform noise, its own for every photo")
def random_map(pixels: torch.Tensor, seed: int = 0) -> torch.Tensor:
    """Every value drawn from [0, 1), (C, H, W): the same for the same pixels and seed, wherever the photo comes up."""
    generator = torch.Generator().manual_seed(photo_seed(pixels, seed))
    return torch.rand(pixels.shape, generator=generator, dtype=torch.float32)


@CONTROLS("sobel", summary="the photo's edges, by Sobel's filter")
def edge_map(pixels: torch.Tensor, seed: int = 0) -> torch.Tensor:  # noqa: ARG001
    """The length of each channel's gradient, (C, H, W), in pixel units per pixel; the border is repeated."""
    channels = pixels.detach().cpu().float()[:, None]
    across = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]) / 8
    padded = torch.nn.functional.pad(channels, (1, 1, 1, 1), mode="replicate")
    both = torch.nn.functional.conv2d(padded, torch.stack([across, across.T])[:, None])
    return both.square().sum(dim=1).sqrt()


def photo_seed(pixels: torch.Tensor, seed: int = 0) -> int:
    """A seed for this very photo (C, H, W), as the model sees it: whatever its name and its place in a folder."""
    values = np.ascontiguousarray(pixels.detach().cpu().float().numpy())
    digest = hashlib.sha256(seed.to_bytes(8, "little", signed=True) + values.tobytes()).digest()
    return int.from_bytes(digest[:4], "little")
