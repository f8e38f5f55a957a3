"""One sample and one class to explain: its paths, its methods, and their maps.

A task has a path for every baseline and for every copy of the sample that is averaged over. The paths of all tasks go
through one sweep; methods that find their own points come one after another.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import attrgetter

from igcli.attribution.adaptive.adaptive_path import AdaptivePath, first_points
from igcli.attribution.baselines import count_baselines
from igcli.attribution.budget import Budget
from igcli.attribution.completeness import Completeness
from igcli.attribution.map_error import relative_error
from igcli.attribution.methods.method import METHODS, Method, MethodContext, OwnPath
from igcli.attribution.methods.premises import unmet_premises
from igcli.attribution.needed_paths import PathKey, copies_of, kind_of_path, paths_of
from igcli.attribution.quadrature import nodes
from igcli.attribution.reference_path import ReferencePath
from igcli.attribution.result import Attribution, Explanation, ScoreEnds
from igcli.attribution.sweep import PathRun
from igcli.attribution.targets import RankedClass, count_classes
from igcli.attribution.views.interior import InteriorImportance
from igcli.attribution.views.trace import Trace, TraceRecorder
from igcli.attribution.wanted import Wanted, steps_alone
from igcli.errors import IgError, LabelError, NumericalError
from igcli.lazy import np, torch
from igcli.models.model import Model
from igcli.sample import Sample


@dataclass
class ExplainedRun(PathRun):
    """A path of an explanation, and its consumers by name."""

    methods: dict[str, Method] = field(default_factory=dict)
    curve: TraceRecorder | None = None
    interior: InteriorImportance | None = None


@dataclass
class Task:
    """One sample and one class.

    Attributes
    ----------
    position
        Of the sample, and of the class among its classes.
    ends
        The score explained, at the sample and, the mean, where its paths of each kind start.
    runs
        By path, baseline and copy.
    own_gradients
        Gradients taken by methods with paths of their own.
    """

    position: tuple[int, int]
    model: Model
    sample: Sample
    prediction: tuple[RankedClass, ...]
    target: RankedClass
    ends: Mapping[str, ScoreEnds]
    runs: Mapping[PathKey, ExplainedRun]
    wanted: Wanted
    own_gradients: int = 0

    def prepare(self, budget: Budget) -> None:
        """Give every run its consumers and the points that they name; with those of the rule, unless it is ``auto``."""
        settings = self.wanted.settings
        steps = steps_alone(settings)
        viewed = paths_of(None, self.wanted, self.runs)
        followed = [key for kind in self.ends for key in paths_of(None, self.wanted, self.runs, kind=kind)]
        if any(isinstance(run.path, ReferencePath) for run in self.runs.values()):
            followed = viewed = []  # its points lie on many paths: there is no one curve
        for key, run in self.runs.items():
            run.path = run.path.to(self.model.device, self.model.dtype)
            context = MethodContext(self.model, run.path, run.score, run.ends, settings, steps, budget)
            names = [name for name in self.wanted.methods if key in paths_of(METHODS[name], self.wanted, self.runs)]
            run.methods = {name: METHODS[name](context) for name in names}
            shared = [method for method in run.methods.values() if not isinstance(method, OwnPath)]
            if key in followed:
                of_class = None if self.model.regression else self.target.index
                alphas = self.wanted.alphas if key in viewed else ()
                run.curve = TraceRecorder(of_class, alphas=alphas, multi_label=self.model.multi_label)
            if key in viewed and (chosen := self.wanted.interior) is not None:
                run.interior = InteriorImportance(None if isinstance(chosen, str) else chosen)
            run.consumers = [*shared, *(view for view in (run.curve, run.interior) if view is not None)]
            if run.integrates and settings.steps != "auto":
                run.nodes = nodes(settings.rule, steps)
            run.nodes = run.nodes.including(alpha for consumer in run.consumers for alpha in consumer.alphas)

    def adaptive_paths(self) -> list[AdaptivePath]:
        """Those of its runs that integrate, as ones whose points are still to be found: for each kind of path alone."""
        return [
            AdaptivePath([run for run in self._along(kind) if run.integrates], self.wanted.settings)
            for kind in self.ends
        ]

    def _along(self, kind: str) -> list[ExplainedRun]:
        return [run for key, run in self.runs.items() if key.kind == kind]

    def own_paths(self) -> dict[str, list[OwnPath]]:
        """Its methods that the sweep cannot serve, by name; none of a task that failed."""
        found: dict[str, list[OwnPath]] = {}
        for run in self.runs.values() if not any(run.failure for run in self.runs.values()) else ():
            for name, method in run.methods.items():
                if isinstance(method, OwnPath):
                    found.setdefault(name, []).append(method)
        return found

    def finish(self) -> Explanation | IgError:
        """The explanation, once all paths are done."""
        failure = next((run.failure for run in self.runs.values() if run.failure is not None), None)
        if failure is not None:
            return failure
        traces = {kind: _mean_trace(self._along(kind)) for kind in self.ends}
        try:
            results = {name: self._attribution(name, traces) for name in self.wanted.methods}
        except (LabelError, NumericalError) as error:
            return error
        interior = _mean_interior([run.interior for run in self.runs.values() if run.interior is not None])
        along = self.wanted.settings.path
        ends, (trace, _) = self.ends[along], traces[along]
        return Explanation(self.sample, self.prediction, self.target, ends, results, trace, interior)

    def _attribution(self, name: str, traces: Mapping[str, tuple[Trace, np.ndarray]]) -> Attribution:
        kind = METHODS[name]
        along = kind_of_path(kind, self.wanted)
        settings, (trace, weights) = replace(self.wanted.settings, path=along), traces[along]
        runs = [run for run in self.runs.values() if name in run.methods]
        layout = runs[0].path.layout
        extras: Counter[str] = Counter()
        gradients = passes = steps = 0
        values = torch.zeros(runs[0].path.end.shape, dtype=torch.float64)
        for run in runs:
            method = run.methods[name]
            values += method.finish().cpu() / len(runs)
            extras.update({key: number / len(runs) for key, number in method.extras().items()})
            if isinstance(method, OwnPath):
                gradients += method.gradient_evaluations
                passes += method.forward_evaluations
                self.own_gradients += method.gradient_evaluations
                steps = method.context.steps
            else:
                gradients += run.gradient_evaluations
                passes += run.forward_evaluations
                steps = int(np.count_nonzero(run.nodes.weights))
        extras.update(map_error_of([run.methods[name] for run in runs], layout.sums(values)))
        if settings.map_tolerance is not None and "map_error" in extras:
            extras["map_within_tolerance"] = extras["map_error"] <= settings.map_tolerance
        total = values.sum().item()
        expected = sum(run.methods[name].expected_sum() for run in runs) / len(runs)
        promised = settings.tolerance if kind.complete or kind.sums_to else None
        sums_to: str = kind.sums_to or "rise"
        if kind.complete and isinstance(runs[0].path, ReferencePath):
            sums_to, promised = "mean rise", None
        span = trace.span if sums_to == "rise" and not isinstance(runs[0].methods[name], OwnPath) else 0.0
        gap = Completeness.of(total, expected, tolerance=promised, sums_to=sums_to, span=span, floor=settings.floor)
        return Attribution(
            method=name,
            values=values.to(torch.promote_types(self.model.dtype, torch.float32)),
            target=self.target,
            score=self.ends[along],
            total=total,
            completeness=gap,
            trace=trace,
            weights=weights,
            steps=steps if kind.uses_steps else 0,
            gradient_evaluations=gradients,
            forward_evaluations=passes + len({id(end) for run in runs for end in (*run.path.starts, run.path.end)}),
            settings=settings,
            extras=dict(extras),
            layout=layout,
            premise=unmet_premises(self.model, [name]).get(name, ""),
            path_ends=tuple(end for run in runs for end in run.methods[name].path_ends()),
            sample=self.sample,
        )


def map_error_of(methods: Sequence[Method], sums: torch.Tensor) -> dict[str, float]:
    """``map_error``: how far the mean map is expected to be off, relative to its norm.

    The paths' errors are taken for independent.

    Parameters
    ----------
    sums
        The map, summed over its axis.
    """
    errors = [error for method in methods if (error := method.expected_error()) is not None]
    return {"map_error": relative_error(errors, sums)} if errors else {}


def _mean_trace(runs: Sequence[ExplainedRun]) -> tuple[Trace, np.ndarray]:
    """The mean over the paths at the points that all of them visit, and these points' weights.

    Where there are none, the trace is the ends alone, which are known before.
    """
    runs = [run for run in runs if run.curve is not None] or runs
    at_baseline = sum(run.ends.at_baseline for run in runs) / len(runs)
    at_image = sum(run.ends.at_image for run in runs) / len(runs)
    points = reduce(np.intersect1d, [run.nodes.alphas for run in runs if run.curve is not None] or [np.zeros(0)])
    if not len(points):
        return Trace(np.array([0.0, 1.0]), np.array([at_baseline, at_image])), np.zeros(2)
    traces = [run.curve.trace() for run in runs if run.curve is not None]

    def mean(of: Callable[[Trace], np.ndarray | None]) -> np.ndarray | None:
        if of(traces[0]) is None:  # of a regression no probability is kept
            return None
        shared = [np.asarray(of(trace))[np.isin(trace.alphas, points)] for trace in traces]
        return np.asarray(np.mean(shared, axis=0))

    names = ("mean_importance", "softmax", "logit")
    means = {name: mean(attrgetter(name)) for name in names}
    scores = np.mean([each.scores[np.isin(each.alphas, points)] for each in traces], axis=0)
    trace = Trace(points, scores, ends=(at_baseline, at_image), **means)
    return trace, runs[0].nodes.weights[np.isin(traces[0].alphas, points)]


def _mean_interior(views: Sequence[InteriorImportance]) -> InteriorImportance | None:
    """The mean over the views, at the points that all of them have."""
    if len(views) < 2:
        return views[0] if views else None
    mean = views[0]
    points = reduce(np.intersect1d, [view.frame_alphas for view in views])
    mean.frames = np.mean([view.frames[np.isin(view.frame_alphas, points)] for view in views], axis=0)
    mean.frame_alphas = points
    return mean


def gradients_for(wanted: Wanted) -> int:
    """Roughly how many gradients a photo takes; with ``steps="auto"``, only those of the first placement."""
    settings, kinds = wanted.settings, [METHODS[name] for name in wanted.methods]
    auto = settings.steps == "auto"
    steps = steps_alone(settings)
    points = wanted.points.union(*(kind.alphas for kind in kinds))
    integrated = len({kind_of_path(kind, wanted) for kind in kinds if kind.integrates})  # so many kinds of path
    if integrated and not auto:
        points |= set(nodes(settings.rule, steps).alphas.tolist())
    further = first_points(settings) if auto else steps
    together = len(points) + further * (integrated if auto else max(integrated - 1, 0))
    alone = steps * sum(issubclass(kind, OwnPath) and kind.uses_steps for kind in kinds)
    copies = max((copies_of(kind, wanted) for kind in (None, *kinds)), default=0)
    paths = count_baselines(settings.baseline) * max(copies, 1)
    return sum(map(count_classes, wanted.targets)) * paths * (together + alone)
