"""The sweep: the one pass over the path that feeds every view.

It packs (sample, α) pairs of any number of paths into bounded chunks, runs the network forward once per pair, for all
classes of a sample together, and backward once per pair and class, and gives each path's share to that path's
consumers. Samples of different shapes go in chunks of their own. Memory is bounded by the chunk, never by the number of
steps. What the gradients are used for is not known here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from igcli.attribution.budget import Budget
from igcli.attribution.network import gradient_of, network_logits, tensor_like
from igcli.attribution.path import Path, in_batches
from igcli.attribution.quadrature import Nodes
from igcli.attribution.result import ScoreEnds
from igcli.attribution.scores import Score
from igcli.errors import IgError, NumericalError
from igcli.lazy import np, torch
from igcli.models.model import Model

#: The ends of a path whose scores there are of no interest.
UNKNOWN = ScoreEnds("", math.nan, math.nan)

#: Paths along the same points whose gradients are held at once; more would not be bounded by the chunk.
MOST_TOGETHER = 8


@dataclass(frozen=True)
class Chunk:
    """Some consecutive points of one path; N of them.

    Attributes
    ----------
    start
        The position of the first point among the path's nodes.
    alphas, weights
        (N,), on the network's device, in its precision.
    logits, scores
        (N, K) and (N,).
    gradients
        ∂score/∂values, (N, ...): (N, C, H, W) of a picture, in score units per pixel unit; (N, D) where several tensors
        are packed into one. Read it, keep no reference to it.
    path, nodes
        The path, and all of its nodes.
    """

    start: int
    alphas: torch.Tensor
    weights: torch.Tensor
    logits: torch.Tensor
    scores: torch.Tensor
    gradients: torch.Tensor
    path: Path
    nodes: Nodes

    @cached_property
    def moves(self) -> torch.Tensor:
        """(N, ...): how far the path goes over the part that each point stands for, γ(upper) − γ(lower).

        Where a point weighs otherwise than its part is long, in proportion. Made when first asked for; what can use
        the path's ``velocity`` need not.
        """
        here = slice(self.start, self.start + len(self.alphas))
        lower, upper = (bound[here] for bound in self.nodes.cells)
        moves = self.path.moves(lower, upper)
        weights, widths = self.nodes.weights[here], upper - lower
        if self.nodes.bounds is None or np.array_equal(weights, widths):
            return moves
        scale = np.divide(weights, widths, out=np.zeros_like(widths), where=widths > 0)
        return moves * tensor_like(moves, scale).reshape(-1, *[1] * (moves.ndim - 1))


class Consumer:
    """Uses the gradients along one path."""

    #: Points the consumer needs besides those of the quadrature.
    alphas: tuple[float, ...] = ()
    #: Whether it needs the quadrature's points at all.
    integrates: bool = True

    def start(self, path: Path, nodes: Nodes) -> None:
        """Called once, before the first chunk."""

    def take(self, chunk: Chunk) -> None:
        """Called for every chunk, in the order of the nodes."""


@dataclass
class PathRun:
    """One path, the score along it, the points where its gradient is taken, and their consumers.

    Attributes
    ----------
    ends
        The score at both ends; NaN where it is of no interest.
    failure
        Why this path was given up; the others are not affected.
    gradient_evaluations, forward_evaluations
        Gradients taken on it so far, and passes forward only.
    """

    path: Path
    score: Score
    nodes: Nodes = field(default_factory=Nodes.none)
    consumers: Sequence[Consumer] = ()
    ends: ScoreEnds = UNKNOWN
    failure: IgError | None = field(default=None, init=False)
    gradient_evaluations: int = field(default=0, init=False)
    forward_evaluations: int = field(default=0, init=False)

    @property
    def integrates(self) -> bool:
        """Whether any consumer needs the points of a quadrature, not only those that it names."""
        return any(consumer.integrates for consumer in self.consumers)


@dataclass(frozen=True)
class _Segment:
    runs: Sequence[PathRun]  # along the same points
    start: int  # among the runs' nodes
    stop: int

    def part(self, values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
        """The segment's part of one value per node, where and as precise as ``like``."""
        return tensor_like(like, values[self.start : self.stop])


def sweep(
    model: Model, runs: Sequence[PathRun], *, budget: Budget, on_points: Callable[[int], None] | None = None
) -> int:
    """Take the gradient once at every node of every path; returns how many were taken.

    The network's mode, its parameters and its parameters' ``.grad`` are as before afterwards; so are the paths'
    tensors. A path whose logits or gradients are not finite is given up, with the reason in ``run.failure``.

    Raises
    ------
    UsageError
        For a network whose output cannot be differentiated.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    model = model.optimised(compiled=all(len(bundle) == 1 for bundle in _together(runs)))
    for run in runs:
        run.path = run.path.to(model.device, model.dtype)
        for consumer in run.consumers:
            consumer.start(run.path, run.nodes)
    taken = 0
    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        for group in in_batches([run.path for run in runs]):
            for run, chunk in _chunks(model, [runs[i] for i in group], budget):
                run.failure = run.failure or _complaint(chunk)
                if run.failure is None:
                    for consumer in run.consumers:
                        consumer.take(chunk)
                run.gradient_evaluations += len(chunk.alphas)
                taken += len(chunk.alphas)
                if on_points is not None:
                    on_points(len(chunk.alphas))
    return taken


def _chunks(model: Model, runs: Sequence[PathRun], budget: Budget) -> Iterator[tuple[PathRun, Chunk]]:
    """The gradients at all nodes of paths that fit into one batch."""
    together = _together(runs)
    ends = [0]
    for bundle in together:
        ends.append(ends[-1] + len(bundle[0].nodes))

    def work(start: int, stop: int) -> list[tuple[PathRun, Chunk]]:
        segments = [
            _Segment(alive, max(start - first, 0), min(stop, last) - first)
            for bundle, first, last in zip(together, ends[:-1], ends[1:], strict=True)
            if max(first, start) < min(last, stop) and (alive := [run for run in bundle if run.failure is None])
        ]
        return list(_differentiate(model, segments)) if segments else []

    for shares in budget.chunks(ends[-1], work):
        yield from shares


def _together(runs: Sequence[PathRun]) -> list[list[PathRun]]:
    """The paths in groups that visit the same points: several classes of one sample go forward together."""
    groups: dict[tuple[tuple[int, ...], bytes, int], list[PathRun]] = {}
    for run in runs:
        points = (run.path.between, run.nodes.alphas.tobytes())
        number = 0
        while len(groups.get((*points, number), ())) == MOST_TOGETHER:
            number += 1
        groups.setdefault((*points, number), []).append(run)
    return list(groups.values())


def _differentiate(model: Model, segments: Sequence[_Segment]) -> Iterator[tuple[PathRun, Chunk]]:
    lengths = [segment.stop - segment.start for segment in segments]
    paths = [segment.runs[0].path for segment in segments]
    like = paths[0].end
    points = torch.empty(
        (sum(lengths), *like.shape), dtype=like.dtype, device=like.device, memory_format=model.memory_format
    )
    alphas = [segment.part(segment.runs[0].nodes.alphas, like) for segment in segments]
    for path, alpha, own in zip(paths, alphas, points.split_with_sizes(lengths), strict=True):
        path.at(alpha, out=own)
    points.requires_grad_()
    logits = network_logits(model, points, list(zip(paths, lengths, strict=True))).split_with_sizes(lengths)
    turns = max(len(segment.runs) for segment in segments)
    for turn in range(turns):
        here = [i for i, segment in enumerate(segments) if turn < len(segment.runs)]
        scores = {i: segments[i].runs[turn].score.of(logits[i]) for i in here}
        gradients = gradient_of(torch.cat(list(scores.values())).sum(), points, again=turn + 1 < turns)
        shares = gradients.split_with_sizes(lengths)
        for i in here:
            run = segments[i].runs[turn]
            weights = segments[i].part(run.nodes.weights, like)
            start, score, logit = segments[i].start, scores[i].detach(), logits[i].detach()
            yield run, Chunk(start, alphas[i], weights, logit, score, shares[i], run.path, run.nodes)


def _complaint(chunk: Chunk) -> NumericalError | None:
    for what, values in (("logits", chunk.logits), ("gradients", chunk.gradients)):
        if bool(values.sum().isfinite()):  # then each of them is; one pass where asking each takes four
            continue
        finite = torch.isfinite(values).flatten(1).all(dim=1)
        if not bool(finite.all()):
            alpha = chunk.alphas[~finite][0].item()
            return NumericalError.on_the_path(what, f"at α = {alpha:.3g}")
    return None
