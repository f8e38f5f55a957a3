"""The Classifier: a network, its normalisation and its labels, callable on pixels in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from igcli.images.view import View as View
from igcli.lazy import torch

if TYPE_CHECKING:
    from igcli.models.labels import Labels


@dataclass(frozen=True)
class Provenance:
    """Which network this is: its name, what its weights are called, and the SHA-256 of their file."""

    name: str
    weights: str | None = None
    sha256: str | None = None


class Classifier:
    """A network that takes pixels in [0, 1] and returns logits; normalisation happens inside.

    Parameters
    ----------
    network
        Any module from normalised images (N, C, H, W) to logits (N, K).
    labels
        K class names.
    view
        The input the network was trained on.
    mean, std
        Per channel, in pixel units [0, 1].
    provenance
        For the record.
    caveat
        What a reader of this model's predictions must not miss, or nothing.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Labels,
        *,
        view: View | None = None,
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
        provenance: Provenance | None = None,
        caveat: str = "",
    ) -> None:
        self.network = network
        self.labels = labels
        self.view = view or View()
        self.mean, self.std = mean, std
        self.provenance = provenance or Provenance(type(network).__name__)
        self.caveat = caveat

    @property
    def input_size(self) -> int:
        """The side of the square input, in pixels."""
        return self.view.size

    @property
    def device(self) -> torch.device:
        """Where the network's parameters live (the CPU for a network without any)."""
        return next((p.device for p in self.network.parameters()), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of the network's parameters."""
        return next((p.dtype for p in self.network.parameters() if p.is_floating_point()), torch.float32)

    def __call__(self, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (N, K) of pixels (N, C, H, W) in [0, 1]."""
        mean, std = (
            torch.tensor(v, device=pixels.device, dtype=pixels.dtype)[:, None, None] for v in (self.mean, self.std)
        )
        logits: torch.Tensor = self.network((pixels - mean) / std)
        return logits

    def layers(self) -> list[str]:
        """Names of the network's modules, blocks and their parts alike, in the order they are built."""
        return [name for name, _ in self.network.named_modules() if name]

    @contextmanager
    def frozen(self) -> Iterator[Classifier]:
        """Evaluation mode and no parameter gradients inside the block; the network's own state again after it."""
        modes = [(module, module.training) for module in self.network.modules()]
        needs = [(parameter, parameter.requires_grad) for parameter in self.network.parameters()]
        try:
            self.network.eval()
            self.network.requires_grad_(requires_grad=False)
            yield self
        finally:
            for module, training in modes:
                module.training = training
            for parameter, required in needs:
                parameter.requires_grad_(required)
