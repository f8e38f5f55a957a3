"""Integrated decision gradients (Walker, Jha, Chen, Ewetz 2023, arXiv 2305.20052).

Each gradient counts as much as the score grows where it is taken, so that the plateau, where nothing is decided any
more, counts for nothing. The points are dealt out accordingly.
"""

from __future__ import annotations

from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import METHODS, OwnPath
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Walk, look_along, sweep
from igcli.errors import NumericalError
from igcli.lazy import np, torch


@METHODS("decision", summary="gradients weighed by the score's growth where they are taken: the plateau counts nothing")
class DecisionGradients(OwnPath):
    """Δ ⊙ ∫ ∂F/∂x(γ(α)) · ∂F/∂α dα, in squared score units; N forward passes, then N gradients."""

    def finish(self) -> torch.Tensor:
        """Look at the score along the path, deal out the points, and sweep them."""
        question = self.question
        points = decision_nodes(self._scores(), question.steps)
        collected = IntegratedGradients(question)
        walk = Walk(question.path, question.score, points, [collected])
        self.evaluations = sweep(question.model, [walk], budget=question.budget)
        if walk.failure is not None:
            raise walk.failure
        return collected.finish()

    def _scores(self) -> np.ndarray:
        """The score at the ends of N equal intervals, (N + 1,) float64: forward only."""
        question = self.question
        alphas = np.linspace(0, 1, question.steps + 1)
        (logits,) = look_along(question.model, [question.path], alphas, budget=question.budget)
        self.looked = len(alphas)
        scores: np.ndarray = question.score.of(logits).numpy()
        if not np.isfinite(scores).all():
            raise NumericalError.on_the_path()
        return scores


def decision_nodes(scores: np.ndarray, steps: int) -> Nodes:
    """Points and weights from the scores (M + 1,) at the ends of M equal intervals.

    An interval gets points in proportion to |growth|, the change of the score over it, at the middles of equal parts;
    each point weighs ∂F/∂α · dα = growth / (the interval's points). Where the score does not move at all, there is
    nothing to share out: equal intervals, of weight 0.
    """
    growth = np.diff(scores)
    counts = _dealt_out(np.abs(growth), steps)
    alphas = [
        (interval + (np.arange(count) + 0.5) / count) / len(growth) for interval, count in enumerate(counts) if count
    ]
    weights = [np.full(count, rise / count) for rise, count in zip(growth, counts, strict=True) if count]
    return Nodes(np.concatenate(alphas), np.concatenate(weights))


def _dealt_out(shares: np.ndarray, count: int) -> np.ndarray:
    """``count`` dealt out in proportion to ``shares`` by largest remainder; the earlier of two equals gets more."""
    if not shares.sum() > 0:
        shares = np.ones_like(shares)
    exact = count * shares / shares.sum()
    whole: np.ndarray = np.floor(exact).astype(int)
    most_left = np.argsort(whole - exact, kind="stable")[: count - whole.sum()]
    whole[most_left] += 1
    return whole
