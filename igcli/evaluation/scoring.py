"""Photos, maps and metrics put together: every picture that any of the metrics asks for goes through the network once.

Only for metrics that replace pixels; the others are asked directly.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.evaluation.fills import REMAINING, remaining_means
from igcli.evaluation.maps import MapLike, flaw, ranks
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import Measured
from igcli.evaluation.perturbation import (
    Order,
    Route,
    TopClass,
    Trail,
    between_ends,
    ends_needed,
    follow,
    merged,
    score_pictures,
)
from igcli.lazy import np, torch
from igcli.models.classifier import Classifier

_FLAT = "The map is the same everywhere: it ranks no pixel above another."
_NOT_FINITE = "The network's logits are not finite once pixels are replaced."


@dataclass(frozen=True)
class Subject:
    """A photo, what is explained of it, and the maps that explain it.

    Attributes
    ----------
    pixels
        (C, H, W) in [0, 1], as the model sees it.
    score
        What the maps explain, and what is noted as pixels are replaced.
    maps
        By name: a method's, a control's, another tool's.
    """

    pixels: torch.Tensor
    score: Score
    maps: Mapping[str, MapLike]

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)."""
        return self.pixels.shape[-2], self.pixels.shape[-1]


@dataclass(frozen=True)
class Scores:
    """What was measured.

    Attributes
    ----------
    measured
        For every subject: map name to metric name to number.
    passes
        Pictures that went through the network.
    """

    measured: list[dict[str, dict[str, Measured]]]
    passes: int


def passes(
    metrics: Iterable[CurveMetric], *, shape: Sequence[int], maps: int, photos: int = 1, explained: str = ""
) -> int:
    """The forward passes that :func:`score_maps` takes for photos of one shape (C, H, W) with sound maps.

    ``explained`` is the name of the score that the maps explain: metrics that note it by name share its passes.
    """
    stops = _stops(metrics, shape, explained)
    if not stops or not maps:
        return 0
    own = sum(len(between_ends(counts, order.units(shape))) for order, counts in stops.items())
    return photos * (len(ends_needed(stops, shape)) + maps * own)


def score_maps(
    model: Classifier,
    subjects: Sequence[Subject],
    metrics: Mapping[str, CurveMetric],
    *,
    budget: Budget | None = None,
    on_passes: Callable[[int], None] | None = None,
) -> Scores:
    """Measure all maps of all subjects by all metrics; the subjects' photos are of one shape.

    A map or a score of which nothing can be measured has the reason in its place; the others are not affected. Of
    every given subject the fills and the maps' ranks are held; the pictures with pixels replaced, of one chunk.
    ``on_passes`` hears of every chunk how many pictures it held.

    Raises
    ------
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    budget = budget or Budget.of(model)
    cases = [_Case(model, subject, list(metrics.values())) for subject in subjects]
    model, taken = _score_ends(model, cases, budget)
    if on_passes is not None and taken:
        on_passes(taken)
    trails = [trail for case in cases for trail in case.trails.values()]
    found = iter(follow(model, trails, budget=budget, on_passes=on_passes))
    for case in cases:
        case.along = {key: next(found) for key in case.trails}
    measured = [
        {name: {key: case.measure(name, metric) for key, metric in metrics.items()} for name in case.subject.maps}
        for case in cases
    ]
    return Scores(measured, taken + sum(len(trail.counts) for trail in trails))


def _stops(metrics: Iterable[CurveMetric], shape: Sequence[int], explained: str) -> dict[Order, tuple[int, ...]]:
    return merged(route for metric in metrics for route in _routes(metric, shape, explained))


def _routes(metric: CurveMetric, shape: Sequence[int], explained: str) -> list[Route]:
    routes = metric.routes(metric.order().units(shape))
    return [replace(route, order=route.order.on(explained)) for route in routes]


class _Case:
    """A subject with the pictures that its metrics need, and later the scores there."""

    def __init__(self, model: Classifier, subject: Subject, metrics: Sequence[CurveMetric]) -> None:
        self.model, self.subject = model, subject
        self.shape = tuple(subject.pixels.shape)
        self.stops = _stops(metrics, self.shape, subject.score.kind)
        self.flaws = {name: flaw(values, size=subject.size) for name, values in subject.maps.items()}
        self.trails: dict[tuple[str, Order], Trail] = {}
        self.along: dict[tuple[str, Order], np.ndarray] = {}
        self.at_ends: dict[tuple[str, int, str], float] = {}
        self.fills: dict[tuple[str, int, str], torch.Tensor] = {}
        if not all(self.flaws.values()):
            whole = (order for order in self.stops if order.fill != REMAINING)
            self.fills = {order.end: order.filled(subject.pixels, model) for order in whole}
        for name in subject.maps:
            if not self.flaws[name]:
                self.trails.update({(name, order): trail for order, trail in self._trails(subject.maps[name])})

    @property
    def ends(self) -> dict[tuple[str, int, str], tuple[torch.Tensor, Score | TopClass]]:
        """The pictures that all maps share, and what is noted of them: the photo, and fills that some stop lies at."""
        if not self.trails:
            return {}
        return {
            end: (self.fills[end] if end[0] else self.subject.pixels, order.score(self.subject.score))
            for end, order in ends_needed(self.stops, self.shape).items()
        }

    def measure(self, name: str, metric: CurveMetric) -> Measured:
        """One map by one metric."""
        routes = _routes(metric, self.shape, self.subject.score.kind)
        if self.flaws[name] or any((name, route.order) not in self.trails for route in routes):
            return Measured.missing(self.flaws[name] or _FLAT)
        scores = [self._scores(name, route) for route in routes]
        if not all(np.isfinite(each).all() for each in scores):
            return Measured.missing(_NOT_FINITE)
        return metric.measure_map(self.subject.maps[name], scores, metric.order().units(self.shape))

    def _trails(self, values: MapLike) -> list[tuple[Order, Trail]]:
        pixels = self.subject.pixels
        by_ranking = {
            ranked: ranks(values, ranked=ranked, channels=len(pixels))
            for ranked in {order.ranked for order in self.stops}
        }
        found = []
        for order, counts in self.stops.items():
            first = by_ranking[order.ranked]
            if first is not None:
                units = order.units(self.shape)
                own = units - 1 - first if order.least_first else first
                inner = between_ends(counts, units)
                trail = Trail(pixels, self._fill(order, own, inner), own, inner, order.score(self.subject.score))
                found.append((order, trail))
        return found

    def _fill(self, order: Order, own: torch.Tensor, counts: Sequence[int]) -> torch.Tensor:
        if order.fill != REMAINING:
            return self.fills[order.end]
        return remaining_means(self.subject.pixels, own, counts, mean=self.model.mean, std=self.model.std)

    def _scores(self, name: str, route: Route) -> np.ndarray:
        key = name, route.order
        known = dict(zip(self.trails[key].counts, self.along[key].tolist(), strict=True))
        known[0] = self.at_ends[route.order.photo]
        if route.order.end in self.at_ends:
            known[route.order.units(self.shape)] = self.at_ends[route.order.end]
        return np.array([known[count] for count in route.counts])


def _score_ends(model: Classifier, cases: Sequence[_Case], budget: Budget) -> tuple[Classifier, int]:
    """Score the shared ends; returns the model, as one that ends in softmax if it does, and the number of pictures."""
    ends = [(case, end, *entry) for case in cases for end, entry in case.ends.items()]
    pictures, scores = [picture for _, _, picture, _ in ends], [score for *_, score in ends]
    model, found = score_pictures(model, pictures, scores, budget=budget)
    for (case, end, *_), value in zip(ends, found.tolist(), strict=True):
        case.at_ends[end] = value
    return model, len(ends)
