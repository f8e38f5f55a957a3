"""Means over photos and how sure they are: seeded bootstrap intervals, paired comparisons, bands around curves.

There is one value per photo, in the same order for every method; NaN stands for a photo without a number.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations

from igcli.evaluation.metrics.metric import Curve, Direction
from igcli.lazy import np

#: Resamplings of the photos, and the share of them that an interval holds.
DRAWS, SHARE = 2000, 0.95
#: With fewer photos not even a method that is better on every one is better by a sign test at 5 % (2 · 2⁻⁵ > 0.05).
FEWEST = 6
#: Resampling weights held at once.
_HELD = 4_000_000


@dataclass(frozen=True)
class Estimate:
    """A mean over photos.

    Attributes
    ----------
    mean
        NaN where there is no photo with a number.
    low, high
        The ends of the bootstrap's 95 % interval; NaN for fewer than two photos.
    count, missing
        Photos with and without a number.
    """

    mean: float
    low: float
    high: float
    count: int
    missing: int


@dataclass(frozen=True)
class Band:
    """The mean of curves over the same fractions, (N,), with the ends of its pointwise interval, and their number."""

    fractions: np.ndarray
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: int


def estimate(values: Sequence[float] | np.ndarray, *, seed: int = 0, draws: int = DRAWS) -> Estimate:
    """The mean of the values that are numbers, with its interval (Efron's percentile bootstrap)."""
    given = np.asarray(values, float)
    present = given[~np.isnan(given)]
    missing = len(given) - len(present)
    if not len(present):
        return Estimate(np.nan, np.nan, np.nan, 0, missing)
    low, high = _interval(present[:, None], seed=seed, draws=draws)
    return Estimate(float(present.mean()), float(low[0]), float(high[0]), len(present), missing)


def band(curves: Sequence[Curve], *, seed: int = 0, draws: int = DRAWS) -> Band:
    """The mean of at least one curve, all over the same fractions."""
    values = np.stack([curve.values for curve in curves])
    low, high = _interval(values, seed=seed, draws=draws)
    return Band(curves[0].fractions, values.mean(axis=0), low, high, len(curves))


def difference(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, *, seed: int = 0, draws: int = DRAWS
) -> Estimate:
    """The mean of first − second over the photos that both have a number for."""
    return estimate(np.asarray(first, float) - np.asarray(second, float), seed=seed, draws=draws)


def win_rate(
    first: Sequence[float] | np.ndarray,
    second: Sequence[float] | np.ndarray,
    *,
    direction: Direction,
    seed: int = 0,
    draws: int = DRAWS,
) -> Estimate:
    """The share of photos on which the first is better, ties counted as half, in [0, 1]."""
    apart = _better_by(first, second, direction)
    return estimate(np.where(np.isnan(apart), np.nan, (np.sign(apart) + 1) / 2), seed=seed, draws=draws)


def win_rates(
    values: Mapping[str, Sequence[float] | np.ndarray], *, direction: Direction, seed: int = 0, draws: int = DRAWS
) -> dict[tuple[str, str], Estimate]:
    """The win rate of each method over each other one: (method, other) to share."""
    return {
        (one, other): win_rate(values[one], values[other], direction=direction, seed=seed, draws=draws)
        for one, other in permutations(values, 2)
    }


def best_marked(
    values: Mapping[str, Sequence[float] | np.ndarray], *, direction: Direction, seed: int = 0, draws: int = DRAWS
) -> str | None:
    """The method that is better than every other one, by the paired interval of the difference; or ``None``.

    ``None`` also where there is nothing to compare with, and where fewer than ``FEWEST`` photos have both numbers.
    """
    for name in values:
        rivals = [
            estimate(_better_by(values[name], values[other], direction), seed=seed, draws=draws)
            for other in values
            if other != name
        ]
        if rivals and all(found.count >= FEWEST and found.low > 0 for found in rivals):
            return name
    return None


def _better_by(
    first: Sequence[float] | np.ndarray, second: Sequence[float] | np.ndarray, direction: Direction
) -> np.ndarray:
    apart = np.asarray(first, float) - np.asarray(second, float)
    return np.asarray(apart) if direction == "higher" else -apart


def _interval(values: np.ndarray, *, seed: int, draws: int) -> tuple[np.ndarray, np.ndarray]:
    """The interval of the mean over the rows (photos, N), for each column."""
    photos = len(values)
    if photos < 2:
        nothing = np.full(values.shape[1], np.nan)
        return nothing, nothing
    generator = np.random.default_rng(seed)
    means = np.empty((draws, values.shape[1]))
    block = max(1, _HELD // photos)
    for start in range(0, draws, block):
        stop = min(start + block, draws)
        # How often each photo is drawn is all that a resampling is.
        drawn = generator.multinomial(photos, np.full(photos, 1 / photos), size=stop - start)
        means[start:stop] = drawn @ values / photos
    low, high = (np.quantile(means, (1 + side * SHARE) / 2, axis=0) for side in (-1, 1))
    return np.asarray(low), np.asarray(high)
