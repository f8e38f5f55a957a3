"""Integrated gradients of any differentiable function: no pictures, no labels, no network.

Each row of a batch is explained by itself; their points share passes through the function.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from igcli.attribution.adaptive.adaptive_path import AdaptivePath, refine_paths
from igcli.attribution.batch_size import default_batch_size
from igcli.attribution.budget import Budget
from igcli.attribution.completeness import Completeness
from igcli.attribution.methods.integrated import IntegratedGradients
from igcli.attribution.methods.method import MethodContext
from igcli.attribution.network import forward
from igcli.attribution.path import Path
from igcli.attribution.paths.kind import check_sample, check_start, find_path
from igcli.attribution.quadrature import Nodes, nodes
from igcli.attribution.result import ScoreEnds, Settings
from igcli.attribution.scores import Score
from igcli.attribution.sweep import Chunk, Consumer, PathRun, sweep
from igcli.attribution.task import map_error_of
from igcli.attribution.wanted import check_settings, steps_alone
from igcli.errors import NumericalError, UsageError
from igcli.lazy import np, torch
from igcli.models.model import Model, Provenance
from igcli.models.outputs import described
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
        (B,) float64: the function there. A row's values sum to their difference but for its completeness gap.
    completeness
        For each row.
    map_error
        (B,) float64: how far a row's values are expected to be off, relative to their norm (an estimate; see
        :mod:`igcli.attribution.map_error`). NaN where one point says nothing.
    nodes
        For each row the points of its path and their weights.
    gradients
        For each row the gradients taken.
    """

    values: Values
    at_inputs: np.ndarray
    at_baselines: np.ndarray
    completeness: tuple[Completeness, ...]
    map_error: np.ndarray
    nodes: tuple[Nodes, ...]
    gradients: tuple[int, ...]


def integrate(
    function: Callable[..., torch.Tensor],
    inputs: Values,
    baselines: Values | float | None = None,
    *,
    path: str = Settings.path,
    steps: int | str = "auto",
    tolerance: float = Settings.tolerance,
    max_steps: int = Settings.max_steps,
    rule: str | None = None,
    further: Sequence[object] = (),
    batch_size: int | None = None,
) -> Integration:
    """Integrated gradients of ``function`` from ``baselines`` to ``inputs`` (arXiv 1703.01365, eq. 1).

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
    path
        A name in ``PATHS``: how each row comes in. A path with a start of its own takes no baselines.
    steps
        Points on each row's path, or ``"auto"``: placed where the function changes, and more of them until the row's
        completeness gap is within ``tolerance``, at most ``max_steps``.
    rule
        A name in ``RULES``: where a number of points is placed.
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
    settings = Settings(score="logit", path=path, steps=steps, tolerance=tolerance, max_steps=max_steps, rule=rule)
    check_settings(settings)
    kind = find_path(path)
    check_start(path, baseline_given=baselines is not None)
    with torch.inference_mode(mode=False):
        ends = _packed(inputs)
        starts = _packed_baselines(baselines, inputs)
        layout = Layout.of(tuple(each[0] for each in inputs) if isinstance(inputs, tuple) else inputs[0])
        own = [tuple(each[i] if isinstance(each, torch.Tensor) else each for each in further) for i in range(len(ends))]
        check_sample(path, layout, "a row of the inputs")
        paths = [kind.path(start, end, layout, each) for start, end, each in zip(starts, ends, own, strict=True)]
        model = _as_model(function, ends)
        photographs = default_batch_size(ends.device) * _PHOTOGRAPH // layout.places
        budget = Budget(batch_size or max(1, min(photographs, _MOST_ROWS)), device=ends.device)
        runs = _integrated(model, paths, settings, budget)
        return _result(runs, layout, settings, inputs)


def _integrated(model: Model, paths: Sequence[Path], settings: Settings, budget: Budget) -> list[PathRun]:
    at_inputs = _scores(model, paths, [path.end for path in paths], "inputs", budget)
    at_baselines = _scores(model, paths, [path.baseline for path in paths], "baselines", budget)
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
    errors = [map_error_of([method], each)["map_error"] for method, each in zip(methods, maps, strict=True)]
    return Integration(
        values=parts if layout.packed else parts[0],
        at_inputs=np.array([run.ends.at_image for run in runs]),
        at_baselines=np.array([run.ends.at_baseline for run in runs]),
        completeness=tuple(
            Completeness.of(total, run.ends.rise, tolerance=settings.tolerance, span=span.high - span.low)
            for total, run, span in zip(totals, runs, spans, strict=True)
        ),
        map_error=np.array(errors),
        nodes=tuple(run.nodes for run in runs),
        gradients=tuple(run.gradient_evaluations for run in runs),
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


def _packed(inputs: Values) -> torch.Tensor:
    """The rows (B, ...) of one tensor, or those of a tuple flat, one after another."""
    tensors = inputs if isinstance(inputs, tuple) else (inputs,)
    if not tensors or not all(isinstance(each, torch.Tensor) and each.is_floating_point() for each in tensors):
        raise UsageError("The inputs are a floating-point tensor of rows, or a tuple of such tensors.")
    if not all(each.ndim >= 1 and each.numel() and len(each) == len(tensors[0]) for each in tensors):
        shapes = " and ".join(str(tuple(each.shape)) for each in tensors)
        raise UsageError(f"The inputs have rows in their first axis, as many each, and none is empty; not {shapes}.")
    if len({(each.dtype, each.device) for each in tensors}) > 1:
        raise UsageError("The inputs are of one floating-point type and on one device: bring them there first.")
    detached = [each.detach() for each in tensors]
    return torch.cat([each.flatten(1) for each in detached], dim=1) if isinstance(inputs, tuple) else detached[0]


def _packed_baselines(baselines: Values | float | None, inputs: Values) -> torch.Tensor:
    tensors = inputs if isinstance(inputs, tuple) else (inputs,)
    given = baselines if isinstance(baselines, tuple) else (0.0 if baselines is None else baselines,) * len(tensors)
    if len(given) != len(tensors):
        raise UsageError(f"The inputs are {len(tensors)} tensors, and the baselines {len(given)}: give one each.")
    expanded = []
    for one, like in zip(given, tensors, strict=True):
        try:
            expanded.append(torch.as_tensor(one).to(like).expand_as(like))
        except RuntimeError as error:
            shape = tuple(torch.as_tensor(one).shape)
            raise UsageError(
                f"A baseline of {shape} does not fit inputs of {tuple(like.shape)}: give one row for each, one for "
                "all, or one number."
            ) from error
    return _packed(tuple(expanded) if isinstance(inputs, tuple) else expanded[0])


def _as_model(function: Callable[..., torch.Tensor], like: torch.Tensor) -> Model:
    """A function of rows as a model with one output, where and as precise as ``like``."""

    class RowFunction(torch.nn.Module):
        """The function, with one number per row made sure of."""

        def __init__(self) -> None:
            super().__init__()
            self.function = function  # registered where it is a module, so that it is frozen

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            found, rows = function(*inputs), len(inputs[0])
            if not isinstance(found, torch.Tensor) or tuple(found.shape) not in ((rows,), (rows, 1)):
                raise UsageError(
                    f"The function returns {described(found)} for {rows} row{'s' * (rows > 1)}, and it has to return "
                    "one number for each: choose an output, as in lambda x: network(x)[:, 0]."
                )
            return found.reshape(rows, 1)

    class Function(Model):
        """A model that is where its inputs are."""

        @property
        def device(self) -> torch.device:
            return like.device

        @property
        def dtype(self) -> torch.dtype:
            return like.dtype

    return Function(RowFunction(), ["value"], provenance=Provenance("The function"))
