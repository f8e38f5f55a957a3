"""The Classifier: a network, its normalisation and its labels, callable on pixels in [0, 1]."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass
from typing import Any

from igcli.images.view import View as View
from igcli.lazy import torch
from igcli.models.engine.known import may_be_rewritten
from igcli.models.engine.state import State
from igcli.models.labels import Labels
from igcli.models.outputs import logits_of, two_classes

OWN_NETWORK = "Your own network becomes igcli.Classifier(network, labels, view=igcli.View(224), mean=(...), std=(...))."


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
        Any module from normalised images (N, C, H, W) to logits (N, K), alone or as
        :func:`~igcli.models.outputs.logits_of` finds them.
    labels
        K class names; two for a single output, which is made into a logit for each.
    view
        The input the network was trained on.
    mean, std
        Per channel, in pixel units [0, 1].
    provenance
        For the record.
    caveat
        What a reader of this model's predictions must not miss, or nothing.
    multi_label
        Classes do not exclude each other: each has a sigmoid of its own instead of a share of the softmax.
    ends_in_softmax
        The network's outputs are probabilities already; their logarithms stand in for the logits.
    ends_in_sigmoid
        Its outputs are probabilities already, each for itself; their log-odds are the logits.

    Attributes
    ----------
    arguments
        What the function that built the network was told.
    """

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Sequence[str],
        *,
        view: View | None = None,
        mean: tuple[float, ...] = (0.0,),
        std: tuple[float, ...] = (1.0,),
        provenance: Provenance | None = None,
        caveat: str = "",
        multi_label: bool = False,
        ends_in_softmax: bool = False,
        ends_in_sigmoid: bool = False,
    ) -> None:
        self.network = network
        self.labels = labels if isinstance(labels, Labels) else Labels(labels)
        self.view = view or View()
        self.mean, self.std = mean, std
        self.provenance = provenance or Provenance(type(network).__name__)
        self.caveat = caveat
        self.multi_label = multi_label
        self.ends_in_softmax, self.ends_in_sigmoid = ends_in_softmax, ends_in_sigmoid
        self.arguments: dict[str, Any] = {}
        self._takes_pixels = False  # whether the network normalises them itself
        self._rewritten: tuple[tuple[object, ...], torch.nn.Module | None] | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_rewritten": None}  # copies, here or in another process, make their own

    @property
    def preparation(self) -> dict[str, Any]:
        """What its answers depend on beside network and weights, as plain data: for records, and to tell runs apart."""
        return {
            **asdict(self.view),
            "mean": list(self.mean),
            "std": list(self.std),
            "multi_label": self.multi_label,
            "probabilities": self.ends_in_softmax or self.ends_in_sigmoid,
            "arguments": {name: repr(value) for name, value in self.arguments.items()},
            "labels_sha256": hashlib.sha256("\n".join(self.labels).encode("utf-8", "replace")).hexdigest(),
        }

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

    def quick(self) -> Classifier:
        """The same classifier over a network that computes the same, to rounding, in less time; or itself.

        Made once, and again when parameters or buffers were replaced, moved or written to, or a module's settings
        changed, as far as :class:`~igcli.models.engine.state.State` sees it: not through ``.data``. Networks that have
        hooks, cannot be traced, or are not made of torch's, torchvision's and timm's modules stay as they are, and then
        this returns the classifier itself. Layers have other names, or are gone: it is for gradients and logits.
        """
        from igcli.models.engine.quick import quickened  # loads torch

        if not may_be_rewritten(self.network):
            return self
        origin = State(self.network), self.mean, self.std
        if self._rewritten is None or self._rewritten[0] != origin:
            mean, std = (torch.tensor(v, device=self.device, dtype=self.dtype) for v in (self.mean, self.std))
            self._rewritten = origin, quickened(self.network, mean=mean, std=std)
        network = self._rewritten[1]
        if network is None:
            return self
        other = copy(self)
        other.network, other._takes_pixels = network, True
        return other

    def through(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Logits (N, K) as another network of the same kind gives them: a copy of this classifier's, or a part."""
        logits = self.outputs(pixels, network=network)
        if self.ends_in_sigmoid:
            logits = log_odds_of_probabilities(logits)
        elif self.ends_in_softmax:
            logits = log_of_probabilities(logits)
        return two_classes(logits) if logits.shape[1] == 1 and len(self.labels) == 2 else logits

    def outputs(self, pixels: torch.Tensor, *, network: torch.nn.Module | None = None) -> torch.Tensor:
        """What the network itself makes of pixels (N, C, H, W), as (N, outputs): not all are logits, one a class."""
        network = self.network if network is None else network
        normalised = pixels
        if not (self._takes_pixels and network is self.network):
            mean, std = (
                torch.tensor(v, device=pixels.device, dtype=pixels.dtype)[:, None, None] for v in (self.mean, self.std)
            )
            normalised = (pixels - mean) / std
        if not self._channels_last:
            normalised = in_usual_order(normalised)
        return logits_of(network(normalised), len(pixels))

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities in [0, 1] of logits (..., K): of K classes that exclude each other, or of each for itself."""
        return logits.sigmoid() if self.multi_label else logits.softmax(dim=-1)

    def recognised(self, outputs: torch.Tensor) -> Classifier:
        """The same classifier, or one over the same network that takes its outputs for the probabilities they are.

        Parameters
        ----------
        outputs
            (N, K), what it returned for some pictures. Rows in [0, 1] that all sum to 1 come from a
            softmax; another one over them would squeeze every score into [1/K, e/(e + K − 1)]. Rows that are not
            finite say nothing.
        """
        if self.ends_in_softmax or self.multi_label or not _are_probabilities(outputs):
            return self
        other = copy(self)
        other.ends_in_softmax, other._rewritten = True, self._rewritten
        return other

    def layers(self) -> list[str]:
        """Names of the network's modules, blocks and their parts alike, in the order they are built."""
        return [name for name, _ in self.network.named_modules() if name]

    @property
    def _channels_last(self) -> bool:
        """Whether the network's convolutions are stored so, and its input had better be."""
        kernels = (parameter for parameter in self.network.parameters() if parameter.ndim == 4)
        formats = ((k.is_contiguous(memory_format=torch.channels_last), k.is_contiguous()) for k in kernels)
        return next((last for last, usual in formats if last != usual), False)

    @contextmanager
    def frozen(self) -> Iterator[Classifier]:
        """Evaluation mode and no parameter gradients inside the block; the network's own state again after it."""
        modes = [(module, module.training) for module in self.network.modules()]
        needs = [(parameter, parameter.requires_grad) for parameter in self.network.parameters()]
        try:
            at_rest(self.network)
            yield self
        finally:
            for module, training in modes:
                module.training = training
            for parameter, required in needs:
                parameter.requires_grad_(required)


def in_usual_order(pixels: torch.Tensor) -> torch.Tensor:
    """Pixels (N, C, H, W) in the order of memory that a network expects which views its activations as others."""
    if pixels.shape[1] > 1:
        return pixels.contiguous()
    # one channel is contiguous in either order, but convolutions go by the strides
    return pixels.clone(memory_format=torch.contiguous_format)


def at_rest(network: torch.nn.Module) -> torch.nn.Module:
    """The network itself, in evaluation mode and without parameter gradients."""
    network.eval()
    for parameter in network.parameters():  # one by one: scripted networks cannot do it as a whole
        parameter.requires_grad = False
    return network


def log_of_probabilities(probabilities: torch.Tensor) -> torch.Tensor:
    """Stand-ins for logits: softmax turns them into the probabilities again, and margins are the logits' own."""
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def log_odds_of_probabilities(probabilities: torch.Tensor) -> torch.Tensor:
    """The logits that sigmoid turns into these probabilities again; finite even at 0 and 1."""
    limits = torch.finfo(probabilities.dtype)
    return probabilities.clamp_min(limits.tiny).log() - (1 - probabilities).clamp_min(limits.tiny).log()


def _are_probabilities(outputs: torch.Tensor) -> bool:
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        return False
    outputs = outputs[outputs.isfinite().all(dim=1)]
    if not len(outputs):
        return False
    rounding = 16 * torch.finfo(outputs.dtype).eps * outputs.shape[1] ** 0.5
    in_range = (outputs >= 0) & (outputs <= 1 + rounding)
    sums_to_one = (outputs.sum(dim=1) - 1).abs() <= rounding
    return bool(in_range.all()) and bool(sums_to_one.all())
