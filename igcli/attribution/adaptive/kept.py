"""Gradients that are kept until it is decided how much each of them counts."""

from __future__ import annotations

from collections.abc import Iterator

from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.sweep import Chunk, Consumer
from igcli.lazy import np, torch

#: Gradients kept of one walk. A path that needs more is rare; it is walked once more, so that memory stays bounded.
MOST_KEPT = 128

_TOGETHER = 16


class Kept(Consumer):
    """What one walk has found so far, in however many sweeps: all numbers, and the first ``MOST_KEPT`` gradients.

    Attributes
    ----------
    scores, slopes
        α to F and to ∂F/∂α = Σ ∂F/∂x ⊙ Δ, float.
    """

    def __init__(self) -> None:
        self.scores: dict[float, float] = {}
        self.slopes: dict[float, float] = {}
        self._rows: dict[float, tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = {}

    def start(self, path: Path, nodes: Nodes) -> None:
        """Another sweep begins."""
        self._nodes, self._displacement = nodes.alphas.tolist(), path.displacement

    def take(self, chunk: Chunk) -> None:
        """Note the chunk's points."""
        alphas = self._nodes[chunk.start : chunk.start + len(chunk.alphas)]
        slopes = (chunk.gradients * self._displacement).flatten(1).sum(dim=1)
        self.scores.update(zip(alphas, chunk.scores.cpu().double().tolist(), strict=True))
        self.slopes.update(zip(alphas, slopes.cpu().double().tolist(), strict=True))
        for i, alpha in enumerate(alphas[: max(MOST_KEPT - len(self._rows), 0)]):
            self._rows[alpha] = (chunk.logits[i], chunk.scores[i], chunk.gradients[i].clone())

    @property
    def complete(self) -> bool:
        """Whether no gradient had to be let go."""
        return len(self._rows) == len(self.scores)

    def chunks(self, nodes: Nodes) -> Iterator[Chunk]:
        """Everything again as one sweep would have brought it, with the weights that were not known then."""
        for start in range(0, len(nodes), _TOGETHER):
            here = slice(start, start + _TOGETHER)
            rows = [self._rows[alpha] for alpha in nodes.alphas[here].tolist()]
            logits, scores, gradients = (torch.stack(each) for each in zip(*rows, strict=True))
            alphas, weights = (_like(values[here], gradients) for values in (nodes.alphas, nodes.weights))
            yield Chunk(start, alphas, weights, logits, scores, gradients)


def _like(values: np.ndarray, other: torch.Tensor) -> torch.Tensor:
    # precision first, device second: some devices have no float64
    return torch.from_numpy(values).to(other.dtype).to(other.device)
