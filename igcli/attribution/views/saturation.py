"""Where along the path a score saturates: pure functions on curves. Nothing here runs a network or draws.

Source: arXiv 1611.02639, Fig. 2, for the curves; arXiv 2010.12697, §3, for the point α* between the rise and the
plateau.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.attribution.views.trace import Trace
from igcli.lazy import np

#: The share of the rise after which a score counts as saturated.
PHI = 0.9

_GRID = 101


@dataclass(frozen=True)
class Quartiles:
    """The middle of many curves: at each of ``alphas`` the quartiles over the curves; all (N,) float64."""

    alphas: np.ndarray
    lower: np.ndarray
    median: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True)
class Saturation:
    """How a group of pictures saturates.

    Attributes
    ----------
    alpha_stars
        One α* per picture, in the pictures' order; ``None`` for a score that does not move.
    quartiles
        Lower quartile, median and upper quartile of those that do; ``None`` if there are none.
    share_before_half
        The share of those that do whose α* lies before 0.5; ``None`` if there are none.
    """

    alpha_stars: tuple[float | None, ...]
    phi: float
    quartiles: tuple[float, float, float] | None
    share_before_half: float | None


def alpha_star(
    alphas: np.ndarray, scores: np.ndarray, *, at_baseline: float, at_image: float, phi: float = PHI
) -> float | None:
    """The first point where the score has passed φ of its rise (of its fall, for a score that falls).

    That is the first α with F(γ(α)) > F(x′) + φ (F(x) − F(x′)) among the given ones, or 1 if none of them is.

    Parameters
    ----------
    alphas, scores
        (N,), the points rising.
    at_baseline, at_image
        F(x′) and F(x): the points need not include the ends.
    phi
        In [0, 1).

    Returns
    -------
    float or None
        ``None`` for a score that does not move: it has no rise to have passed.
    """
    if not 0 <= phi < 1:
        raise ValueError(f"phi must lie in [0, 1), not {phi}")
    if abs(at_image - at_baseline) < SMALLEST_RISE:
        return None
    passed = first_passed(scores, at_baseline=at_baseline, at_image=at_image, phi=phi)
    return 1.0 if passed is None else float(alphas[passed])


def first_passed(scores: np.ndarray, *, at_baseline: float, at_image: float, phi: float) -> int | None:
    """The position of the first score that has passed φ of the rise, or of the fall; ``None`` if there is none."""
    rise = at_image - at_baseline
    if abs(rise) < SMALLEST_RISE:
        return None
    # Divided through by the rise, so that a falling score is treated as a rising one.
    passed = np.flatnonzero((np.asarray(scores, np.float64) - at_baseline) / rise > phi)
    return int(passed[0]) if len(passed) else None


def saturation_statistics(traces: Sequence[Trace], *, phi: float = PHI) -> Saturation:
    """α* of each picture, and what is typical of them."""
    stars = tuple(
        alpha_star(t.alphas, t.scores, at_baseline=t.at_baseline, at_image=t.at_image, phi=phi) for t in traces
    )
    moved = np.array([star for star in stars if star is not None])
    if not len(moved):
        return Saturation(stars, phi, quartiles=None, share_before_half=None)
    lower, median, upper = np.percentile(moved, (25, 50, 75)).tolist()
    return Saturation(stars, phi, (lower, median, upper), float((moved < 0.5).mean()))


def quartiles(curves: Sequence[tuple[np.ndarray, np.ndarray]]) -> Quartiles:
    """The quartiles of curves, each (alphas, values), at every α.

    Curves on the same points keep them. Others are joined by straight lines and read off at 101 points that all of
    them reach; nothing is extrapolated.

    Raises
    ------
    ValueError
        If there is no curve, or two have no α in common.
    """
    if not curves:
        raise ValueError("there is no curve")
    first = np.asarray(curves[0][0], np.float64)
    if all(len(alphas) == len(first) and np.array_equal(alphas, first) for alphas, _ in curves):
        grid = first
    else:
        low, high = max(float(a[0]) for a, _ in curves), min(float(a[-1]) for a, _ in curves)
        if low > high:
            raise ValueError("the curves have no α in common")
        grid = np.linspace(low, high, _GRID)
    values = np.stack([np.interp(grid, alphas, curve) for alphas, curve in curves])
    lower, median, upper = np.percentile(values, (25, 50, 75), axis=0)
    return Quartiles(grid, lower, median, upper)


def settles_at(alphas: np.ndarray, values: np.ndarray, *, below: float) -> float | None:
    """The first α from which on the values (N,) stay below a bound; ``None`` if the last does not."""
    above = np.flatnonzero(~(np.asarray(values) < below))
    if not len(above):
        return float(alphas[0])
    return float(alphas[above[-1] + 1]) if above[-1] + 1 < len(alphas) else None
