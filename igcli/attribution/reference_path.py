"""Expected gradients: integrated gradients from the mean over reference samples (Erion et al. 2021, arXiv 1906.10670).

E over references x′ and α ~ U(0, 1) of (x − x′) ⊙ ∂F/∂x(x′ + α (x − x′)). It is estimated from K samples: sample k has
α in the middle of [(k − 1)/K, k/K], and one reference. The references take turns in a random order, and again in
another one when each was used, so that each has points on all of the path as soon as K is several times their number.
With one reference this is integrated gradients at the same points. The map sums to F(x) − E F(x′) in the mean over such
samples only: the error falls as 1/√K, and is estimated from how much neighbouring samples differ.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from igcli.attribution.path import Path
from igcli.attribution.sweep import Chunk
from igcli.lazy import np, torch

#: Samples with ``steps="auto"``: the authors take 100 to 200.
SAMPLES = 200


@dataclass(frozen=True)
class ReferencePath(Path):
    """K equal parts of [0, 1], in each of which γ(α) lies on the straight path from that part's own reference.

    Attributes
    ----------
    baseline
        The first of ``references``.
    references
        K of them, in the values' shape; the same tensor wherever a reference is used again.
    """

    references: tuple[torch.Tensor, ...] = field(kw_only=True)

    @property
    def starts(self) -> tuple[torch.Tensor, ...]:
        """The references, each as often as it is used."""
        return self.references

    @property
    def velocity(self) -> None:
        """Not the same everywhere."""
        return None

    @property
    def between(self) -> tuple[int, ...]:
        """The same for all paths along the very same points, as long as their tensors live."""
        return *super().between, *map(id, self.references)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The counterfactuals (N, ...) at ``alphas`` (N,). Written into ``out`` if given."""
        points = self.end.new_empty((len(alphas), *self.end.shape)) if out is None else out
        weights = alphas.to(self.end)
        for point, start, weight in zip(
            points, self._starts_at(alphas.detach().cpu().double().numpy()), weights, strict=True
        ):
            torch.lerp(start, self.end, weight, out=point)
        return points

    def moves(self, lower: np.ndarray, upper: np.ndarray) -> torch.Tensor:
        """(N, ...): upper − lower times the displacement from the reference between, for N pairs in [0, 1], float64."""
        starts = self._starts_at((lower + upper) / 2)
        return torch.stack(
            [(self.end - start) * width for start, width in zip(starts, (upper - lower).tolist(), strict=True)]
        )

    def to(self, device: torch.device, dtype: torch.dtype) -> ReferencePath:
        """The same path on another device, in another precision; each reference is moved once."""
        moved = {id(each): each.to(device, dtype) for each in self.references}
        references = tuple(moved[id(each)] for each in self.references)
        path = super().to(device, dtype)
        return ReferencePath(references[0], path.end, path.layout, path.further, references=references)

    def _starts_at(self, alphas: np.ndarray) -> list[torch.Tensor]:
        count = len(self.references)
        return [self.references[part] for part in np.minimum((alphas * count).astype(int), count - 1).tolist()]


def in_turns(count: int, samples: int, *, seed: int) -> list[int]:
    """For each sample a number in range(``count``): all in a random order, then all in another one, and so on."""
    generator = np.random.default_rng(seed)
    rounds = [generator.permutation(count) for _ in range(-(-samples // count))]
    return [int(turn) for turn in np.concatenate(rounds)[:samples]]


class SampleError:
    """The standard error of a mean over samples that come in the order of their α.

    Half the mean squared difference of neighbours, which share their α but for 1/K, is the variance within the strata
    of α. It is that for other references of the same kind, not for the same ones in another order.
    """

    def __init__(self, path: ReferencePath) -> None:
        self.references = len(set(map(id, path.references)))
        self._layout = path.layout
        self._last: torch.Tensor | None = None
        self._squares = self._sum_squares = 0.0
        self._count = 0

    def add(self, chunk: Chunk, *, factors: torch.Tensor | None = None) -> None:
        """Note the chunk's samples: the points that count; each times one of ``factors`` (N,) if given."""
        own = torch.from_numpy(chunk.nodes.weights[chunk.start : chunk.start + len(chunk.alphas)] != 0)
        if not bool(own.any()):
            return
        shares = chunk.gradients * chunk.moves  # of the map: they sum to it
        if factors is not None:
            shares *= factors.reshape(-1, *[1] * (shares.ndim - 1))
        maps = torch.stack([self._layout.sums(each) for each in shares[own.to(shares.device)]])
        known = maps if self._last is None else torch.cat([self._last, maps])
        differences = known.diff(dim=0).flatten(1).cpu().double()
        self._squares += float(differences.square().sum())
        self._sum_squares += float(differences.sum(dim=1).square().sum())
        self._last = maps[-1:].clone()
        self._count += len(maps)

    def estimate(self) -> float:
        """The expected L2 distance of the map, summed over its axis, from its expectation; NaN for one sample."""
        return self._error(self._squares)

    def of_sum(self) -> float:
        """The same of the map's sum."""
        return self._error(self._sum_squares)

    def _error(self, squares: float) -> float:
        return math.sqrt(squares / 2 * self._count / (self._count - 1)) if self._count > 1 else math.nan
