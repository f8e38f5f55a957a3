"""Numbers along the path: the score and the gradient's size at every point visited."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from igcli.attribution.budget import Budget
from igcli.attribution.network import probe
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk, Consumer
from igcli.errors import NumericalError
from igcli.lazy import np, torch
from igcli.models.model import Model


@dataclass(frozen=True)
class Trace:
    """One sample's numbers along the path; all arrays (N,) float64, at least one point.

    Attributes
    ----------
    alphas
        The points, rising.
    scores
        The score explained, at each.
    mean_importance
        The mean over pixels of Σ_c |∂F/∂x_c|, in score units per pixel unit (over words, features, … of other samples),
        or ``None`` where no gradient was taken.
    softmax, logit
        The class's probability and raw output, whatever the score explained, or ``None``.
    ends
        The score explained at α = 0 and α = 1, where known from elsewhere: the points need not reach there.
    """

    alphas: np.ndarray
    scores: np.ndarray
    mean_importance: np.ndarray | None = None
    softmax: np.ndarray | None = None
    logit: np.ndarray | None = None
    ends: tuple[float, float] | None = None

    def __post_init__(self) -> None:
        if not len(self.alphas):
            raise ValueError("a trace needs at least one point")
        if not (np.diff(self.alphas) > 0).all():
            raise ValueError("the points of a trace must rise")

    @property
    def at_baseline(self) -> float:
        """The score at α = 0, or at the first point."""
        return float(self.scores[0]) if self.ends is None else self.ends[0]

    @property
    def at_image(self) -> float:
        """The score at α = 1, or at the last point."""
        return float(self.scores[-1]) if self.ends is None else self.ends[1]

    @property
    def span(self) -> float:
        """The score's range: the largest less the smallest, at all points and both ends."""
        return float(np.ptp([*self.scores, self.at_baseline, self.at_image]))

    def score_at(self, alpha: float) -> float:
        """The score at one α, read off between the points."""
        return float(np.interp(alpha, self.alphas, self.scores))

    def importance_at(self, alpha: float) -> float:
        """The mean importance at one α, read off between the points; 0 where none is known."""
        if self.mean_importance is None:
            return 0.0
        return float(np.interp(alpha, self.alphas, self.mean_importance))


class TraceRecorder(Consumer):
    """Score and mean importance over α, at every point that is visited.

    Parameters
    ----------
    target
        The class whose probability and raw output to keep too, besides the score explained.
    alphas
        Points to visit besides those of others.
    multi_label
        The probability is the class's own sigmoid, not its share of the softmax.

    Attributes
    ----------
    alphas_visited, scores, mean_importance
        (N,) float64. The mean importance is the mean over pixels of Σ_c |∂F/∂x_c| (arXiv 1611.02639, eq. 3 and 4).
    softmax, logit
        (N,) float64, or ``None`` without a target: both parts of Fig. 2 come from one pass.
    """

    integrates = False

    def __init__(self, target: int | None = None, *, alphas: Iterable[float] = (), multi_label: bool = False) -> None:
        self._target, self._multi_label = target, multi_label
        self.alphas = tuple(float(alpha) for alpha in alphas)
        self.softmax: np.ndarray | None = None
        self.logit: np.ndarray | None = None

    def start(self, path: Path, nodes: Nodes) -> None:
        """Make room for every node."""
        self._places = path.layout.places
        self.alphas_visited = nodes.alphas
        self.scores = np.full(len(nodes), np.nan)
        self.mean_importance = np.full(len(nodes), np.nan)
        if self._target is not None:
            self.softmax, self.logit = np.full(len(nodes), np.nan), np.full(len(nodes), np.nan)

    def take(self, chunk: Chunk) -> None:
        """Note the chunk's points."""
        here = slice(chunk.start, chunk.start + len(chunk.alphas))
        self.scores[here] = chunk.scores.double().cpu().numpy()
        self.mean_importance[here] = _mean_importance(chunk, self._places).cpu().double().numpy()
        if self.softmax is not None and self.logit is not None:
            logits = chunk.logits.cpu().double()
            self.softmax[here] = (logits.sigmoid() if self._multi_label else logits.softmax(dim=1))[
                :, self._target
            ].numpy()
            self.logit[here] = logits[:, self._target].numpy()

    def trace(self) -> Trace:
        """What was noted, once the sweep is over."""
        return Trace(self.alphas_visited, self.scores, self.mean_importance, self.softmax, self.logit)


def _mean_importance(chunk: Chunk, places: int) -> torch.Tensor:
    every = tuple(range(1, chunk.gradients.ndim))
    total: torch.Tensor = torch.linalg.vector_norm(chunk.gradients, 1, dim=every)  # one pass, where abs takes two
    return total / places


def score_curves(
    model: Model, paths: Sequence[Path], alphas: np.ndarray, *, targets: Sequence[int], budget: Budget
) -> list[Trace]:
    """Softmax and logit of one class per path at ``alphas`` (A,): forward only, several paths to a chunk.

    Returns
    -------
    list of Trace
        One per path. ``scores`` are the probabilities, or the values of a regression; there is no mean importance.

    Raises
    ------
    NumericalError
        For logits that are not finite.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    points = np.asarray(alphas, np.float64)
    logits = probe(model, paths, points, budget=budget)
    if not bool(torch.isfinite(logits).all()):
        raise NumericalError.on_the_path()
    if model.regression:
        return [Trace(points, raw[:, target].numpy()) for raw, target in zip(logits, targets, strict=True)]
    curves = zip(logits, model.probabilities(logits), targets, strict=True)
    numbers = [(soft[:, target].numpy(), raw[:, target].numpy()) for raw, soft, target in curves]
    return [Trace(points, soft, softmax=soft, logit=raw) for soft, raw in numbers]
