"""Discretized integrated gradients: a path from word to baseline through other words (arXiv 2108.13654, greedy).

The straight path leads through points that are no words. Here each word goes to its baseline over 30 anchors: among
the 500 words of the vocabulary that are nearest to the point reached, and were no anchor yet, the one that has to be
changed least so that every coordinate moves towards the baseline. A coordinate that would not is moved by a thirtieth
of what is left. Between the anchors the path is straight, and all words move together; at its end it is the baseline.
From a baseline that is a word, as published (mask, pad), the path lies far nearer to words than the straight one; from
embeddings of zeros, which are none, it does not. The published sum takes one gradient per anchor; here the path is
integrated as any other, so that the numbers sum to the rise.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import METHODS
from igcli.attribution.path import Path
from igcli.attribution.paths.kind import PATHS, PathKind
from igcli.errors import UsageError
from igcli.lazy import np, torch
from igcli.models.model import Model
from igcli.sample import Layout

ANCHORS, NEAREST = 30, 500
NO_WORD = (
    "discretized leads from word to word: give it a baseline that is one, with --baseline pad, mask or text:WORDS. "
    "From embeddings of zeros its path is no nearer to words than the straight one."
)
#: Numbers of the words that are compared at once.
_AT_ONCE = 1 << 24


@METHODS("discretized", summary="integrated along a path through words of the vocabulary", listed=False)
class DiscretizedGradients(IntegratedGradients):
    """Along the path ``discretized``."""

    path, over_references = "discretized", False

    @classmethod
    def check_network(cls, model: Model) -> None:
        """Raise ``UsageError`` for a model whose words are not known."""
        vocabulary_of(model)


@PATHS("discretized", summary="over words of the vocabulary", listed=False)
class Discretized(PathKind):
    """Of a model with a vocabulary, (V, D)."""

    vocabulary: torch.Tensor | None = None

    def for_model(self, model: Model) -> Discretized:
        """The kind with the model's vocabulary."""
        kind = Discretized()
        kind.vocabulary = vocabulary_of(model)
        return kind

    def path(self, baseline: torch.Tensor, end: torch.Tensor, layout: Layout, further: tuple[object, ...]) -> Path:
        """Find the anchors, on the CPU."""
        if self.vocabulary is None:
            raise UsageError("A discretized path leads through a model's vocabulary, and there is none.")
        found = anchors(end.float().cpu(), baseline.float().cpu(), self.vocabulary.float().cpu()).to(end)
        found[0], found[-1] = baseline, end
        return AnchoredPath(baseline, end, layout, further, anchors=found)


@dataclass(frozen=True)
class AnchoredPath(Path):
    """Straight from anchor to anchor, each part as long in α.

    Attributes
    ----------
    anchors
        (M, ...): from the baseline to the end.
    """

    anchors: torch.Tensor = field(kw_only=True)

    def at(self, alphas: torch.Tensor, *, out: torch.Tensor | None = None) -> torch.Tensor:
        """The counterfactuals (N, ...) at ``alphas`` (N,); exact at both ends. Written into ``out`` if given."""
        places = alphas.double() * (len(self.anchors) - 1)
        first = places.long().clamp(max=len(self.anchors) - 2)
        weights = (places - first).to(self.end).reshape(-1, *[1] * self.end.ndim)
        return torch.lerp(self.anchors[first], self.anchors[first + 1], weights, out=out)

    @property
    def velocity(self) -> None:
        """Not the same everywhere."""
        return None

    def moves(self, lower: np.ndarray, upper: np.ndarray) -> torch.Tensor:
        """γ(upper) − γ(lower), (N, ...), for N pairs in [0, 1], float64."""
        before, after = self.at(torch.from_numpy(np.concatenate([lower, upper])).to(self.end.device)).chunk(2)
        return after - before

    @property
    def between(self) -> tuple[int, ...]:
        """The same for all paths along the very same points, as long as their tensors live."""
        return *super().between, id(self.anchors)

    def to(self, device: torch.device, dtype: torch.dtype) -> AnchoredPath:
        """The same path on another device, in another precision."""
        moved, anchors = super().to(device, dtype), self.anchors.to(device, dtype)
        return AnchoredPath(moved.baseline, moved.end, moved.layout, moved.further, anchors=anchors)


def anchors(words: torch.Tensor, baseline: torch.Tensor, vocabulary: torch.Tensor) -> torch.Tensor:
    """(M, T, D): for words (T, D) the points from the baseline (T, D) to them, over words of the vocabulary (V, D)."""
    count, nearest = min(ANCHORS, len(vocabulary) - 1), min(NEAREST, len(vocabulary))
    rows = max(1, _AT_ONCE // max(nearest * vocabulary.shape[1], len(vocabulary)))
    parts = [slice(start, start + rows) for start in range(0, len(words), rows)]
    return torch.cat([_anchors_of(words[part], baseline[part], vocabulary, (count, nearest)) for part in parts], dim=1)


def _anchors_of(
    words: torch.Tensor, baseline: torch.Tensor, vocabulary: torch.Tensor, sizes: tuple[int, int]
) -> torch.Tensor:
    (count, nearest), row = sizes, torch.arange(len(words))
    point, found = words, [words]
    used = torch.zeros(len(words), len(vocabulary), dtype=torch.bool)
    used[row, torch.cdist(words, vocabulary).argmin(dim=1)] = True  # the word itself
    for _ in range(count):
        near = torch.cdist(point, vocabulary).masked_fill_(used, torch.inf).topk(nearest, largest=False)
        candidates, steps = vocabulary[near.indices], (point + (baseline - point) / count)[:, None]
        low, high = torch.minimum(point, baseline)[:, None], torch.maximum(point, baseline)[:, None]
        monotone = torch.where((candidates >= low) & (candidates <= high), candidates, steps)
        changes = (candidates - monotone).norm(dim=2).masked_fill_(near.values.isinf(), torch.inf)
        best = changes.argmin(dim=1)
        used[row, near.indices[row, best]] = True
        point = monotone[row, best]
        found.append(point)
    return torch.stack([baseline, *reversed(found)])


def vocabulary_of(model: Model) -> torch.Tensor:
    """The embeddings of all words of a text model, (V, D); ``UsageError`` where they are not known."""
    tokeniser = getattr(model, "tokeniser", None)
    table: torch.Tensor | None = None if tokeniser is None else tokeniser.table()
    if table is None or len(table) < 2:
        raise UsageError(
            f"{model.provenance.name} does not say which words it knows, and a discretized path leads through them: "
            "give the network its words, or choose integrated."
        )
    return table
