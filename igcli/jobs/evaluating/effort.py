"""What an evaluation has cost so far: gradients for maps, forward passes for metrics, and the time of both."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields

from igcli.lazy import torch
from igcli.models.classifier import Classifier


@dataclass
class Effort:
    """Seconds and passes so far.

    Attributes
    ----------
    gradients, gradient_seconds
        For maps.
    passes, pass_seconds
        Forward only, for metrics; all that is done around them is in the time.
    """

    gradients: int = 0
    gradient_seconds: float = 0.0
    passes: int = 0
    pass_seconds: float = 0.0
    _sampled: int = 0
    _sampled_seconds: float = 0.0

    def add(self, other: Effort) -> None:
        """Add what another process has done; seconds are then those of all processes together."""
        for each in fields(self):
            setattr(self, each.name, getattr(self, each.name) + getattr(other, each.name))

    @property
    def bare_seconds(self) -> float:
        """Seconds for as many passes alone, estimated from the samples; 0 without samples."""
        return self.passes * self._sampled_seconds / self._sampled if self._sampled else 0.0

    @contextmanager
    def of_gradients(self) -> Iterator[None]:
        """Count the time of the block as that of gradients."""
        began = time.perf_counter()
        yield
        self.gradient_seconds += time.perf_counter() - began

    @contextmanager
    def of_passes(self) -> Iterator[None]:
        """Count the time of the block as that of forward passes."""
        began = time.perf_counter()
        yield
        self.pass_seconds += time.perf_counter() - began

    def sample(self, model: Classifier, pixels: torch.Tensor, size: int) -> None:
        """Time one forward pass of ``size`` pictures alone, as a sample of what passes cost now."""
        model = model.optimised()
        chunk = pixels.to(model.device, model.dtype).expand(size, *pixels.shape)
        chunk = chunk.contiguous(memory_format=torch.channels_last)
        with model.frozen(), torch.no_grad():
            began = time.perf_counter()
            model(chunk).cpu()
        self._sampled += size
        self._sampled_seconds += time.perf_counter() - began
