"""The Sample: one input of a model, as values of any shape, and how importance is read off them.

A sample is a tensor (features, a sequence of embeddings, a picture) or a tuple of tensors. The path from a baseline
runs through one tensor: a tuple's tensors are laid into a flat one, and taken out of it again where the model is called
(:class:`Layout`). Nothing here knows of pictures.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypeVar, Union

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.registry import Registry

if TYPE_CHECKING:
    from igcli.lazy import np

Values: TypeAlias = Union["torch.Tensor", tuple["torch.Tensor", ...]]
Axis: TypeAlias = int | None
Array = TypeVar("Array", "torch.Tensor", "np.ndarray")

Baseline = Callable[..., "torch.Tensor"]
"""From a sample's values and a seed to values of the same shape: where the path starts.

One that is marked by :func:`from_neutral` takes the model's neutral value besides.
"""

BASELINES: Registry[Baseline] = Registry("baseline")
"""Filled by :mod:`igcli.attribution.baselines`, and by rooms that have samples of their own, such as ``images``."""

KINDS: dict[Baseline, str] = {}
"""The baselines that only samples of one :attr:`Sample.kind` can start from, and that kind."""


def only_for(kind: str) -> Callable[[Baseline], Baseline]:
    """Mark a baseline as one for samples of this kind alone."""

    def mark(baseline: Baseline) -> Baseline:
        KINDS[baseline] = kind
        return baseline

    return mark


FROM_NEUTRAL: set[Baseline] = set()
"""The baselines that take :attr:`igcli.models.model.Model.neutral` as a third argument."""


def from_neutral(baseline: Baseline) -> Baseline:
    """Mark a baseline as one that is made of the model's neutral value."""
    FROM_NEUTRAL.add(baseline)
    return baseline


@dataclass(frozen=True)
class WrittenBaseline:
    """A baseline with a value that is written out: ``blur:2.5``, ``#808080``.

    Attributes
    ----------
    prefix
        What it begins with; the value is the rest.
    parse
        From that rest to the value; raises ``UsageError``.
    make
        From a sample's values and the parsed value to the baseline.
    kind
        The only :attr:`Sample.kind` that can start from it, or ``None``.
    """

    prefix: str
    parse: Callable[[str], Any]
    make: Callable[[torch.Tensor, Any], torch.Tensor]
    kind: str | None = None


WRITTEN_BASELINES: Registry[WrittenBaseline] = Registry("written baseline")
"""By the form that listings show: ``blur:SIGMA``."""


def importance(values: Array, axis: Axis = 0) -> Array:
    """|values|, summed over ``axis`` where there is one (arXiv 1611.02639, eq. 1: over a pixel's channels)."""
    size = abs(values)
    return size if axis is None else size.sum(axis)


@dataclass(frozen=True)
class Layout:
    """How a sample's values lie in the one tensor that a path runs through.

    Attributes
    ----------
    shapes
        Of the sample's tensors.
    axes
        For each of them the axis over which importance is summed, counted from 0; ``None`` for every value by itself.
    packed
        Whether the tensors lie flat, one after another, in a tensor (D,); if not, there is one, in its own shape.
    """

    shapes: tuple[tuple[int, ...], ...]
    axes: tuple[Axis, ...]
    packed: bool

    @classmethod
    def of(cls, values: Values, summed_axis: Axis | Sequence[Axis] = None) -> Layout:
        """The layout of values.

        Raises
        ------
        UsageError
            For an axis that a tensor does not have, or another number of axes than of tensors.
        """
        tensors = values if isinstance(values, tuple) else (values,)
        axes = tuple(summed_axis) if isinstance(summed_axis, Sequence) else (summed_axis,) * len(tensors)
        if len(axes) != len(tensors):
            raise UsageError(f"The sample has {len(tensors)} tensors, and {len(axes)} axes to sum over: give one each.")
        counted = tuple(_counted(axis, tensor.ndim) for axis, tensor in zip(axes, tensors, strict=True))
        return cls(tuple(tuple(tensor.shape) for tensor in tensors), counted, isinstance(values, tuple))

    @property
    def places(self) -> int:
        """How many values an importance map has: pixels of a picture, words of a sequence, features."""
        return sum(
            math.prod(shape) // (1 if axis is None else shape[axis])
            for shape, axis in zip(self.shapes, self.axes, strict=True)
        )

    def pack(self, values: Values) -> torch.Tensor:
        """The one tensor: the values themselves, or those of a tuple one after another, (D,)."""
        if isinstance(values, tuple):
            return torch.cat([tensor.flatten() for tensor in values])
        return values

    def unpack(self, batch: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """The tensors (N, ...) of each part, from a batch (N, ...) of packed ones; views, that gradients pass."""
        if not self.packed:
            return (batch,)
        parts = batch.split_with_sizes([math.prod(shape) for shape in self.shapes], dim=1)
        return tuple(part.reshape(len(batch), *shape) for part, shape in zip(parts, self.shapes, strict=True))

    def values(self, packed: torch.Tensor) -> Values:
        """The inverse of :meth:`pack`."""
        parts = tuple(part[0] for part in self.unpack(packed[None]))
        return parts if self.packed else parts[0]

    def importance(self, batch: torch.Tensor) -> torch.Tensor:
        """Σ |x| over each part's axis, (N, ...): of several parts flat, one after another."""
        return self._joined([importance(part, axis) for part, axis in self._with_axes(batch)])

    def products(self, batch: torch.Tensor, factor: torch.Tensor) -> torch.Tensor:
        """Σ x · factor over each part's axis, (N, ...), for packed ``batch`` (N, ...) and ``factor``, one or N."""
        factors = self.unpack(factor if factor.ndim == batch.ndim else factor[None])
        pairs = zip(self._with_axes(batch), factors, strict=True)
        return self._joined([_products(part, one, axis) for (part, axis), one in pairs])

    def sums(self, packed: torch.Tensor) -> torch.Tensor:
        """Σ x over each part's axis, signed."""
        parts = self._with_axes(packed[None])
        return self._joined([part if axis is None else part.sum(dim=axis) for part, axis in parts])[0]

    def _with_axes(self, batch: torch.Tensor) -> list[tuple[torch.Tensor, Axis]]:
        """Each part, and its axis in a batch."""
        axes = [None if axis is None else axis + 1 for axis in self.axes]
        return list(zip(self.unpack(batch), axes, strict=True))

    def _joined(self, parts: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([part.flatten(1) for part in parts], dim=1) if self.packed else parts[0]


class Sample:
    """One input: its values, and the axis over which importance is summed.

    Parameters
    ----------
    values
        A floating-point tensor of any shape, or a tuple of such tensors; without a batch axis.
    summed_axis
        The axis over which importance is summed: the embedding dimensions of a word, the channels of a pixel. ``None``
        for values that count by themselves, such as features. For a tuple one for all, or one for each.
    name
        For messages and files.
    further
        What the model takes after the values and is not differentiated by: a mask, a graph. Tensors get a batch axis;
        everything else is passed on unchanged.
    """

    #: What kind of values these are; some baselines are of one kind only.
    kind: ClassVar[str] = "values"

    def __init__(
        self,
        values: Values,
        *,
        summed_axis: Axis | Sequence[Axis] = None,
        name: str = "sample",
        further: Sequence[object] = (),
    ) -> None:
        self._values, self._summed_axis = values, summed_axis
        self._name, self._further = name, tuple(further)

    @property
    def values(self) -> Values:
        """A tensor, or a tuple of tensors."""
        return self._values

    @property
    def summed_axis(self) -> Axis | Sequence[Axis]:
        """The axis over which importance is summed."""
        return self._summed_axis

    @property
    def name(self) -> str:
        """For messages and files."""
        return self._name

    @property
    def further(self) -> tuple[object, ...]:
        """What the model takes after the values."""
        return self._further

    @property
    def target(self) -> str | int | None:
        """The class that the sample has of itself, such as the word that follows; ``None`` where it has none."""
        return None

    @property
    def layout(self) -> Layout:
        """How the values lie in one tensor."""
        return Layout.of(self.values, self.summed_axis)

    @property
    def packed(self) -> torch.Tensor:
        """The values as one tensor."""
        return self.layout.pack(self.values)


def _counted(axis: Axis, dimensions: int) -> Axis:
    if axis is None:
        return None
    if not -dimensions <= axis < dimensions:
        raise UsageError(f"There is no axis {axis} to sum over in values of {dimensions} dimensions.")
    return axis % dimensions


def _products(part: torch.Tensor, factor: torch.Tensor, axis: Axis) -> torch.Tensor:
    """Σ part · factor over ``axis``, for part (N, ...) and factor (1, ...) or (N, ...)."""
    if axis is None:
        return part * factor
    total = part.select(axis, 0) * factor.select(axis, 0)
    for index in range(1, part.shape[axis]):  # without a product of the whole part's size
        total.addcmul_(part.select(axis, index), factor.select(axis, index))
    return total
