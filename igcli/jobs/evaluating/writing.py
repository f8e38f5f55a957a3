"""What an evaluation writes: the table as CSV, the record, and the plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.statistics import Band, Estimate
from igcli.jobs.evaluating.evaluated import Evaluated
from igcli.jobs.evaluating.table import Column, csv_of
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.record import new_record, typed, write_record
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.curves_plot import CurvePlot, Line, curves_plot
from igcli.rendering.evaluation_plot import metrics_plot
from igcli.rendering.metric_panel import MetricPlot, Point

NAMES = ("evaluation.csv", "evaluation.json", "evaluation.metrics.png", "evaluation.curves.png")


def write_evaluation(plan: Plan, found: Evaluated) -> list[Path]:
    """Write the tables and plots; returns their paths."""
    columns, controls, effort = found.columns, found.controls, found.effort
    paths = [plan.output / name for name in NAMES]
    write_whole(paths[0], csv_of(columns))
    record = new_record(
        network=plan.model,
        command=typed(),
        settings={**plan.settings, "device": plan.model.device, "batch_size": plan.batch_size},
        photos=dict(found.counts),
        metrics={column.name: column.record for column in columns},
        controls=list(controls),
        premises=dict(found.premises),
        protocol=found.protocol,
        effort={
            "gradients": effort.gradients,
            "gradient_seconds": round(effort.gradient_seconds, 3),
            "passes": effort.passes,
            "pass_seconds": round(effort.pass_seconds, 3),
            "bare_seconds": round(effort.bare_seconds, 3),
        },
        **found.conclusions,
        notes=list(found.notes),
    )
    title = f"{plan.model.provenance.name}, {plan.wanted.settings.score} score"
    by = "; intervals over clusters" if any(column.clusters for column in columns) else ""
    known = f"the controls know nothing of the network{by}. Protocols: {NAMES[1]}"
    footer = [f"{plan.wanted.settings.steps} steps; {known}"]
    write_whole(paths[2], metrics_plot([_metric(c) for c in columns], title=title, footer=footer, controls=controls))
    curves = [
        _curve(column, name, lines)
        for column in columns
        for name, lines in column.bands.items()
        if not _has_its_parts(column, columns)
    ]
    if curves:
        write_whole(paths[3], curves_plot(curves, title=title, footer=footer, controls=controls))
    else:
        paths.pop()
    write_record(paths[1], record)
    return paths


#: What the curves of a metric show.
_SCALES = {"aopc": "mean drop of the score", "abpc": "normalised score", "mas": "aligned score", "diffid": "share kept"}


def _metric(column: Column) -> MetricPlot:
    points = {name: _point(found) for name, found in column.estimates.items()}
    return MetricPlot(column.name, column.metric.direction, points, column.best)


def _has_its_parts(column: Column, columns: Sequence[Column]) -> bool:
    """Whether the curves of a difference, such as ``mas``, are all those of its parts, which are there as well."""
    parts = [each for each in columns if each.name.startswith(f"{column.name}-")]
    return bool(parts) and sum(len(part.curves) for part in parts) == len(column.curves)


def _point(found: Estimate) -> Point:
    return Point(found.mean, found.low, found.high, found.count)


def _curve(column: Column, name: str, bands: Mapping[str, Band]) -> CurvePlot:
    nothing = np.empty(0)
    lines = {each: Line(*[nothing] * 4) for each in column.values}  # so that no other changes its colour
    lines.update({each: Line(band.fractions, band.mean, band.low, band.high) for each, band in bands.items()})
    unit = column.metric.unit if isinstance(column.metric, CurveMetric) else "pixels"
    scale = _SCALES.get(column.name.partition("-")[0], "score")
    return CurvePlot(column.title_of(name), f"share of the {unit}", scale, lines)
