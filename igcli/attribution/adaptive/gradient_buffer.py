"""Gradients that are kept until their weights are known."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from igcli.attribution.budget import if_it_fits
from igcli.attribution.network import tensor_like
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk, Consumer
from igcli.lazy import np, torch

_TOGETHER = 16


class _Row(NamedTuple):
    """One point: logits (K,), score (), gradient."""

    logits: torch.Tensor
    score: torch.Tensor
    gradient: torch.Tensor


class GradientBuffer(Consumer):
    """All numbers along one path so far, over any number of sweeps, and the gradients while there is room.

    Parameters
    ----------
    most
        Gradients to keep. When there are more, all are dropped: they have to be taken again in any case.

    Attributes
    ----------
    scores, slopes
        α to F and to ∂F/∂α = Σ ∂F/∂x ⊙ γ′, float. On a path that bends γ′ is the mean over the part that the point
        stands for; see :meth:`slopes_over`.
    """

    def __init__(self, most: int) -> None:
        self.scores: dict[float, float] = {}
        self.slopes: dict[float, float] = {}
        self._most = most
        self._rows: dict[float, _Row] | None = {}
        self._parts: dict[float, tuple[float, float]] = {}

    def start(self, path: Path, nodes: Nodes) -> None:
        """Another sweep begins."""
        self.path, self._nodes, self._velocity = path, nodes, path.velocity

    def take(self, chunk: Chunk) -> None:
        """Note the chunk's points."""
        here = slice(chunk.start, chunk.start + len(chunk.alphas))
        alphas = self._nodes.alphas[here].tolist()
        self.scores.update(zip(alphas, chunk.scores.cpu().double().tolist(), strict=True))
        if self._velocity is not None:
            slopes = (chunk.gradients * self._velocity).flatten(1).sum(dim=1)
            self.slopes.update(zip(alphas, slopes.cpu().double().tolist(), strict=True))
        else:
            self._measure(self._nodes.only(here), chunk.gradients)
        if self._rows is None:
            return
        copied = if_it_fits(lambda: _rows_of(chunk)) if len(self._rows) + len(alphas) <= self._most else None
        if copied is None:
            self._rows = None
        else:
            self._rows.update(zip(alphas, copied[0], strict=True))

    def slopes_over(self, nodes: Nodes) -> list[float]:
        """The slope at each of ``nodes``, over the part that it stands for.

        On a path that bends, those whose part has changed are measured again, while their gradients are there.
        """
        alphas = nodes.alphas.tolist()
        if self._velocity is None and self._rows is not None:
            parts = [self._parts[alpha] for alpha in alphas]
            changed = nodes.only((np.stack(nodes.cells, axis=1) != parts).any(axis=1))
            for start in range(0, len(changed), _TOGETHER):
                some = changed.only(slice(start, start + _TOGETHER))
                self._measure(some, torch.stack([self._rows[alpha].gradient for alpha in some.alphas.tolist()]))
        return [self.slopes[alpha] for alpha in alphas]

    def _measure(self, nodes: Nodes, gradients: torch.Tensor) -> None:
        lower, upper = nodes.cells
        products = (gradients * self.path.moves(lower, upper)).flatten(1).sum(dim=1).cpu().double().numpy()
        widths = upper - lower
        slopes = np.divide(products, widths, out=np.zeros_like(widths), where=widths > 0)
        alphas = nodes.alphas.tolist()
        self.slopes.update(zip(alphas, slopes.tolist(), strict=True))
        self._parts.update(zip(alphas, zip(lower.tolist(), upper.tolist(), strict=True), strict=True))

    @property
    def complete(self) -> bool:
        """Whether all gradients are still there."""
        return self._rows is not None

    def release(self, path: Path, nodes: Nodes) -> Iterator[Chunk]:
        """All points of the path as the chunks of one sweep, with their final weights; only once."""
        kept, self._rows = self._rows or {}, None
        return _chunks(path, nodes, kept.pop)

    def chunks(self, nodes: Nodes) -> Iterator[Chunk]:
        """The same of the path of the last sweep and the weights so far; nothing is released."""
        return _chunks(self.path, nodes, (self._rows or {}).__getitem__)


def _chunks(path: Path, nodes: Nodes, row_at: Callable[[float], _Row]) -> Iterator[Chunk]:
    for start in range(0, len(nodes), _TOGETHER):
        here = slice(start, start + _TOGETHER)
        rows = [row_at(alpha) for alpha in nodes.alphas[here].tolist()]
        logits, scores, gradients = (torch.stack(each) for each in zip(*rows, strict=True))
        alphas, weights = (tensor_like(gradients, values[here]) for values in (nodes.alphas, nodes.weights))
        yield Chunk(start, alphas, weights, logits, scores, gradients, path, nodes)


def _rows_of(chunk: Chunk) -> list[_Row]:
    """The chunk's points, each for itself."""
    return [_Row(chunk.logits[i], chunk.scores[i], chunk.gradients[i].clone()) for i in range(len(chunk.alphas))]
