"""The Classifier: a network, its normalisation and its labels, callable on pixels in [0, 1]."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import copy
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
    ends_in_softmax
        The network's outputs are probabilities already; their logarithms stand in for the logits.
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
        ends_in_softmax: bool = False,
    ) -> None:
        self.network = network
        self.labels = labels
        self.view = view or View()
        self.mean, self.std = mean, std
        self.provenance = provenance or Provenance(type(network).__name__)
        self.caveat = caveat
        self.ends_in_softmax = ends_in_softmax

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
        return self.through(self.network, pixels)

    def through(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (N, K) as another network of the same kind gives them: a copy of this classifier's, or a part."""
        mean, std = (
            torch.tensor(v, device=pixels.device, dtype=pixels.dtype)[:, None, None] for v in (self.mean, self.std)
        )
        logits: torch.Tensor = network((pixels - mean) / std)
        return log_of_probabilities(logits) if self.ends_in_softmax else logits

    def recognised(self, outputs: torch.Tensor) -> Classifier:
        """The same classifier, or one over the same network that takes its outputs for the probabilities they are.

        Parameters
        ----------
        outputs
            (N, K), what it returned for some pictures. Rows in [0, 1] that all sum to 1 come from a
            softmax; another one over them would squeeze every score into [1/K, e/(e + K − 1)].
        """
        if self.ends_in_softmax or not _are_probabilities(outputs):
            return self
        other = copy(self)
        other.ends_in_softmax = True
        return other

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


def log_of_probabilities(probabilities: torch.Tensor) -> torch.Tensor:
    """Stand-ins for logits: softmax turns them into the probabilities again, and margins are the logits' own."""
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def _are_probabilities(outputs: torch.Tensor) -> bool:
    if outputs.ndim != 2 or outputs.shape[1] < 2 or not len(outputs):
        return False
    rounding = 16 * torch.finfo(outputs.dtype).eps * outputs.shape[1] ** 0.5
    in_range = (outputs >= 0) & (outputs <= 1 + rounding)
    sums_to_one = (outputs.sum(dim=1) - 1).abs() <= rounding
    return bool(in_range.all()) and bool(sums_to_one.all())
