"""One sample and one class to explain: its walks, its methods, and what they bring.

A task has a walk for every baseline and for every copy of the photo that is averaged over. All walks of all tasks go
through one sweep; methods that find their own way are asked one after another.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import attrgetter

from igcli.attribution.adaptive.course import Course
from igcli.attribution.budget import Budget
from igcli.attribution.methods import METHODS, Method, OwnPath, Question
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes, nodes
from igcli.attribution.result import Attribution, Completeness, Explanation, ScoreEnds
from igcli.attribution.scores import Score
from igcli.attribution.sweep import Consumer, Walk
from igcli.attribution.targets import Ranked
from igcli.attribution.views.curve import Curve, Trace
from igcli.attribution.views.interior import InteriorImportance
from igcli.attribution.wanted import Wanted, steps_alone
from igcli.errors import IgError, NumericalError
from igcli.lazy import np, torch
from igcli.models.model import Model
from igcli.sample import Sample


@dataclass
class Leg:
    """One walk's path, the score at its ends, and who goes along."""

    path: Path
    ends: ScoreEnds
    methods: dict[str, Method] = field(default_factory=dict)
    curve: Curve | None = None
    interior: InteriorImportance | None = None

    @property
    def consumers(self) -> list[Consumer]:
        """All that share the sweep."""
        shared: list[Consumer] = [m for m in self.methods.values() if not isinstance(m, OwnPath)]
        return shared + [view for view in (self.curve, self.interior) if view is not None]


@dataclass
class Task:
    """One sample and one class.

    ``legs`` maps (baseline, copy) to a leg; copy 0 is the photo itself, the noisy ones count from 1. ``taken_alone`` is
    the number of gradients that methods with paths of their own have taken.
    """

    position: tuple[int, int]
    model: Model
    sample: Sample
    prediction: tuple[Ranked, ...]
    target: Ranked
    score: Score
    ends: ScoreEnds
    legs: Mapping[tuple[int, int], Leg]
    wanted: Wanted
    taken_alone: int = 0

    def walks(self, budget: Budget) -> list[Walk]:
        """Consumers on every leg, and the points that they ask for; with those of the rule, unless it is ``auto``."""
        walks, settings = [], self.wanted.settings
        steps = steps_alone(settings)
        viewed = legs_of(None, self.wanted, self.legs)
        for key, leg in self.legs.items():
            path = leg.path.to(self.model.device, self.model.dtype)
            question = Question(self.model, path, self.score, leg.ends, settings, steps, budget)
            names = [name for name in self.wanted.methods if key in legs_of(METHODS[name], self.wanted, self.legs)]
            leg.methods = {name: METHODS[name](question) for name in names}
            independent = self.model.multi_label
            curve = Curve(self.target.index, alphas=self.wanted.alphas, multi_label=independent)
            leg.curve = curve if key in viewed else None
            chosen = self.wanted.interior
            if key in viewed and chosen is not None:
                leg.interior = InteriorImportance(None if isinstance(chosen, str) else chosen)
            walk = Walk(path, self.score, Nodes.none(), leg.consumers)
            if walk.integrates and settings.steps != "auto":
                walk.nodes = nodes(settings.rule, steps)
            walk.nodes = walk.nodes.including(alpha for consumer in leg.consumers for alpha in consumer.alphas)
            walks.append(walk)
        return walks

    def course(self, walks: Sequence[Walk]) -> Course:
        """Those of its walks that integrate, as ones whose points are to be found on the way."""
        pairs = [pair for pair in zip(walks, self.legs.values(), strict=True) if pair[0].integrates]
        return Course([walk for walk, _ in pairs], [leg.ends for _, leg in pairs], self.wanted.settings)

    def finish(self, walks: Sequence[Walk]) -> Explanation | IgError:
        """What the walks brought."""
        failure = next((walk.failure for walk in walks if walk.failure is not None), None)
        if failure is not None:
            return failure
        pairs = [(leg, walk) for leg, walk in zip(self.legs.values(), walks, strict=True) if leg.curve is not None]
        viewed = [leg for leg, _ in pairs]
        trace, weights = _mean_trace(viewed, [walk for _, walk in pairs])
        try:
            results = {name: self._attribution(name, walks, trace, weights) for name in self.wanted.methods}
        except NumericalError as error:
            return error
        interior = _mean_interior([leg.interior for leg in viewed if leg.interior is not None])
        return Explanation(self.sample, self.prediction, self.target, self.ends, results, trace, interior)

    def _attribution(self, name: str, walks: Sequence[Walk], trace: Trace, weights: np.ndarray) -> Attribution:
        settings, kind = self.wanted.settings, METHODS[name]
        pairs = [(leg, walk) for leg, walk in zip(self.legs.values(), walks, strict=True) if name in leg.methods]
        legs = [leg for leg, _ in pairs]
        extras: Counter[str] = Counter()
        taken = looked = steps = 0
        values = torch.zeros(self.sample.packed.shape, dtype=torch.float64)
        for leg, walk in pairs:
            method = leg.methods[name]
            values += method.finish().cpu() / len(legs)
            extras.update({key: number / len(legs) for key, number in method.extras().items()})
            if isinstance(method, OwnPath):
                taken, looked = taken + method.evaluations, looked + method.looked
                self.taken_alone += method.evaluations
                steps = method.question.steps
            else:
                taken, looked = taken + walk.taken, looked + walk.looked
                steps = int(np.count_nonzero(walk.nodes.weights))
        extras.update(_map_error([leg.methods[name] for leg in legs], values))
        total = values.sum().item()
        rise = sum(leg.ends.rise for leg in legs) / len(legs)
        promised = settings.tolerance if kind.complete else None
        return Attribution(
            method=name,
            values=values.to(torch.promote_types(self.model.dtype, torch.float32)),
            target=self.target,
            score=self.ends,
            total=total,
            completeness=Completeness.of(total, rise, tolerance=promised),
            trace=trace,
            weights=weights,
            steps=steps if kind.uses_steps else 0,
            gradient_evaluations=taken,
            forward_evaluations=looked + len({id(end) for leg in legs for end in (leg.path.baseline, leg.path.pixels)}),
            settings=settings,
            extras=dict(extras),
        )


def _map_error(methods: Sequence[Method], values: torch.Tensor) -> dict[str, float]:
    """``map_error``: how far the mean map (C, H, W) is expected to be off, relative to its norm.

    The legs' errors are taken for independent.
    """
    errors = [error for method in methods if (error := method.expected_error()) is not None]
    norm = float(values.sum(dim=0).norm())
    if not errors:
        return {}
    error = math.hypot(*errors) / len(errors)
    if not error:
        return {"map_error": 0.0}  # of a map of nothing, too
    return {"map_error": error / norm if norm else math.nan}


def copies_of(method: type[Method] | None, wanted: Wanted) -> int:
    """How many noisy copies a method averages over, 0 for the photo itself; ``None`` stands for the views."""
    return wanted.settings.smooth or (0 if method is None else method.copies)


def legs_of(method: type[Method] | None, wanted: Wanted, legs: Mapping[tuple[int, int], Leg]) -> list[tuple[int, int]]:
    """The legs that a method needs: all baselines, unless they are all the same to it, times its copies."""
    copies = copies_of(method, wanted)
    one = method is not None and not method.from_baseline
    return [
        (baseline, copy)
        for baseline, copy in legs
        if (1 <= copy <= copies if copies else copy == 0) and not (one and baseline > 0)
    ]


def _mean_trace(legs: Sequence[Leg], walks: Sequence[Walk]) -> tuple[Trace, np.ndarray]:
    """The mean over the legs at the points that all of them visit, and these points' weights.

    Where there are none, the trace is the ends alone, which were looked at before.
    """
    at_baseline = sum(leg.ends.at_baseline for leg in legs) / len(legs)
    at_image = sum(leg.ends.at_image for leg in legs) / len(legs)
    points = reduce(np.intersect1d, [walk.nodes.alphas for walk in walks])
    if not len(points):
        return Trace(np.array([0.0, 1.0]), np.array([at_baseline, at_image])), np.zeros(2)
    traces = [leg.curve.trace() for leg in legs if leg.curve is not None]

    def mean(of: Callable[[Trace], np.ndarray | None]) -> np.ndarray:
        shared = [np.asarray(of(trace))[np.isin(trace.alphas, points)] for trace in traces]
        return np.asarray(np.mean(shared, axis=0))

    names = ("scores", "mean_importance", "softmax", "logit")
    means = {name: mean(attrgetter(name)) for name in names}
    trace = Trace(points, ends=(at_baseline, at_image), **means)
    return trace, walks[0].nodes.weights[np.isin(traces[0].alphas, points)]


def _mean_interior(views: Sequence[InteriorImportance]) -> InteriorImportance | None:
    """The mean over the views, at the points that all of them have."""
    if len(views) < 2:
        return views[0] if views else None
    mean = views[0]
    points = reduce(np.intersect1d, [view.frame_alphas for view in views])
    mean.frames = np.mean([view.frames[np.isin(view.frame_alphas, points)] for view in views], axis=0)
    mean.frame_alphas = points
    return mean
