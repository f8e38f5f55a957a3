"""Explaining samples: ends, targets, sweep and maps, put together.

Several samples, classes and methods share one sweep. What cannot be explained is returned as the error that says why,
in the sample's place, so that one bad sample does not affect the others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from igcli.attribution.adaptive.adaptive_path import refine_paths
from igcli.attribution.baseline_prediction import predict_at_baselines
from igcli.attribution.baselines import noisy_copy
from igcli.attribution.budget import Budget
from igcli.attribution.methods.method import METHODS
from igcli.attribution.needed_paths import PathKey, copies_of, paths_of, paths_to
from igcli.attribution.network import recognised_logits
from igcli.attribution.path import Path
from igcli.attribution.result import Explanation, ScoreEnds, Settings
from igcli.attribution.scores import Score
from igcli.attribution.sweep import sweep
from igcli.attribution.targets import RankedClass, ranking, resolve_targets
from igcli.attribution.task import ExplainedRun, Task
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, LabelError, NumericalError, UsageError
from igcli.lazy import torch
from igcli.models.classifier import OWN_NETWORK
from igcli.models.model import Model
from igcli.sample import Sample

_SOFTMAX_NOTE = "The network ends in softmax: its outputs are the probabilities, and logits are their logarithms."


def explain(
    model: Model,
    samples: Sequence[Sample],
    wanted: Wanted | None = None,
    *,
    targets: Sequence[str | int | None] | None = None,
    budget: Budget | int | None = None,
    on_points: Callable[[int], None] | None = None,
) -> list[list[Explanation | IgError]]:
    """Explain ``samples``, such as pictures, in one sweep (a few for ``steps="auto"``).

    Parameters
    ----------
    targets
        For every sample the class to explain in place of those ``wanted``, or ``None``.
    budget
        Samples per pass; by default what was measured for the model on this machine, or suits its device.

    Returns
    -------
    list
        For every sample a list with one entry per class; a sample that could not be explained at all has one entry,
        the error.

    Raises
    ------
    UsageError
        For an unknown method, rule, score, baseline or class, a setting of another kind than it has to be, and samples
        that this model does not take.
    NetworkError
        For whatever the network's own code raises.
    OutOfMemory
        When a single sample does not fit into the device's memory.
    """
    require_model(model)
    wanted = (wanted or Wanted()).on(model)
    wanted.check(model)
    for sample in samples:
        model.check(sample)
    budget = Budget.of(model, budget) if budget is None or isinstance(budget, int) else budget
    each = [wanted.targets if own is None else (own,) for own in targets or [None] * len(samples)]
    return explain_checked(model, list(zip(samples, each, strict=True)), wanted, budget=budget, on_points=on_points)


def require_model(model: object) -> None:
    """Raise ``UsageError`` for what is no model, such as a bare network."""
    if not isinstance(model, Model):
        raise UsageError(
            f"The model is a Classifier or a Model, as load_model() makes it, not {type(model).__name__}. {OWN_NETWORK}"
        )


def explain_checked(
    model: Model,
    samples: Sequence[tuple[Sample, Sequence[str | int]]],
    wanted: Wanted,
    *,
    budget: Budget,
    on_points: Callable[[int], None] | None = None,
) -> list[list[Explanation | IgError]]:
    """Explain samples, each with its classes, as :func:`explain` does.

    For runs, which call ``wanted.check`` and ``wanted.on`` once.
    """
    if not samples:
        return []
    # What is made in a caller's inference mode could not be differentiated, nor added to outside it.
    with torch.inference_mode(mode=False):
        outcomes, tasks = _prepare(model, samples, wanted, budget)
        for task in tasks:
            task.prepare(budget)
        runs = [run for task in tasks for run in task.runs.values()]
        if tasks and wanted.settings.steps == "auto":
            paths = [path for task in tasks for path in task.adaptive_paths()]
            others = [run for run in runs if not run.integrates]
            refine_paths(tasks[0].model, paths, others=others, budget=budget, on_points=on_points)
        elif tasks:
            sweep(tasks[0].model, runs, budget=budget, on_points=on_points)
        own_paths = [task.own_paths() for task in tasks]
        for name in dict.fromkeys(name for each in own_paths for name in each):
            methods = [method for each in own_paths for method in each.get(name, ())]
            type(methods[0]).follow(methods)
        for task in tasks:
            outcomes[task.position[0]][task.position[1]] = task.finish()
            if on_points is not None and task.own_gradients:
                on_points(task.own_gradients)
    return outcomes


@dataclass(frozen=True)
class _Ends:
    """A sample with its paths, and the network's logits (N, K) for the sample and its copies, and for the starts."""

    sample: Sample
    paths: Mapping[PathKey, Path]
    starts: Sequence[torch.Tensor]  # of the paths, each once
    at_photos: torch.Tensor
    at_starts: torch.Tensor

    @property
    def complaint(self) -> NumericalError | None:
        for where, logits in (("photo", self.at_photos), ("baseline", self.at_starts)):
            if not bool(torch.isfinite(logits).all()):
                return NumericalError(f"The network's logits are not finite at the {where}. Check the weights.")
        return None


def _prepare(
    model: Model, samples: Sequence[tuple[Sample, Sequence[str | int]]], wanted: Wanted, budget: Budget
) -> tuple[list[list[Explanation | IgError]], list[Task]]:
    """Find the score at both ends of every path, and decide what to explain."""
    model, all_ends = _find_ends(model, [sample for sample, _ in samples], wanted, budget)
    outcomes: list[list[Explanation | IgError]] = []
    tasks: list[Task] = []
    for i, ends in enumerate(all_ends):
        logits = ends.at_photos[0]
        try:
            chosen = resolve_targets(
                samples[i][1], logits, model.labels, multi_label=model.multi_label, regression=model.regression
            )
        except LabelError as error:  # those wanted of all pictures were checked before; this is one picture's own
            outcomes.append([error])
            continue
        if ends.complaint is not None:
            outcomes.append([ends.complaint])
            continue
        outcomes.append([])
        for j, target in enumerate(chosen):
            rival = _rival(target, logits, model, wanted.settings)
            if isinstance(rival, UsageError):
                outcomes[i].append(rival)
                continue
            outcomes[i].append(NumericalError("This sample was not reached."))
            tasks.append(_task((i, j), model, ends, (target, rival), wanted))
    return outcomes, tasks


def _find_ends(model: Model, samples: Sequence[Sample], wanted: Wanted, budget: Budget) -> tuple[Model, list[_Ends]]:
    settings = wanted.settings
    copies = max(copies_of(METHODS[name], wanted) for name in wanted.methods) if wanted.methods else settings.smooth
    photos, paths, starts = [], [], []
    place = _placing_once(model)
    for sample in samples:
        noise = [noisy_copy(sample, copy, seed=settings.seed, sigma=settings.smooth_sigma) for copy in range(copies)]
        # Brought to the device once, so that the paths of several classes are known to share their points.
        photos.append([model.place(each) for each in (sample.packed, *noise)])
        paths.append(paths_to(sample, photos[-1], wanted, model=model, place=place))
        starts.append(list({id(start): start for path in paths[-1].values() for start in path.starts}.values()))
    groups = [*photos, *starts]
    each_end = [(sample, each) for sample, group in zip([*samples, *samples], groups, strict=True) for each in group]
    keys = [(id(values), *map(id, sample.further)) for sample, values in each_end]
    ends = {key: _at(*end) for key, end in zip(keys, each_end, strict=True)}  # what photos share goes forward once
    recognised, rows = recognised_logits(model, list(ends.values()), budget=budget)
    row_of = {key: row for row, key in enumerate(ends)}
    logits = rows[[row_of[key] for key in keys]].split_with_sizes([len(group) for group in groups])
    count = len(samples)
    together = zip(samples, paths, starts, logits[:count], logits[count:], strict=True)
    return recognised, [_Ends(*each) for each in together]


def _placing_once(model: Model) -> Callable[[torch.Tensor], torch.Tensor]:
    """``model.place``, which returns the same tensor for the same tensor: photos share the references of a folder."""
    placed: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    def place(values: torch.Tensor) -> torch.Tensor:
        if id(values) not in placed:
            placed[id(values)] = values, model.place(values)  # kept, so that no other tensor gets its id
        return placed[id(values)][1]

    return place


def _at(sample: Sample, values: torch.Tensor) -> Sample:
    """A sample like another, at other packed values."""
    return Sample(sample.layout.values(values), summed_axis=sample.summed_axis, further=sample.further)


def _task(
    position: tuple[int, int],
    model: Model,
    ends: _Ends,
    classes: tuple[RankedClass, RankedClass | None],
    wanted: Wanted,
) -> Task:
    settings, (target, rival) = wanted.settings, classes
    score = Score(settings.score, target.index, rival.index if rival else None)
    at_photos = score.of(ends.at_photos.double()).tolist()
    scores = score.of(ends.at_starts.double()).tolist()
    at_starts = {id(start): at_start for start, at_start in zip(ends.starts, scores, strict=True)}
    note = _SOFTMAX_NOTE if model.ends_in_softmax else None
    against = rival.label if rival else None

    def between(at_photo: float, at_baseline: float) -> ScoreEnds:
        return ScoreEnds(settings.score, at_photo, at_baseline, against, note)

    def run(key: PathKey) -> ExplainedRun:
        path = ends.paths[key]
        at_baseline = sum(at_starts[id(start)] for start in path.starts) / len(path.starts)
        return ExplainedRun(path, score, ends=between(at_photos[key.copy], at_baseline))

    def mean_ends(kind: str) -> ScoreEnds:
        paths = [path for key, path in ends.paths.items() if key.kind == kind and key.copy == 0]
        row_of = {id(start): row for row, start in enumerate(ends.starts)}
        rows = [row_of[id(start)] for path in paths for start in path.starts]
        predicted = predict_at_baselines(ends.at_starts[rows], model, target=target.index)
        mean = between(at_photos[0], sum(scores[row] for row in rows) / len(rows))
        return replace(mean, prediction_at_baseline=predicted)

    users = (None, *(METHODS[name] for name in wanted.methods))
    needed = {key for user in users for key in paths_of(user, wanted, ends.paths)}
    return Task(
        position=position,
        model=model,
        sample=ends.sample,
        prediction=ranking(ends.at_photos[0], model.labels, multi_label=model.multi_label, regression=model.regression),
        target=target,
        ends={kind: mean_ends(kind) for kind in dict.fromkeys(key.kind for key in ends.paths)},
        runs={key: run(key) for key in ends.paths if key in needed},
        wanted=wanted,
    )


def _rival(
    target: RankedClass, logits: torch.Tensor, model: Model, settings: Settings
) -> RankedClass | UsageError | None:
    if settings.against is None:
        return None
    rivals = resolve_targets(
        [settings.against], logits, model.labels, multi_label=model.multi_label, regression=model.regression
    )
    if len(rivals) > 1:
        return UsageError(f"A class is compared with one other: {settings.against!r} names {len(rivals)}.")
    if rivals[0].index == target.index:
        return UsageError(f"{target.label} would be compared with itself: give another class to --against or --target.")
    return rivals[0]
