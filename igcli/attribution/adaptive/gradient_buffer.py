"""Gradients that are kept until their weights are known."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from igcli.attribution.budget import if_it_fits
from igcli.attribution.network import tensor_like
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk, Consumer
from igcli.lazy import torch

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
        α to F and to ∂F/∂α = Σ ∂F/∂x ⊙ Δ, float.
    """

    def __init__(self, most: int) -> None:
        self.scores: dict[float, float] = {}
        self.slopes: dict[float, float] = {}
        self._most = most
        self._rows: dict[float, _Row] | None = {}

    def start(self, path: Path, nodes: Nodes) -> None:
        """Another sweep begins."""
        self._nodes, self._displacement = nodes.alphas.tolist(), path.displacement

    def take(self, chunk: Chunk) -> None:
        """Note the chunk's points."""
        alphas = self._nodes[chunk.start : chunk.start + len(chunk.alphas)]
        slopes = (chunk.gradients * self._displacement).flatten(1).sum(dim=1)
        self.scores.update(zip(alphas, chunk.scores.cpu().double().tolist(), strict=True))
        self.slopes.update(zip(alphas, slopes.cpu().double().tolist(), strict=True))
        if self._rows is None:
            return
        copied = if_it_fits(lambda: _rows_of(chunk)) if len(self._rows) + len(alphas) <= self._most else None
        if copied is None:
            self._rows = None
        else:
            self._rows.update(zip(alphas, copied[0], strict=True))

    @property
    def complete(self) -> bool:
        """Whether all gradients are still there."""
        return self._rows is not None

    def release(self, nodes: Nodes) -> Iterator[Chunk]:
        """All points as the chunks of one sweep, with their final weights; only once."""
        kept, self._rows = self._rows or {}, None
        for start in range(0, len(nodes), _TOGETHER):
            here = slice(start, start + _TOGETHER)
            rows = [kept.pop(alpha) for alpha in nodes.alphas[here].tolist()]
            logits, scores, gradients = (torch.stack(each) for each in zip(*rows, strict=True))
            alphas, weights = (tensor_like(gradients, values[here]) for values in (nodes.alphas, nodes.weights))
            yield Chunk(start, alphas, weights, logits, scores, gradients)


def _rows_of(chunk: Chunk) -> list[_Row]:
    """The chunk's points, each for itself."""
    return [_Row(chunk.logits[i], chunk.scores[i], chunk.gradients[i].clone()) for i in range(len(chunk.alphas))]
