"""Sums over many path points without losing digits: float64 where the device has it, compensated elsewhere."""

from __future__ import annotations

from igcli.lazy import torch


class RunningSum:
    """The sum of tensors of one shape, one after another.

    Kept in float64 on the device, or, on MPS, which has none, in float32 with Kahan's compensation.
    """

    def __init__(self, like: torch.Tensor) -> None:
        self._compensated = like.device.type == "mps"
        self._sum = torch.zeros_like(like, dtype=torch.float32 if self._compensated else torch.float64)
        self._lost = torch.zeros_like(self._sum) if self._compensated else None

    def add(self, term: torch.Tensor) -> None:
        """Add ``term``."""
        if self._lost is None:
            self._sum += term
            return
        corrected = term - self._lost
        total = self._sum + corrected
        self._lost = (total - self._sum) - corrected
        self._sum = total

    def value(self) -> torch.Tensor:
        """The sum so far, in the precision it is kept in."""
        return self._sum
