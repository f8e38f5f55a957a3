"""Integrated gradients of any differentiable function: no pictures, no labels, no network.

Each row of a batch is explained by itself; their points share passes through the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from igcli.attribution.adaptive.adaptive_path import AdaptivePath, refine_paths
from igcli.attribution.batch_size import default_batch_size
from igcli.attribution.budget import Budget
from igcli.attribution.completeness import Completeness
from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import MethodContext
from igcli.attribution.network import forward
from igcli.attribution.path import Path
from igcli.attribution.paths.kind import check_sample, check_start, find_path
from igcli.attribution.quadrature import DEFAULT_RULE, Nodes, nodes
from igcli.attribution.reference_path import SAMPLES
from igcli.attribution.result import ScoreEnds, Settings
from igcli.attribution.rows import as_model, packed_baselines, packed_references, packed_rows, paths_from_references
from igcli.attribution.scores import Score
from igcli.attribution.sweep import Chunk, Consumer, PathRun, sweep
from igcli.attribution.task import map_error_of
from igcli.attribution.wanted import check_settings, steps_alone
from igcli.errors import NumericalError, UsageError
from igcli.lazy import np, torch
from igcli.models.model import Model
from igcli.sample import Layout, Sample, Values

#: Values in one pass by default: of as many photographs as a device takes at once; and the most rows.
_PHOTOGRAPH, _MOST_ROWS = 3 * 224 * 224, 4096


@dataclass(frozen=True)
class Integration:
    """Integrated gradients of B rows, and how exact they are.

    Attributes
    ----------
    values
        Of the inputs' shapes and type, signed, in units of the function; a tuple where the inputs are one.
    at_inputs, at_baselines
        (B,) float64: the function there; of several references the mean. A row's values sum to their difference but
        for its completeness gap.
    completeness
        For each row.
    map_error
        (B,) float64: how far a row's values are expected to be off, relative to their norm (an estimate; see
        :mod:`igcli.attribution.map_error`); of several references the standard error. NaN where one point says nothing.
    nodes
        For each row the points of its path and their weights.
    gradients
        For each row the gradients taken.
    sum_error
        (B,) float64: the standard error of the sum of a row's values; of several references only.
    """

    values: Values
    at_inputs: np.ndarray
    at_baselines: np.ndarray
    completeness: tuple[Completeness, ...]
    map_error: np.ndarray
    nodes: tuple[Nodes, ...]
    gradients: tuple[int, ...]
    sum_error: np.ndarray | None = None

    def __repr__(self) -> str:
        rows, gap = len(self.gradients), max(each.relative_gap for each in self.completeness)
        error, count = np.nanmax([*self.map_error, 0.0]), sum(self.gradients)
        said = f"gap up to {100 * gap:.1f} %, map error up to {100 * error:.1f} %"
        return f"<Integration of {rows} row{'s' * (rows > 1)}: {said}, {count} gradients>"


def integrate(
    function: Callable[..., torch.Tensor],
    inputs: Values,
    baselines: Values | float | None = None,
    *,
    references: Values | None = None,
    path: str = Settings.path,
    steps: int | str = "auto",
    tolerance: float = Settings.tolerance,
    map_tolerance: float | None = None,
    max_steps: int = Settings.max_steps,
    rule: str | None = None,
    seed: int = 0,
    further: Sequence[object] = (),
    batch_size: int | None = None,
) -> Integration:
    """Integrated gradients of ``function`` from ``baselines`` to ``inputs`` (arXiv 1703.01365, eq. 1).

    Or the mean over paths from several ``references`` to each row (expected gradients, arXiv 1906.10670).

    Parameters
    ----------
    function
        ``function(inputs, *further)``, or ``function(first, second, ..., *further)`` for a tuple: one number per row,
        (B,). A module is run in evaluation mode, and is as before afterwards. A function whose rows depend on one
        another is given one row at a time, and a warning says so.
    inputs
        A floating-point tensor (B, ...), or a tuple of them.
    baselines
        Like the inputs, or what can be expanded to them: one row for all, one number. By default 0.
    references
        In place of baselines, rows (R, ...) like those of the inputs, or a tuple. Each input's points are spread evenly
        over [0, 1] and take turns with the references, so that all have the same number if R divides ``steps`` (see
        :mod:`igcli.attribution.reference_path`). ``"auto"`` stands for 200 points, and ``max_steps`` at most.
    path
        A name in ``PATHS``: how each row comes in. A path with a start of its own takes no baselines.
    steps
        Points on each row's path, or ``"auto"``: placed where the function changes, and more of them until the row's
        completeness gap is within ``tolerance``, and its map error within ``map_tolerance`` if given; at most
        ``max_steps``.
    rule
        A name in ``RULES``: where a number of points is placed.
    seed
        Of the order of the references.
    further
        What the function takes after the inputs and is not differentiated by. Tensors have a row for each input's
        (B, ...); everything else is passed on unchanged.
    batch_size
        Rows of points per pass.

    Raises
    ------
    UsageError
        For inputs, baselines and settings that cannot be; for a function that has no gradient, or does not return one
        number per row.
    NumericalError
        For values or gradients that are not finite.
    NetworkError
        For whatever the function itself raises.
    OutOfMemory
        When a single row does not fit into the device's memory.
    """
    settings = Settings(
        score="logit",
        path=path,
        steps=steps,
        tolerance=tolerance,
        map_tolerance=map_tolerance,
        max_steps=max_steps,
        rule=rule,
    )
    check_settings(settings)
    kind = find_path(path)
    check_start(path, baseline_given=baselines is not None)
    if references is not None:
        settings = _of_samples(settings, baseline_given=baselines is not None)
    with torch.inference_mode(mode=False):
        ends = packed_rows(inputs)
        starts = packed_baselines(baselines, inputs)
        layout = Layout.of(tuple(each[0] for each in inputs) if isinstance(inputs, tuple) else inputs[0])
        own = [tuple(each[i] if isinstance(each, torch.Tensor) else each for each in further) for i in range(len(ends))]
        check_sample(path, layout, "a row of the inputs")
        if references is not None:
            samples = packed_references(references, inputs)
            paths = paths_from_references(samples, ends, layout, own, samples=steps_alone(settings), seed=seed)
        else:
            paths = [kind.path(start, end, layout, each) for start, end, each in zip(starts, ends, own, strict=True)]
        model = as_model(function, ends)
        photographs = default_batch_size(ends.device) * _PHOTOGRAPH // layout.places
        budget = Budget(batch_size or max(1, min(photographs, _MOST_ROWS)), device=ends.device)
        runs = _integrated(model, paths, settings, budget)
        return _result(runs, layout, settings, inputs)


def _integrated(model: Model, paths: Sequence[Path], settings: Settings, budget: Budget) -> list[PathRun]:
    at_inputs = _scores(model, paths, [path.end for path in paths], "inputs", budget)
    at_baselines = _at_starts(model, paths, budget)
    score, steps, runs = Score("logit", 0), steps_alone(settings), []
    for path, at_input, at_baseline in zip(paths, at_inputs, at_baselines, strict=True):
        ends = ScoreEnds("value", at_input, at_baseline)
        method = IntegratedGradients(MethodContext(model, path, score, ends, settings, steps, budget))
        runs.append(PathRun(path, score, Nodes.none(), [method, _ScoreRange(ends)], ends))
    if settings.steps == "auto":
        refine_paths(model, [AdaptivePath([run], settings) for run in runs], budget=budget)
    else:
        for run in runs:
            run.nodes = nodes(settings.rule, steps)
        sweep(model, runs, budget=budget)
    for row, run in enumerate(runs):
        if run.failure is not None:
            raise NumericalError(
                f"The function or its gradient is not finite along the path of row {row}: check for a division, "
                "logarithm or root of 0."
            ) from run.failure
    return runs


def _at_starts(model: Model, paths: Sequence[Path], budget: Budget) -> list[float]:
    """The function where each path starts, the mean over its starts; where paths share one, computed once."""
    keys = [[(id(start), *map(id, path.further)) for start in path.starts] for path in paths]
    found = {
        key: (path, start)
        for path, own in zip(paths, keys, strict=True)
        for key, start in zip(own, path.starts, strict=True)
    }
    each = _scores(
        model, [path for path, _ in found.values()], [start for _, start in found.values()], "baselines", budget
    )
    scores = dict(zip(found, each, strict=True))
    return [sum(scores[key] for key in own) / len(own) for own in keys]


def _of_samples(settings: Settings, *, baseline_given: bool) -> Settings:
    """The settings of a mean over references: a number of midpoints on straight paths."""
    if baseline_given:
        raise UsageError("There are baselines and references: give one of them.")
    if settings.path != Settings.path or settings.rule not in (None, DEFAULT_RULE):
        raise UsageError(
            "References are the starts of straight paths, and points are spread evenly: leave path and rule out."
        )
    if settings.map_tolerance is not None:
        raise UsageError("A mean over references has no map_tolerance: leave it out, and take more steps.")
    steps = min(SAMPLES, settings.max_steps) if settings.steps == "auto" else settings.steps
    return replace(settings, steps=steps)


class _ScoreRange(Consumer):
    """The least and the greatest score along one path."""

    def __init__(self, ends: ScoreEnds) -> None:
        self.low, self.high = sorted((ends.at_baseline, ends.at_image))

    def take(self, chunk: Chunk) -> None:
        """Compare the chunk's."""
        low, high = (float(each) for each in chunk.scores.aminmax())
        self.low, self.high = min(self.low, low), max(self.high, high)


def _result(runs: Sequence[PathRun], layout: Layout, settings: Settings, inputs: Values) -> Integration:
    methods = [method for run in runs for method in run.consumers if isinstance(method, IntegratedGradients)]
    maps = torch.stack([method.finish() for method in methods])
    totals = maps.flatten(1).sum(dim=1).tolist()
    spans = [span for run in runs for span in run.consumers if isinstance(span, _ScoreRange)]
    first = inputs[0] if isinstance(inputs, tuple) else inputs
    parts = layout.unpack(maps.to(first.dtype))
    sum_errors = [error for method in methods if (error := method.extras().get("sum_error")) is not None]
    promised: dict[str, Any] = {"tolerance": settings.tolerance}
    if sum_errors:
        promised = {"tolerance": None, "sums_to": "mean rise"}  # complete on average only
    errors = [map_error_of([method], each)["map_error"] for method, each in zip(methods, maps, strict=True)]
    return Integration(
        values=parts if layout.packed else parts[0],
        at_inputs=np.array([run.ends.at_image for run in runs]),
        at_baselines=np.array([run.ends.at_baseline for run in runs]),
        completeness=tuple(
            Completeness.of(total, run.ends.rise, span=0.0 if sum_errors else span.high - span.low, **promised)
            for total, run, span in zip(totals, runs, spans, strict=True)
        ),
        map_error=np.array(errors),
        nodes=tuple(run.nodes for run in runs),
        gradients=tuple(run.gradient_evaluations for run in runs),
        sum_error=np.array(sum_errors) if sum_errors else None,
    )


def _scores(
    model: Model, paths: Sequence[Path], values: Sequence[torch.Tensor], where: str, budget: Budget
) -> list[float]:
    """The function at packed values of the paths' rows."""
    samples = [Sample(path.layout.values(each), further=path.further) for path, each in zip(paths, values, strict=True)]
    found = forward(model, samples, budget=budget)[:, 0].double()
    if not bool(found.isfinite().all()):
        row = int((~found.isfinite()).nonzero()[0])
        raise NumericalError(
            f"The function is not finite at the {where} (row {row}): check for a division or log of 0."
        )
    scores: list[float] = found.tolist()
    return scores
