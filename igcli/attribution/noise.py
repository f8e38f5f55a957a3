"""Noisy copies of a photo, to average maps over (Smilkov et al. 2017, arXiv 1706.03825)."""

from __future__ import annotations

from igcli.lazy import torch

# The copies' seeds lie far from those of noise baselines, so that the two kinds of noise are not the same numbers.
# Within 32 bits: of a longer seed, the generator drops the rest.
_APART, _SEEDS = 0x9E3779B9, 1 << 32


def noisy_copy(pixels: torch.Tensor, copy: int, *, seed: int, sigma: float) -> torch.Tensor:
    """The photo (C, H, W) plus Gaussian noise; not clipped, so that the mean of many copies is the photo.

    Parameters
    ----------
    copy
        Which one, from 0 on: each has its own noise, whatever the number of copies.
    seed
        The noise depends on it and on ``copy`` alone; the global generator is left as it is.
    sigma
        The standard deviation, as a share of the photo's own range, max − min.
    """
    generator = torch.Generator().manual_seed((seed + copy + _APART) % _SEEDS)
    noise = torch.randn(pixels.shape, generator=generator, dtype=torch.float32).to(pixels)
    return pixels + sigma * (pixels.max() - pixels.min()) * noise
