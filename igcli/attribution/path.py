"""The path of counterfactuals from a baseline to a sample, in input space (arXiv 1611.02639, §2.3).

For pictures that is pixel space, before any normalisation: black is 0. Here is the straight path, which others derive
from (:mod:`igcli.attribution.paths`).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from igcli.lazy import np, torch
from igcli.sample import Layout, Sample


@dataclass(frozen=True)
class Path:
    """γ(α) for α in [0, 1]; of the straight path x′ + α (x − x′).

    A path that bends derives from this class, and has its own ``at``, ``velocity``, ``moves`` and ``between``.

    Attributes
    ----------
    baseline, end
        x′ = γ(0) and x = γ(1), of one shape: the values of a sample, packed into one tensor if they are several.
    layout
        How the sample's values lie in it.
    further
        What the model takes after the values, the same at every point.
    """

    baseline: torch.Tensor
    end: torch.Tensor
    layout: Layout
    further: tuple[object, ...] = ()

    @classmethod
    def of(cls, sample: Sample, baseline: torch.Tensor | None = None) -> Path:
        """The path to a sample from a baseline of its packed values' shape, or from 0."""
        end = sample.packed
        return cls(torch.zeros_like(end) if baseline is None else baseline, end, sample.layout, sample.further)

    @property
    def displacement(self) -> torch.Tensor:
        """Δ = x − x′."""
        return self.end - self.baseline

    @property
    def starts(self) -> tuple[torch.Tensor, ...]:
        """The baseline; or, of a mean over samples, that of each."""
        return (self.baseline,)

    @property
    def velocity(self) -> torch.Tensor | None:
        """γ′(α) where it is the same everywhere, as on the straight path; ``None`` on a path that bends."""
        return self.displacement

    def moves(self, lower: np.ndarray, upper: np.ndarray) -> torch.Tensor:
        """γ(upper) − γ(lower), (N, ...), for N pairs in [0, 1], float64."""
        return torch.stack([self.displacement * float(width) for width in upper - lower])

    @property
    def between(self) -> tuple[int, ...]:
        """The same for all paths along the very same points, as long as their tensors live."""
        return id(self.baseline), id(self.end), *map(id, self.further)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The counterfactuals (N, ...) at ``alphas`` (N,); exact at both ends. Written into ``out`` if given."""
        weights = alphas.to(self.end).reshape(-1, *[1] * self.end.ndim)
        # lerp rather than x′ + αΔ: at α = 1 the latter misses x by a rounding
        return torch.lerp(self.baseline[None], self.end[None], weights, out=out)

    def to(self, device: torch.device, dtype: torch.dtype) -> Path:
        """The same path on another device, in another precision."""
        further = tuple(_moved(each, device, dtype) for each in self.further)
        return replace(self, baseline=self.baseline.to(device, dtype), end=self.end.to(device, dtype), further=further)


Owner: TypeAlias = Path | Sample
"""What points of a batch belong to: it knows their layout, and what the model takes further."""


def network_inputs(points: torch.Tensor, owners: Sequence[tuple[Owner, int]]) -> tuple[object, ...]:
    """What a model is called with for packed points (N, ...) of owners that fit into one batch.

    Parameters
    ----------
    owners
        Each with the number of its points, one after another; N in all.
    """
    first, _ = owners[0]
    further = tuple(
        torch.cat([_rows(owner.further[place], count) for owner, count in owners])
        if isinstance(one, torch.Tensor)
        else one
        for place, one in enumerate(first.further)
    )
    return first.layout.unpack(points) + further


def batch_key(owner: Owner) -> Hashable:
    """The same for all owners whose points fit into one batch: of one shape, with further inputs of one shape."""
    further = [(each.shape, each.dtype) if isinstance(each, torch.Tensor) else id(each) for each in owner.further]
    return owner.layout.shapes, owner.layout.packed, tuple(further)


def in_batches(owners: Sequence[Owner]) -> list[list[int]]:
    """The owners' positions, in groups whose points fit into one batch."""
    groups: dict[Hashable, list[int]] = {}
    for position, owner in enumerate(owners):
        groups.setdefault(batch_key(owner), []).append(position)
    return list(groups.values())


def _rows(further: object, count: int) -> torch.Tensor:
    assert isinstance(further, torch.Tensor)  # noqa: S101 - as the batch's key says
    return further[None].expand(count, *further.shape)


def _moved(further: object, device: torch.device, dtype: torch.dtype) -> object:
    if not isinstance(further, torch.Tensor):
        return further
    return further.to(device, dtype if further.is_floating_point() else further.dtype)
