"""Photos whose pixels are replaced step by step, scored in chunks: what all metrics that replace pixels share.

An order says which pixels, or single channel values, are replaced first, by what, and what is noted; a route, how many
of them at each stop. Revealing pixels most important first is replacing them least important first, from the other end,
so that deletion, insertion and what lies between them are stops on the same two trails. Stops that several metrics ask
for are visited once; the photo itself and the finished fill once per photo, whatever the number of maps.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from igcli.attribution.budget import Budget
from igcli.attribution.network import network_logits, recognised_logits
from igcli.attribution.scores import COMPARING, SCORES, Score
from igcli.errors import UsageError
from igcli.evaluation.fills import check_fill, fill_values
from igcli.evaluation.maps import RANKINGS, is_by_value
from igcli.lazy import np, torch
from igcli.models.classifier import Classifier
from igcli.sample import Sample

#: What is noted as 1 while the class is the most probable one, and as 0 after that: no score to explain.
TOP_CLASS = "top-class"


@dataclass(frozen=True)
class TopClass:
    """1 where the class ``target`` has the largest logit, else 0."""

    target: int

    def of(self, logits: torch.Tensor) -> torch.Tensor:
        """(N,) of logits (N, K)."""
        return (logits.argmax(dim=1) == self.target).to(logits)


@dataclass(frozen=True)
class Order:
    """In which order the pixels are replaced, by what, and what is noted on the way.

    Attributes
    ----------
    fill
        As :mod:`igcli.evaluation.fills` has them.
    ranked
        A name in ``RANKINGS``; by ``"value"``, single channel values are replaced, not whole pixels.
    least_first
        The same ranking read from its end.
    seed
        For noise; the same for every photo.
    noted
        A name in ``SCORES``, or ``TOP_CLASS``; empty for the score that is explained.
    """

    fill: str
    ranked: str = "signed"
    least_first: bool = False
    seed: int = 0
    noted: str = ""

    def filled(self, pixels: torch.Tensor, model: Classifier | None = None) -> torch.Tensor:
        """What the photo (C, H, W) becomes when all of it is replaced; some fills are made of the model's mean."""
        return fill_values(self.fill, pixels, model=model, seed=self.seed)

    def units(self, shape: Sequence[int]) -> int:
        """How many pixels, or values, a photo of this shape (C, H, W) has to replace."""
        return shape[-3] * shape[-2] * shape[-1] if is_by_value(self.ranked) else shape[-2] * shape[-1]

    def on(self, explained: str) -> Order:
        """The order where the score of this name is explained: noting it by its name is noting what is explained."""
        return replace(self, noted="") if self.noted == explained else self

    def score(self, explained: Score) -> Score | TopClass:
        """What is noted of a photo of which ``explained`` is explained."""
        if self.noted == TOP_CLASS:
            return TopClass(explained.target)
        return replace(explained, kind=self.noted) if self.noted else explained

    @property
    def end(self) -> tuple[str, int, str]:
        """What distinguishes one finished fill of a photo, and what is noted there, from another."""
        return self.fill, self.seed, self.noted

    @property
    def photo(self) -> tuple[str, int, str]:
        """The same of the photo itself, whatever the fill."""
        return "", 0, self.noted

    def check(self) -> None:
        """Raise ``UsageError`` for a fill, a ranking or a score that does not exist or cannot be noted."""
        check_fill(self.fill)
        RANKINGS[self.ranked]
        if self.noted in ("", TOP_CLASS):
            return
        SCORES[self.noted]
        if self.noted in COMPARING:
            raise UsageError(
                f"A metric notes the score of one class, and {self.noted} compares two: give it as --score."
            )


@dataclass(frozen=True)
class Route:
    """The stops that a metric wants to know the score at: how many pixels are replaced there."""

    order: Order
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Trail:
    """One photo on its way to its fill, and the stops on the way.

    Attributes
    ----------
    pixels
        (C, H, W), the photo.
    fill
        (C, H, W), what replaces it; or (stops, C, 1, 1), a colour for each stop.
    ranks
        (H, W) or (C, H, W), int32: the pixel, or the value, of rank 0 is replaced first.
    counts
        How many are replaced at each stop, between 0 and all of them, neither included.
    score
        What is noted there.
    """

    pixels: torch.Tensor
    fill: torch.Tensor
    ranks: torch.Tensor
    counts: Sequence[int]
    score: Score | TopClass

    def write(self, start: int, stop: int, *, out: torch.Tensor) -> None:
        """The pictures at the stops ``start``..``stop``, into ``out`` (stop − start, C, H, W)."""
        counts = torch.tensor(self.counts[start:stop], dtype=torch.int32, device=out.device)
        ranks = self.ranks if self.ranks.ndim == 3 else self.ranks[None]
        replaced = ranks.to(out.device)[None] < counts[:, None, None, None]
        fill = self.fill[start:stop] if self.fill.ndim == 4 else self.fill[None]
        torch.where(replaced, fill.to(out), self.pixels.to(out)[None], out=out)


def merged(routes: Iterable[Route]) -> dict[Order, tuple[int, ...]]:
    """All stops on each order, sorted, each once."""
    stops: dict[Order, set[int]] = {}
    for route in routes:
        stops.setdefault(route.order, set()).update(route.counts)
    return {order: tuple(sorted(counts)) for order, counts in stops.items()}


def between_ends(counts: Iterable[int], units: int) -> list[int]:
    """The stops that belong to one map alone: without the photo itself and the finished fill."""
    return [count for count in counts if 0 < count < units]


def ends_needed(stops: Mapping[Order, tuple[int, ...]], shape: Sequence[int]) -> dict[tuple[str, int, str], Order]:
    """The photo (C, H, W) itself, once for every score that is noted, and the finished fills that some stop lies at."""
    fills = {order.end: order for order, counts in stops.items() if order.units(shape) in counts}
    return {**{order.photo: order for order in stops}, **fills}


def follow(
    model: Classifier, trails: Sequence[Trail], *, budget: Budget, on_passes: Callable[[int], None] | None = None
) -> list[np.ndarray]:
    """The score at every stop of every trail, forward only: one array (stops,) float64 per trail.

    All stops of all trails are one list of jobs; a chunk's pictures are made when it is their turn, so that memory is
    bounded by the chunk. A score is NaN where the network's logits are not finite.

    Raises
    ------
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    model = model.optimised()
    firsts = list(accumulate((len(trail.counts) for trail in trails), initial=0))
    scores = np.empty(firsts[-1])

    def work(start: int, stop: int) -> np.ndarray:
        pieces = list(_pieces(firsts, start, stop))
        shape = (stop - start, *trails[0].pixels.shape)
        batch = torch.empty(shape, dtype=model.dtype, device=model.device, memory_format=torch.channels_last)
        lengths = [last - first for _, first, last in pieces]
        for (trail, first, last), own in zip(pieces, batch.split_with_sizes(lengths), strict=True):
            trails[trail].write(first, last, out=own)
        sample = Sample(trails[0].pixels, summed_axis=0)
        logits = network_logits(model, batch, [(sample, stop - start)]).cpu().double().split_with_sizes(lengths)
        found = [scored(trails[trail].score, own) for (trail, _, _), own in zip(pieces, logits, strict=True)]
        return np.concatenate(found)

    done = 0
    with model.frozen(), torch.no_grad():
        for part in budget.chunks(len(scores), work):
            scores[done : done + len(part)] = part
            done += len(part)
            if on_passes is not None:
                on_passes(len(part))
    return [scores[first:last] for first, last in pairwise(firsts)]


def score_pictures(
    model: Classifier, pictures: Sequence[torch.Tensor], scores: Sequence[Score | TopClass], *, budget: Budget
) -> tuple[Classifier, np.ndarray]:
    """The score (N,) of each picture (C, H, W), forward only; and the model, as one that ends in softmax if it does."""
    if not pictures:
        return model, np.empty(0)
    samples = [Sample(pixels, summed_axis=0) for pixels in pictures]
    recognised, logits = recognised_logits(model, samples, budget=budget)
    return recognised, np.concatenate([scored(each, own[None]) for each, own in zip(scores, logits, strict=True)])


def scored(score: Score | TopClass, logits: torch.Tensor) -> np.ndarray:
    """The score (N,) float64 of logits (N, K) on the CPU; NaN for logits that are not finite."""
    finite = torch.isfinite(logits).all(dim=1)
    return np.asarray(torch.where(finite, score.of(logits.double()), torch.nan))


def _pieces(firsts: Sequence[int], start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """The trails that the jobs ``start``..``stop`` lie on, and which stops of each."""
    trail = bisect_right(firsts, start) - 1
    while start < stop:
        last = min(stop, firsts[trail + 1])
        if last > start:
            yield trail, start - firsts[trail], last - firsts[trail]
        start, trail = last, trail + 1
