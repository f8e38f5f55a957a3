"""What a method is: a consumer of the sweep that ends with one map."""

from __future__ import annotations

from igcli.attribution.sweep import Consumer
from igcli.lazy import torch
from igcli.registry import Registry


class Method(Consumer):
    """A consumer that turns the gradients of one walk into an attribution map."""

    #: Whether the map's values promise to sum to F(x) − F(x′).
    complete: bool = False

    def finish(self) -> torch.Tensor:
        """The signed map, (C, H, W): in score units for complete methods, in score per pixel unit for others."""
        raise NotImplementedError


METHODS: Registry[type[Method]] = Registry("method")
