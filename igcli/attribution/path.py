"""The straight path of counterfactuals from a baseline to the photo, in pixel space (arXiv 1611.02639, §2.3)."""

from __future__ import annotations

from dataclasses import dataclass

from igcli.lazy import torch


@dataclass(frozen=True)
class Path:
    """γ(α) = x′ + α (x − x′), for α in [0, 1].

    Attributes
    ----------
    baseline, pixels
        x′ and x, both (C, H, W) in [0, 1] pixel units: black is 0, before any normalisation.
    """

    baseline: torch.Tensor
    pixels: torch.Tensor

    @property
    def displacement(self) -> torch.Tensor:
        """Δ = x − x′, (C, H, W)."""
        return self.pixels - self.baseline

    @property
    def between(self) -> tuple[int, int]:
        """The same for all paths between the very same two tensors, as long as these live."""
        return id(self.baseline), id(self.pixels)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The counterfactuals (N, C, H, W) at ``alphas`` (N,); exact at both ends. Written into ``out`` if given."""
        weights = alphas.to(self.pixels)[:, None, None, None]
        # lerp rather than x′ + αΔ: at α = 1 the latter misses x by a rounding
        return torch.lerp(self.baseline[None], self.pixels[None], weights, out=out)

    def to(self, device: torch.device, dtype: torch.dtype) -> Path:
        """The same path on another device, in another precision."""
        return Path(self.baseline.to(device, dtype), self.pixels.to(device, dtype))
