"""Means over photos and how sure they are: seeded bootstrap intervals, paired comparisons, bands around curves.

There is one value per photo, in the same order for every method; NaN stands for a photo without a number. Photos of
one cluster (a patient, an animal, a video) are no independent samples: where clusters are known, whole clusters are
drawn instead of photos (Davison and Hinkley, *Bootstrap Methods and their Application*, 1997, §3.8).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import permutations

from igcli.evaluation.metrics.metric import Curve, Direction
from igcli.lazy import np

#: Resamplings of the photos, and the share of them that an interval holds.
DRAWS, SHARE = 2000, 0.95
#: With fewer photos not even a method that is better on every one is better by a sign test at 5 % (2 · 2⁻⁵ > 0.05).
FEWEST = 6
#: With fewer clusters intervals tend to be too narrow (Cameron, Gelbach and Miller 2008, who have 5 to 30 as few).
FEW_CLUSTERS = 30
#: Resampling weights held at once.
_HELD = 4_000_000


@dataclass(frozen=True)
class Resampling:
    """How photos are drawn again.

    Attributes
    ----------
    clusters
        One number per photo: those with the same one are drawn together. ``None`` draws each photo alone.
    """

    clusters: tuple[int, ...] | None = None
    seed: int = 0
    draws: int = DRAWS

    @classmethod
    def over(cls, names: Sequence[str]) -> Resampling:
        """Over the clusters that are called so, one name per photo; over photos where there are no names."""
        numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
        return cls(tuple(numbers[name] for name in names) or None)

    def of(self, photos: Sequence[int] | np.ndarray) -> Resampling:
        """The same for some of the photos, given by their places."""
        if self.clusters is None:
            return self
        return replace(self, clusters=tuple(self.clusters[place] for place in photos))


#: Photo by photo.
PLAIN = Resampling()


@dataclass(frozen=True)
class Estimate:
    """A mean over photos.

    Attributes
    ----------
    mean
        NaN where there is no photo with a number.
    low, high
        The ends of the bootstrap's 95 % interval; NaN for fewer than two photos, or clusters.
    count, missing
        Photos with and without a number.
    clusters
        Clusters of the photos with a number; ``None`` where photos were drawn, not clusters.
    """

    mean: float
    low: float
    high: float
    count: int
    missing: int
    clusters: int | None = None

    @property
    def drawn(self) -> int:
        """How many independent samples it is made of: clusters, or photos."""
        return self.count if self.clusters is None else self.clusters


@dataclass(frozen=True)
class Band:
    """The mean of curves over the same fractions, (N,), with the ends of its pointwise interval, and their number."""

    fractions: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: int


def estimate(values: Sequence[float] | np.ndarray, *, resampling: Resampling = PLAIN) -> Estimate:
    """The mean of the values that are numbers, with its interval (Efron's percentile bootstrap)."""
    given = np.asarray(values, float)
    places = np.flatnonzero(~np.isnan(given))
    own, missing = resampling.of(places), len(given) - len(places)
    clusters = None if own.clusters is None else len(set(own.clusters))
    if not len(places):
        return Estimate(np.nan, np.nan, np.nan, 0, missing, clusters)
    present = given[places]
    low, high = _interval(present[:, None], own)
    return Estimate(float(present.mean()), float(low[0]), float(high[0]), len(present), missing, clusters)


def band(curves: Sequence[Curve], *, resampling: Resampling = PLAIN) -> Band:
    """The mean of at least one curve, all over the same fractions."""
    values = np.stack([curve.values for curve in curves])
    low, high = _interval(values, resampling)
    return Band(curves[0].fractions, values.mean(axis=0), low, high, len(curves))


def difference(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, *, resampling: Resampling = PLAIN
) -> Estimate:
    """The mean of first − second over the photos that both have a number for."""
    return estimate(np.asarray(first, float) - np.asarray(second, float), resampling=resampling)


def win_rate(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    direction: Direction,
    resampling: Resampling = PLAIN,
) -> Estimate:
    """The share of photos on which the first is better, ties counted as half, in [0, 1]."""
    apart = _better_by(first, second, direction)
    return estimate(np.where(np.isnan(apart), np.nan, (np.sign(apart) + 1) / 2), resampling=resampling)


def win_rates(
    values: Mapping[str, Sequence[float] | np.ndarray], *, direction: Direction, resampling: Resampling = PLAIN
) -> dict[tuple[str, str], Estimate]:
    """The win rate of each method over each other one: (method, other) to share."""
    return {
        (one, other): win_rate(values[one], values[other], direction=direction, resampling=resampling)
        for one, other in permutations(values, 2)
    }


def best_marked(
    values: Mapping[str, Sequence[float] | np.ndarray], *, direction: Direction, resampling: Resampling = PLAIN
) -> str | None:
    """The method that is better than every other one, by the paired interval of the difference; or ``None``.

    ``None`` also where there is nothing to compare with, and where fewer than ``FEWEST`` photos, or clusters, have
    both numbers.
    """
    for name in values:
        rivals = [
            estimate(_better_by(values[name], values[other], direction), resampling=resampling)
            for other in values
            if other != name
        ]
        if rivals and all(found.drawn >= FEWEST and found.low > 0 for found in rivals):
            return name
    return None


def _better_by(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, direction: Direction
) -> np.ndarray:
    apart = np.asarray(first, float) - np.asarray(second, float)
    return np.asarray(apart) if direction == "higher" else -apart


def _interval(values: np.ndarray, resampling: Resampling) -> tuple[np.ndarray, np.ndarray]:
    """The interval of the mean over the rows (photos, N), for each column."""
    sums, photos = _clustered(values, resampling.clusters)
    samples = len(sums)
    if samples < 2:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    generator, draws = np.random.default_rng(resampling.seed), resampling.draws
    means = np.empty((draws, values.shape[1]))
    block = max(1, _HELD // samples)
    for start in range(0, draws, block):
        stop = min(start + block, draws)
        # How often each photo, or cluster, is drawn is all that a resampling is.
        drawn = generator.multinomial(samples, np.full(samples, 1 / samples), size=stop - start)
        means[start:stop] = drawn @ sums / (drawn @ photos)[:, None]
    low, high = (np.quantile(means, (1 + side * SHARE) / 2, axis=0) for side in (-1, 1))
    return np.asarray(low), np.asarray(high)


def _clustered(values: np.ndarray, clusters: Sequence[int] | None) -> tuple[np.ndarray, np.ndarray]:
    """The sums of the rows of each cluster (clusters, N), and their numbers; of each photo where there are none."""
    if clusters is None:
        return values, np.ones(len(values))
    _, place = np.unique(np.asarray(clusters), return_inverse=True)
    photos = np.bincount(place)
    sums = np.zeros((len(photos), values.shape[1]))
    np.add.at(sums, place, values)
    return sums, photos.astype(float)
