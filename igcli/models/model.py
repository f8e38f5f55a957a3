"""The Model: a network and its labels, callable on a batch of values of any shape; it outputs logits.

What pictures need in addition, view and normalisation, is in :class:`~igcli.models.classifier.Classifier`.
"""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.batching import TOGETHER, Batching, is_batched
from igcli.models.freezing import frozen
from igcli.models.labels import Labels
from igcli.models.outputs import (
    are_probabilities,
    log_odds_of_probabilities,
    log_of_probabilities,
    logits_of,
    two_classes,
)
from igcli.sample import Sample


@dataclass(frozen=True)
class Provenance:
    """Which network this is: its name, what its weights are called, and the SHA-256 of their file."""

    name: str
    weights: str | None = None
    sha256: str | None = None


class Model:
    """A network that takes values of any shape, and outputs logits.

    Parameters
    ----------
    network
        Any module from values (N, ...) to logits (N, K), alone or as :func:`~igcli.models.outputs.logits_of` finds
        them. It is called with the tensors of a sample, and with what the sample brings further.
    labels
        K class names; two for a single output, which is made into a logit for each.
    caveat
        A warning for readers of this model's predictions, or an empty text.
    multi_label
        Classes do not exclude each other: each has a sigmoid of its own instead of a share of the softmax.
    ends_in_softmax
        The network's outputs are probabilities already; their logarithms stand in for the logits.
    ends_in_sigmoid
        Its outputs are independent probabilities already; their log-odds are the logits.
    regression
        Its outputs are numbers in a unit of their own, one per label, and not classes: they stand for the logits.

    Attributes
    ----------
    arguments
        The arguments of the function that built the network.
    output_index
        Which of several outputs holds the logits, by position or name; ``None`` for the one that can be recognised.
    """

    #: What the values are called in messages.
    unit: ClassVar[str] = "values"

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Sequence[str],
        *,
        provenance: Provenance | None = None,
        caveat: str = "",
        multi_label: bool = False,
        ends_in_softmax: bool = False,
        ends_in_sigmoid: bool = False,
        regression: bool = False,
    ) -> None:
        self.network = network
        self.labels = labels if isinstance(labels, Labels) else Labels(labels)
        self.provenance = provenance or Provenance(type(network).__name__)
        self.caveat = caveat
        self.multi_label = multi_label
        self.ends_in_softmax, self.ends_in_sigmoid = ends_in_softmax, ends_in_sigmoid
        self.regression = regression
        self.arguments: dict[str, Any] = {}
        self.output_index: int | str | None = None
        self._batching: Batching | None = None  # not known yet
        self._failed_shapes: frozenset[tuple[object, ...]] = frozenset()  # shapes on which trying it failed

    @property
    def preparation(self) -> dict[str, Any]:
        """What its outputs depend on besides network and weights, as plain data for records."""
        return {
            "multi_label": self.multi_label,
            "probabilities": self.ends_in_softmax or self.ends_in_sigmoid,
            "arguments": {name: repr(value) for name, value in self.arguments.items()},
            **({"regression": True} if self.regression else {}),
            **({} if self.output_index is None else {"output_index": self.output_index}),
            "labels_sha256": hashlib.sha256("\n".join(self.labels).encode("utf-8", "replace")).hexdigest(),
        }

    @property
    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of every sample, where they are all of one shape and one tensor."""
        return None

    @property
    def device(self) -> torch.device:
        """Where the network's parameters live (the CPU for a network without any)."""
        return next((p.device for p in self.network.parameters()), torch.device("cpu"))

    @property
    def dtype(self) -> torch.dtype:
        """The floating-point type of the network's parameters."""
        return next((p.dtype for p in self.network.parameters() if p.is_floating_point()), torch.float32)

    @property
    def memory_format(self) -> torch.memory_format:
        """The order in memory of the batches that the network is given."""
        return torch.contiguous_format

    def place(self, values: torch.Tensor) -> torch.Tensor:
        """One sample's values on the network's device, in its precision, in the order in memory that it is given."""
        return values.to(self.device, self.dtype)[None].contiguous(memory_format=self.memory_format)[0]

    def check(self, sample: object) -> None:
        """Raise ``UsageError`` if this is not a sample for this model."""
        if not isinstance(sample, Sample):
            raise UsageError(f"The values to explain are an igcli.Sample, not {sample!r:.60}.")
        for tensor in sample.values if isinstance(sample.values, tuple) else (sample.values,):
            if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point() or not tensor.numel():
                raise UsageError(
                    f"The values of {sample.name} are floating-point tensors that are not empty, not {tensor!r:.60}: "
                    "put what is not differentiated, such as indices, into the sample's further inputs."
                )

    def read(self, found: Any, *, fit: str | None, options: Any) -> Sample:
        """The sample that ``found`` stands for: a file, or an entry of a list, whatever this kind of model reads.

        Raises ``ImageError`` or ``InputError`` when it cannot be read, ``UsageError`` where this model reads nothing.
        """
        raise UsageError(f"{self.provenance.name} does not say how {found.path} is read: give explain() its samples.")

    @property
    def neutral(self) -> tuple[float, ...] | None:
        """What normalisation turns into 0, per channel or for all; ``None`` where nothing is subtracted."""
        return None

    def knows_baseline(self, name: str) -> bool:
        """Whether :meth:`own_baseline` makes one of this name; ``UsageError`` where it should, and cannot."""
        return False

    def own_baseline(self, name: str, sample: Sample) -> torch.Tensor:
        """A baseline that only this kind of model can make, of the sample's packed shape: the embedding of a word."""
        raise NotImplementedError

    def baselines_from(self, path: Path, sample: Sample, *, seed: int = 0) -> Sequence[torch.Tensor]:
        """The baseline of a sample that a file holds, or those of a folder, in an order by the seed.

        Raises ``UsageError`` where samples are not made of files, and for a folder without any.
        """
        raise UsageError(f"The baseline {path} is a path, which {sample.name} cannot start from: name one, as black.")

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The least and the greatest valid value of a sample; ``None`` where there are no limits."""
        return None

    def reference_files(self, folder: str) -> Sequence[Any]:
        """What :meth:`read` takes, of each reference sample in a folder; raises ``UsageError`` for one without any."""
        raise UsageError(f"Samples of this model are not read from files, so that {folder} cannot hold references.")

    @property
    def batching(self) -> Batching:
        """How samples are combined in one call; a network that was not loaded by name is tried at its first use."""
        if self._batching is None:
            self.find_batching()
        return self._batching or TOGETHER

    @batching.setter
    def batching(self, batching: Batching) -> None:
        self._batching = batching

    def find_batching(self) -> None:
        """Try the network on synthetic inputs, if they can be made; else it is tried on its first batch."""

    def two_different(self, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        """Two samples that differ, as inputs of the network: the first and the last of a batch."""
        count = len(inputs[0])
        return tuple(rows[[0, -1]].detach() if is_batched(rows, count) else rows for rows in inputs)

    def try_batching(self, *pair: Any) -> Batching:
        """How samples are combined; tried with two different ones if it is not known yet."""
        shapes = tuple(getattr(each, "shape", None) for each in pair)
        if self._batching is None and shapes not in self._failed_shapes:
            from igcli.models.trial import find_batching

            self._batching = find_batching(self, *pair)
            if self._batching is None:
                self._failed_shapes |= {shapes}
            elif self._batching.one_at_a_time:
                warnings.warn(f"{self.provenance.name}: {self._batching.one_at_a_time}", stacklevel=2)
        return self._batching or TOGETHER

    def __call__(self, *inputs: Any) -> torch.Tensor:
        """Logits (N, K) of batches (N, ...) of a sample's tensors, and of what the network takes further."""
        return self.through(self.network, *inputs)

    def optimised(self, *, compiled: bool = True) -> Self:
        """The same model over an equivalent network that is faster (equal to rounding), or the model itself.

        Parameters
        ----------
        compiled
            Whether it may be a compiled network, whose pass can be differentiated once, and whose modules run no hooks.
        """
        return self

    def through(self, network: torch.nn.Module, *inputs: Any) -> torch.Tensor:
        """Logits (N, K) as another network of the same kind gives them: a copy of this model's, or a part."""
        logits = self.outputs(*inputs, network=network)
        if self.ends_in_sigmoid:
            logits = log_odds_of_probabilities(logits)
        elif self.ends_in_softmax:
            logits = log_of_probabilities(logits)
        binary = logits.shape[1] == 1 and len(self.labels) == 2 and not self.regression
        return two_classes(logits) if binary else logits

    def outputs(
        self, *inputs: Any, network: Callable[..., object] | None = None, batching: Batching | None = None
    ) -> torch.Tensor:
        """The network's own outputs, (N, K), before they are converted to logits of the classes.

        Each sample's outputs are those that it has alone, unless another ``batching`` than the model's own is given.
        """
        from igcli.models.engine.products import FastProducts  # loads torch

        own = self.network if network is None else network
        if batching is None and self._batching is None and len(inputs[0]) > 1:
            batching = self.try_batching(*self.two_different(inputs))
        batching = batching or self._batching or TOGETHER

        def forward(part: tuple[Any, ...]) -> torch.Tensor:
            prepared = self.prepared(part, own)
            with FastProducts():
                output = own(*prepared)
            return logits_of(output, len(part[0]), choice=self.output_index, classes=len(self.labels) or None)

        return batching.run(inputs, forward)

    def prepared(self, inputs: tuple[Any, ...], network: Callable[..., object]) -> tuple[Any, ...]:
        """The inputs as ``network`` takes them."""
        return inputs

    def probabilities(self, logits: torch.Tensor) -> torch.Tensor:
        """Probabilities of logits (..., K): of classes that exclude each other, or of each; NaN for regressions."""
        if self.regression:
            return torch.full_like(logits, torch.nan)
        return logits.sigmoid() if self.multi_label else logits.softmax(dim=-1)

    def recognised(self, outputs: torch.Tensor) -> Self:
        """The same model, or one over the same network that treats its outputs as probabilities.

        Parameters
        ----------
        outputs
            (N, K), the network's outputs for some samples. Rows in [0, 1] that all sum to 1 come from a
            softmax; another one over them would squeeze every score into [1/K, e/(e + K − 1)]. Rows that are not
            finite say nothing.
        """
        if self.ends_in_softmax or self.multi_label or self.regression or not are_probabilities(outputs):
            return self
        other = copy(self)
        other.ends_in_softmax = True
        return other

    def layers(self) -> list[str]:
        """Names of the network's modules, blocks and their parts alike, in the order they are built."""
        return [name for name, _ in self.network.named_modules() if name]

    @contextmanager
    def frozen(self) -> Iterator[Self]:
        """Evaluation mode and no parameter gradients inside the block; the network's own state again after it."""
        with frozen(self.network):
            yield self
