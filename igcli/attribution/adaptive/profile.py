"""How a score runs along the path, from a probe at few points: a curve between them, and where points are needed.

Nothing here knows of samples or networks.
"""

from __future__ import annotations

from igcli.attribution.completeness import SMALLEST_RISE
from igcli.lazy import np

#: Where the score is probed, besides the ends. Scores rise early on the path, so the points crowd there.
PROBE_ALPHAS = tuple((k / 7) ** 1.5 for k in range(1, 7))

#: The share of the points that is placed evenly, so that a rise that the probe misses is found.
EVEN_SHARE = 0.3

_GRID = 512
#: The probe's own spacing on the grid: what varies faster than it is made up by the curve between the points.
_BLUR = 65
_LEAST = 1e-9


def density(alphas: np.ndarray, scores: np.ndarray, *, probability: bool) -> np.ndarray:
    """How densely to put points on each of 512 equal parts of [0, 1]; sums to 1.

    The gradient jumps where the network changes its linear piece. With jumps of variance v(α) per unit of the path, a
    cell of width h is off by h³ v in the mean square, so that among N cells widths ∝ v^(−1/3) serve best. How v
    depends on the slope of the score differs between networks; on photographs √|∂F/∂α| did as well as v^(1/3)
    measured from the gradients themselves.

    Parameters
    ----------
    alphas, scores
        (M,), the points rising from 0 to 1.
    probability
        The scores lie in [0, 1] and are interpolated as log-odds, which saturate less.
    """
    even = np.full(_GRID, 1 / _GRID)
    if np.ptp(scores) < SMALLEST_RISE:
        return even
    if probability:
        chances = np.clip(scores, _LEAST, 1 - _LEAST)
        between = curve(alphas, np.log(chances / (1 - chances)), np.linspace(0, 1, _GRID + 1))
        between = 1 / (1 + np.exp(-between))
    else:
        between = curve(alphas, scores, np.linspace(0, 1, _GRID + 1))
    steepness = _blurred(np.sqrt(np.abs(np.diff(between))))
    mixed: np.ndarray = (1 - EVEN_SHARE) * steepness / steepness.sum() + EVEN_SHARE * even
    return mixed


def curve(x: np.ndarray, y: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The monotone cubic through the points (x, y) by Fritsch and Butland (1984), read off ``at``; x rises."""
    widths = np.diff(x)
    secants = np.diff(y) / widths
    slopes = np.concatenate([secants[:1], np.zeros(len(x) - 2), secants[-1:]])
    before, after = secants[:-1], secants[1:]
    steady = before * after > 0
    first, second = widths[:-1][steady], widths[1:][steady]
    slopes[1:-1][steady] = (
        3 * (first + second) / ((first + 2 * second) / before[steady] + (2 * first + second) / after[steady])
    )
    piece = np.clip(np.searchsorted(x, at, side="right") - 1, 0, len(x) - 2)
    h, t = widths[piece], (at - x[piece]) / widths[piece]
    values: np.ndarray = (
        y[piece] * (1 + 2 * t) * (1 - t) ** 2
        + y[piece + 1] * t**2 * (3 - 2 * t)
        + h * t * (1 - t) * (slopes[piece] * (1 - t) - slopes[piece + 1] * t)
    )
    return values


def _blurred(values: np.ndarray) -> np.ndarray:
    kernel = np.hanning(_BLUR + 2)[1:-1]
    return np.convolve(np.pad(values, _BLUR // 2, mode="edge"), kernel / kernel.sum(), mode="valid")
