"""Explaining pictures: ends, targets, sweep and maps, put together.

Several pictures, classes and methods share one sweep. What cannot be explained is returned as the error that says
why, in the picture's place, so that one bad picture does not take the others with it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from igcli.attribution.baselines import baseline_pixels
from igcli.attribution.budget import Budget
from igcli.attribution.methods import METHODS, Method
from igcli.attribution.path import Path
from igcli.attribution.quadrature import Nodes, nodes
from igcli.attribution.result import Attribution, Completeness, Explanation, ScoreEnds, Settings
from igcli.attribution.scores import SCORES, Score
from igcli.attribution.sweep import Walk, look, sweep
from igcli.attribution.targets import Ranked, check_targets, ranking, resolve_targets
from igcli.attribution.views.curve import Curve, Trace
from igcli.attribution.views.interior import InteriorImportance
from igcli.errors import IgError, NumericalError, UsageError
from igcli.images.picture import Picture
from igcli.lazy import torch
from igcli.models.classifier import Classifier

FIRST_AUTO_STEPS = 16


@dataclass(frozen=True)
class Wanted:
    """What to find out about every picture.

    Attributes
    ----------
    methods
        Names in ``METHODS``.
    targets
        ``"top"``, ``"top-N"``, indices or class names.
    settings
        Score, baseline, quadrature.
    interior
        Points at which to keep the interior gradients' importance; ``None`` keeps none, ``"nodes"`` all that the
        sweep visits anyway.
    alphas
        Further points at which to note the score and the mean importance.
    """

    methods: Sequence[str] = ("integrated",)
    targets: Sequence[str | int] = ("top",)
    settings: Settings = field(default_factory=Settings)
    interior: Sequence[float] | str | None = None
    alphas: Sequence[float] = ()

    def check(self, model: Classifier) -> None:
        """Raise ``UsageError`` for what can be seen to be wrong before any picture is read."""
        settings = self.settings
        for method in self.methods:
            METHODS[method]
        SCORES[settings.score]
        check_targets(self.targets, model.labels)
        nodes(settings.rule, FIRST_AUTO_STEPS if settings.steps == "auto" else int(settings.steps))
        if not settings.tolerance > 0:
            raise UsageError(f"The tolerance must be above 0, not {settings.tolerance}.")


def attribute(
    model: Classifier,
    picture: Picture,
    *,
    method: str = "integrated",
    target: str | int = "top",
    budget: Budget | None = None,
    **settings: object,
) -> Attribution:
    """One picture, one class, one method.

    Keyword arguments beyond ``budget`` are those of :class:`Settings`.

    Raises
    ------
    IgError
        With a sentence that says what to do.
    """
    wanted = Wanted((method,), (target,), replace(Settings(), **settings))  # type: ignore[arg-type]
    (outcome,) = explain(model, [picture], wanted, budget=budget)[0]
    if isinstance(outcome, IgError):
        raise outcome
    return outcome.results[method]


def explain(
    model: Classifier,
    pictures: Sequence[Picture],
    wanted: Wanted | None = None,
    *,
    budget: Budget | None = None,
    on_points: Callable[[int], None] | None = None,
) -> list[list[Explanation | IgError]]:
    """Explain ``pictures`` in one sweep (several for ``steps="auto"``).

    Returns
    -------
    list
        For every picture a list with one entry a class; a picture that could not be explained at all has one entry,
        the error.

    Raises
    ------
    UsageError
        For an unknown method, rule, score, baseline or class.
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    wanted = wanted or Wanted()
    wanted.check(model)
    if not pictures:
        return []
    budget = budget or Budget(device=model.device)
    outcomes, tasks = _prepare(model, pictures, wanted, budget)
    steps = wanted.settings.steps
    pending, count = tasks, FIRST_AUTO_STEPS if steps == "auto" else int(steps)
    while pending:
        walks = [task.walk(count) for task in pending]
        sweep(model, walks, budget=budget, on_points=on_points)
        for task, walk in zip(pending, walks, strict=True):
            outcomes[task.position[0]][task.position[1]] = task.finish(walk, count)
        count *= 2
        if steps != "auto" or count > wanted.settings.max_steps:
            break
        pending = [task for task in pending if not task.satisfied]
    return outcomes


@dataclass
class _Task:
    """One picture and one class, through all the rounds that it takes."""

    position: tuple[int, int]
    picture: Picture
    path: Path
    prediction: tuple[Ranked, ...]
    target: Ranked
    score: ScoreEnds
    wanted: Wanted
    evaluations: int = 0
    satisfied: bool = False
    methods: dict[str, Method] = field(default_factory=dict)
    curve: Curve | None = None
    interior: InteriorImportance | None = None

    def walk(self, steps: int) -> Walk:
        """Fresh consumers, and the points that they need between them."""
        self.methods = {name: METHODS[name]() for name in self.wanted.methods}
        self.curve = Curve(self.target.index, alphas=self.wanted.alphas)
        chosen = self.wanted.interior
        self.interior = None if chosen is None else InteriorImportance(None if isinstance(chosen, str) else chosen)
        consumers = [*self.methods.values(), self.curve, *([self.interior] if self.interior else [])]
        integrates = any(consumer.integrates for consumer in consumers)
        points = nodes(self.wanted.settings.rule, steps) if integrates else Nodes.none()
        points = points.including(alpha for consumer in consumers for alpha in consumer.alphas)
        self.evaluations += len(points)
        return Walk(self.path, Score(self.score.kind, self.target.index), points, consumers)

    def finish(self, walk: Walk, steps: int) -> Explanation | IgError:
        """What this round's sweep brought."""
        if walk.failure is not None:
            self.satisfied = True
            return walk.failure
        assert self.curve is not None  # noqa: S101 - made by walk()
        trace = self.curve.trace(ends=(self.score.at_baseline, self.score.at_image))
        results = {name: self._attribution(method, name, trace, walk, steps) for name, method in self.methods.items()}
        self.satisfied = all(result.completeness.within_tolerance is not False for result in results.values())
        return Explanation(self.picture, self.prediction, self.target, self.score, results, trace, self.interior)

    def _attribution(self, method: Method, name: str, trace: Trace, walk: Walk, steps: int) -> Attribution:
        settings = self.wanted.settings
        values = method.finish().cpu()
        total = values.double().sum().item()
        promised = settings.tolerance if method.complete else None
        return Attribution(
            method=name,
            values=values.to(torch.promote_types(walk.path.pixels.dtype, torch.float32)),
            target=self.target,
            score=self.score,
            total=total,
            completeness=Completeness.of(total, self.score.rise, tolerance=promised),
            trace=trace,
            weights=walk.nodes.weights,
            steps=steps if method.integrates else 0,
            gradient_evaluations=self.evaluations,
            settings=settings,
        )


def _prepare(
    model: Classifier, pictures: Sequence[Picture], wanted: Wanted, budget: Budget
) -> tuple[list[list[Explanation | IgError]], list[_Task]]:
    """Look at both ends of every path, and decide what to explain."""
    settings = wanted.settings
    starts = [baseline_pixels(settings.baseline, picture, seed=settings.seed) for picture in pictures]
    logits = look(model, [picture.pixels for picture in pictures] + starts, budget=budget)
    outcomes: list[list[Explanation | IgError]] = []
    tasks: list[_Task] = []
    for i, (picture, start) in enumerate(zip(pictures, starts, strict=True)):
        ends = logits[[i, len(pictures) + i]]
        if not bool(torch.isfinite(ends).all()):
            where = "the photo" if not bool(torch.isfinite(ends[0]).all()) else "the baseline"
            outcomes.append([NumericalError(f"The network's logits are not finite at {where}. Check the weights.")])
            continue
        prediction = ranking(ends[0], model.labels)
        chosen = resolve_targets(wanted.targets, ends[0], model.labels)
        for j, target in enumerate(chosen):
            at_image, at_baseline = Score(settings.score, target.index).of(ends.double()).tolist()
            score = ScoreEnds(settings.score, at_image, at_baseline)
            path = Path(start, picture.pixels)
            tasks.append(_Task((i, j), picture, path, prediction, target, score, wanted))
        outcomes.append([NumericalError("This picture was not reached.")] * len(chosen))
    return outcomes, tasks
