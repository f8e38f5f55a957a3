"""Integrated decision gradients (Walker, Jha, Chen, Ewetz 2023, arXiv 2305.20052).

Each gradient counts as much as the score grows where it is taken, so that the plateau, where nothing is decided any
more, counts for nothing. The points are placed accordingly.
"""

from __future__ import annotations

from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import METHODS, OwnPath
from igcli.attribution.network import probe
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import PathRun, sweep
from igcli.errors import NumericalError
from igcli.lazy import np, torch


@METHODS("decision", summary="gradients weighted by the score's growth where they are taken: the plateau has no weight")
class DecisionGradients(OwnPath):
    """∫ ∂F/∂x(γ(α)) ⊙ γ′(α) · ∂F/∂α dα, in squared score units; N forward passes, then N gradients."""

    def finish(self) -> torch.Tensor:
        """Probe the score along the path, place the points, and sweep them."""
        context = self.context
        points = decision_nodes(self._scores(), context.steps)
        collected = IntegratedGradients(context)
        run = PathRun(context.path, context.score, points, [collected])
        self.gradient_evaluations = sweep(context.model, [run], budget=context.budget)
        if run.failure is not None:
            raise run.failure
        return collected.finish()

    def _scores(self) -> np.ndarray:
        """The score at the ends of N equal intervals, (N + 1,) float64: forward only."""
        context = self.context
        alphas = np.linspace(0, 1, context.steps + 1)
        (logits,) = probe(context.model, [context.path], alphas, budget=context.budget)
        self.forward_evaluations = len(alphas)
        scores: np.ndarray = context.score.of(logits).numpy()
        if not np.isfinite(scores).all():
            raise NumericalError.on_the_path()
        return scores


def decision_nodes(scores: np.ndarray, steps: int) -> Nodes:
    """Points and weights from the scores (M + 1,) at the ends of M equal intervals.

    An interval gets points in proportion to |growth|, the change of the score over it, at the middles of equal parts;
    each point stands for such a part, and weighs ∂F/∂α · dα = growth / (the interval's points). Where the score does
    not move at all, there is nothing to divide: equal intervals, of weight 0.
    """
    growth = np.diff(scores)
    counts = _apportioned(np.abs(growth), steps)
    alphas = [
        (interval + (np.arange(count) + 0.5) / count) / len(growth) for interval, count in enumerate(counts) if count
    ]
    weights = [np.full(count, rise / count) for rise, count in zip(growth, counts, strict=True) if count]
    half = np.concatenate([np.full(count, 0.5 / count) for count in counts if count]) / len(growth)
    middles = np.concatenate(alphas)
    return Nodes(middles, np.concatenate(weights), np.stack([middles - half, middles + half], axis=1))


def _apportioned(shares: np.ndarray, count: int) -> np.ndarray:
    """``count`` points in proportion to ``shares`` by largest remainder; the earlier of two equals gets more."""
    if not shares.sum() > 0:
        shares = np.ones_like(shares)
    exact = count * shares / shares.sum()
    whole: np.ndarray = np.floor(exact).astype(int)
    most_left = np.argsort(whole - exact, kind="stable")[: count - whole.sum()]
    whole[most_left] += 1
    return whole
