"""The sweep: the one pass over the path that feeds every view.

It packs (picture, α) pairs of any number of walks into bounded chunks, runs the network forward once per pair, for all
classes of a picture together, and backward once per pair and class, and hands each walk's share to that walk's
consumers. Memory is bounded by the chunk, never by the number of steps. What the gradients are used for is not known
here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes
from igcli.attribution.scores import Score
from igcli.errors import IgError, NetworkError, NumericalError, UsageError, first_line
from igcli.lazy import np, torch
from igcli.models.devices import is_out_of_memory
from igcli.models.model import Model

#: Walks along the same points whose gradients are held at once; more would not be bounded by the chunk.
MOST_TOGETHER = 8


@dataclass(frozen=True)
class Chunk:
    """Some consecutive points of one walk; N of them.

    Attributes
    ----------
    start
        The position of the first point among the walk's nodes.
    alphas, weights
        (N,), on the network's device, in its precision.
    logits, scores
        (N, K) and (N,).
    gradients
        ∂score/∂pixels, (N, C, H, W), in score units per pixel unit. Read it, keep no reference to it.
    """

    start: int
    alphas: torch.Tensor
    weights: torch.Tensor
    logits: torch.Tensor
    scores: torch.Tensor
    gradients: torch.Tensor


class Consumer:
    """Something that makes use of the gradients along one walk."""

    #: Points the consumer needs beside those that the rule deals out.
    alphas: tuple[float, ...] = ()
    #: Whether it needs the rule's points at all.
    integrates: bool = True

    def start(self, path: Path, nodes: Nodes) -> None:
        """Called once, before the first chunk."""

    def take(self, chunk: Chunk) -> None:
        """Called for every chunk, in the order of the nodes."""


@dataclass
class Walk:
    """One path, the score along it, the points to visit, and who wants to know.

    Attributes
    ----------
    failure
        Why this walk was given up; the others are not affected.
    taken, looked
        Gradients taken on it so far, and passes forward only.
    """

    path: Path
    score: Score
    nodes: Nodes
    consumers: Sequence[Consumer]
    failure: IgError | None = field(default=None, init=False)
    taken: int = field(default=0, init=False)
    looked: int = field(default=0, init=False)

    @property
    def integrates(self) -> bool:
        """Whether anybody needs points that are dealt out, not only those asked for."""
        return any(consumer.integrates for consumer in self.consumers)


@dataclass(frozen=True)
class _Segment:
    walks: Sequence[Walk]  # along the same points
    start: int  # among the walks' nodes
    stop: int

    def part(self, values: np.ndarray, like: torch.Tensor) -> torch.Tensor:
        """The segment's part of one value a node, where and as precise as ``like``."""
        return tensor_like(like, values[self.start : self.stop])


def sweep(
    model: Model, walks: Sequence[Walk], *, budget: Budget, on_points: Callable[[int], None] | None = None
) -> int:
    """Take the gradient once at every node of every walk; returns how many were taken.

    The network's mode, its parameters and its parameters' ``.grad`` are as before afterwards; so are the walks'
    tensors. A walk whose logits or gradients are not finite is given up, with the reason in ``walk.failure``.

    Raises
    ------
    UsageError
        For a network whose answer cannot be differentiated.
    OutOfMemory
        When a single point does not fit into the device's memory.
    """
    model = model.quick()
    for walk in walks:
        walk.path = walk.path.to(model.device, model.dtype)
        for consumer in walk.consumers:
            consumer.start(walk.path, walk.nodes)
    together = _together(walks)
    ends = [0]
    for bundle in together:
        ends.append(ends[-1] + len(bundle[0].nodes))

    def work(start: int, stop: int) -> list[tuple[Walk, Chunk]]:
        segments = [
            _Segment(alive, max(start - first, 0), min(stop, last) - first)
            for bundle, first, last in zip(together, ends[:-1], ends[1:], strict=True)
            if max(first, start) < min(last, stop) and (alive := [walk for walk in bundle if walk.failure is None])
        ]
        return list(_differentiate(model, segments)) if segments else []

    taken = 0
    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        for shares in budget.chunks(ends[-1], work):
            for walk, chunk in shares:
                walk.failure = walk.failure or _complaint(chunk)
                if walk.failure is None:
                    for consumer in walk.consumers:
                        consumer.take(chunk)
                walk.taken += len(chunk.alphas)
                taken += len(chunk.alphas)
                if on_points is not None:
                    on_points(len(chunk.alphas))
    return taken


def look(model: Model, pictures: Sequence[torch.Tensor], *, budget: Budget) -> torch.Tensor:
    """Logits (N, K) on the CPU of ``pictures``, each (C, H, W) in [0, 1]: forward only, in chunks."""
    model = model.quick()

    def work(start: int, stop: int) -> torch.Tensor:
        batch = torch.stack([p.to(model.device, model.dtype) for p in pictures[start:stop]])
        return answer(model, batch.contiguous(memory_format=torch.channels_last)).cpu()

    with model.frozen(), torch.no_grad():
        return torch.cat(list(budget.chunks(len(pictures), work)))


def look_along(model: Model, paths: Sequence[Path], alphas: np.ndarray, *, budget: Budget) -> torch.Tensor:
    """Logits (P, A, K), float64 on the CPU, at every one of ``alphas`` (A,) of each path: forward only, in chunks.

    They may not be finite: that is for the caller to judge.
    """
    model = model.quick()
    on_device = [path.to(model.device, model.dtype) for path in paths]
    points = tensor_like(on_device[0].pixels, np.asarray(alphas, np.float64))

    def work(start: int, stop: int) -> torch.Tensor:
        pairs = [divmod(pair, len(points)) for pair in range(start, stop)]
        batch = torch.cat([on_device[path].at(points[point : point + 1]) for path, point in pairs])
        return answer(model, batch.contiguous(memory_format=torch.channels_last)).cpu().double()

    with model.frozen(), torch.no_grad():
        logits = torch.cat(list(budget.chunks(len(paths) * len(points), work)))
    return logits.reshape(len(paths), len(points), -1)


def answer(model: Model, pixels: torch.Tensor) -> torch.Tensor:
    """Logits (N, K) of pixels (N, C, H, W).

    Raises
    ------
    NetworkError
        For whatever the network's own code raises, but for memory that runs out.
    """
    try:
        return model(pixels)
    except IgError:
        raise
    except Exception as error:  # a person's own network can raise anything
        if is_out_of_memory(error):
            raise
        said = f" ({first_line(error)})" if first_line(error) else ""
        raise NetworkError(
            f"The network raised {type(error).__name__}{said} when given {' x '.join(map(str, pixels.shape))} pixels. "
            "Try --batch-size 1, or the network by itself with such pixels."
        ) from error


def gradient(total: torch.Tensor, points: torch.Tensor, *, retain_graph: bool = False) -> torch.Tensor:
    """∂total/∂points, of the shape of ``points``.

    Raises
    ------
    NetworkError
        For whatever the network raises in its backward pass, but for memory that runs out.
    """
    try:
        return torch.autograd.grad(total, points, retain_graph=retain_graph)[0]
    except Exception as error:  # a person's own network can raise anything
        if is_out_of_memory(error):
            raise
        raise NetworkError.backward(error) from error


def tensor_like(other: torch.Tensor, values: np.ndarray) -> torch.Tensor:
    """``values`` where and as precise as ``other``."""
    # precision first, device second: some devices have no float64
    return torch.from_numpy(values).to(other.dtype).to(other.device)


def _together(walks: Sequence[Walk]) -> list[list[Walk]]:
    """The walks in groups that visit the same points: several classes of one picture go forward together."""
    groups: dict[tuple[int, int, bytes, int], list[Walk]] = {}
    for walk in walks:
        points = (*walk.path.between, walk.nodes.alphas.tobytes())
        number = 0
        while len(groups.get((*points, number), ())) == MOST_TOGETHER:
            number += 1
        groups.setdefault((*points, number), []).append(walk)
    return list(groups.values())


def _differentiate(model: Model, segments: Sequence[_Segment]) -> Iterator[tuple[Walk, Chunk]]:
    lengths = [segment.stop - segment.start for segment in segments]
    like = segments[0].walks[0].path.pixels
    points = torch.empty(
        (sum(lengths), *like.shape), dtype=like.dtype, device=like.device, memory_format=torch.channels_last
    )
    alphas = [segment.part(segment.walks[0].nodes.alphas, like) for segment in segments]
    for segment, alpha, own in zip(segments, alphas, points.split_with_sizes(lengths), strict=True):
        segment.walks[0].path.at(alpha, out=own)
    points.requires_grad_()
    outputs = answer(model, points)
    logits = outputs.split_with_sizes(lengths)
    turns = max(len(segment.walks) for segment in segments)
    for turn in range(turns):
        here = [i for i, segment in enumerate(segments) if turn < len(segment.walks)]
        scores = {i: segments[i].walks[turn].score.of(logits[i]) for i in here}
        # The input alone is differentiated: no hooks, no parameter gradients. Pictures in a batch do not interact in
        # evaluation mode, so the gradient of the sum holds each picture's own.
        total = torch.cat(list(scores.values())).sum()
        if not total.requires_grad:
            raise UsageError.without_gradient()
        gradients = gradient(total, points, retain_graph=turn + 1 < turns)
        shares = gradients.split_with_sizes(lengths)
        for i in here:
            walk = segments[i].walks[turn]
            weights = segments[i].part(walk.nodes.weights, like)
            start, score, logit = segments[i].start, scores[i].detach(), logits[i].detach()
            yield walk, Chunk(start, alphas[i], weights, logit, score, shares[i])


def _complaint(chunk: Chunk) -> NumericalError | None:
    for what, values in (("logits", chunk.logits), ("gradients", chunk.gradients)):
        if bool(values.sum().isfinite()):  # then each of them is; one pass where asking each takes four
            continue
        finite = torch.isfinite(values).flatten(1).all(dim=1)
        if not bool(finite.all()):
            alpha = chunk.alphas[~finite][0].item()
            return NumericalError.on_the_path(what, f"at α = {alpha:.3g}")
    return None
