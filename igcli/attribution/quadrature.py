"""Quadrature on [0, 1]: where on the path the gradient is taken, and how much each point counts.

A rule is a pure function from a number of points to :class:`Nodes` whose weights sum to 1. Nothing here knows of
pictures or networks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.lazy import np
from igcli.registry import Registry


@dataclass(frozen=True)
class Nodes:
    """Points on [0, 1] in rising order, and their weights; both (N,) float64.

    Attributes
    ----------
    bounds
        (N, 2): the part of the path that each point stands for. If not given, as long as its weight, one after another
        from 0 on: of every rule here, the point lies in its part.
    """

    alphas: np.ndarray
    weights: np.ndarray
    bounds: np.ndarray | None = None

    @property
    def cells(self) -> tuple[np.ndarray, np.ndarray]:
        """The lower and the upper bound of each point's part of the path; of weight 0 they are equal."""
        if self.bounds is not None:
            return self.bounds[:, 0], self.bounds[:, 1]
        edges = np.minimum(np.concatenate([[0.0], np.cumsum(self.weights)]), 1.0)
        edges[edges > 1 - _ROUNDING] = 1.0  # so that the moves of all parts sum to x − x′
        return edges[:-1], edges[1:]

    def __len__(self) -> int:
        return len(self.alphas)

    def including(self, alphas: Iterable[float]) -> Nodes:
        """These nodes and ``alphas`` too, the added ones with weight 0; no point appears twice."""
        missing = np.setdiff1d(np.asarray(list(alphas), dtype=np.float64), self.alphas)
        merged = np.concatenate([self.alphas, missing])
        weights = np.concatenate([self.weights, np.zeros(len(missing))])
        order = np.argsort(merged, kind="stable")
        bounds = None if self.bounds is None else np.concatenate([self.bounds, np.stack([missing] * 2, axis=1)])[order]
        return Nodes(merged[order], weights[order], bounds)

    def only(self, chosen: np.ndarray | slice) -> Nodes:
        """Some of the points, by a mask (N,) or a slice; each stands for the part that it stood for."""
        return Nodes(self.alphas[chosen], self.weights[chosen], np.stack(self.cells, axis=1)[chosen])

    @staticmethod
    def none() -> Nodes:
        """No points at all: for a sweep that only visits what its consumers ask for."""
        return Nodes(np.zeros(0), np.zeros(0))


_ROUNDING = 1e-12

Rule = Callable[[int], Nodes]
RULES: Registry[Rule] = Registry("rule")
DEFAULT_RULE = "midpoint"


def nodes(rule: str | None, steps: int) -> Nodes:
    """``steps`` points by the named rule, or by ``DEFAULT_RULE``.

    Raises
    ------
    UsageError
        For an unknown rule, or fewer points than it needs.
    """
    if steps < 1:
        raise UsageError(f"The path needs at least 1 step, not {steps}.")
    return RULES[rule or DEFAULT_RULE](steps)


@RULES("midpoint", summary="the middle of each of N equal intervals")
def midpoint(steps: int) -> Nodes:
    """Midpoint rule; error O(1/N²) for smooth scores."""
    return Nodes((np.arange(steps) + 0.5) / steps, np.full(steps, 1 / steps))


@RULES("right", summary="the right end of each of N equal intervals: the paper's own sum (eq. 6)")
def right(steps: int) -> Nodes:
    """Right Riemann sum, α = k/N for k = 1..N (arXiv 1611.02639, eq. 6)."""
    return Nodes(np.arange(1, steps + 1) / steps, np.full(steps, 1 / steps))


@RULES("trapezoid", summary="N points with both ends, the ends counted half")
def trapezoid(steps: int) -> Nodes:
    """Trapezoid rule on N points, so N − 1 intervals."""
    if steps < 2:
        raise UsageError("The trapezoid rule needs at least 2 steps: one for each end of the path.")
    weights = np.full(steps, 1 / (steps - 1))
    weights[[0, -1]] /= 2
    return Nodes(np.arange(steps) / (steps - 1), weights)


@RULES("gauss-legendre", summary="N points that integrate polynomials up to degree 2N − 1 exactly")
def gauss_legendre(steps: int) -> Nodes:
    """Gauss–Legendre rule, from numpy, moved from [−1, 1] to [0, 1]."""
    roots, weights = np.polynomial.legendre.leggauss(steps)
    return Nodes((roots + 1) / 2, weights / 2)
