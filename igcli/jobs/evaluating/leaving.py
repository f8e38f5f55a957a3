"""What an evaluation leaves: the numbers as CSV and JSON, and the plots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from igcli.evaluation.statistics import Band, Estimate
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.table import Column, csv_of
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.record import new_record, typed, write_record
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.curves_plot import CurvePlot, Line, curves_plot
from igcli.rendering.evaluation_plot import MetricPlot, Point, metrics_plot

NAMES = ("evaluation.csv", "evaluation.json", "evaluation.metrics.png", "evaluation.curves.png")


def write_evaluation(
    plan: Plan,
    columns: Sequence[Column],
    *,
    controls: Sequence[str],
    effort: Effort,
    counts: Mapping[str, int],
    notes: Sequence[str],
    premises: Mapping[str, str],
) -> list[Path]:
    """Write the tables and plots; returns their paths.

    Parameters
    ----------
    counts
        Photos by what became of them.
    notes
        What a reader of the numbers must know: photos left out, boxes that could not be used.
    premises
        Method to what it relies on and the network does not have.
    """
    paths = [plan.output / name for name in NAMES]
    write_whole(paths[0], csv_of(columns))
    record = new_record(
        network=plan.model,
        command=typed(),
        settings={**plan.settings, "device": plan.model.device, "batch_size": plan.batch_size},
        photos=dict(counts),
        metrics={column.name: column.record for column in columns},
        controls=list(controls),
        premises=dict(premises),
        effort={
            "gradients": effort.gradients,
            "gradient_seconds": round(effort.gradient_seconds, 3),
            "passes": effort.passes,
            "pass_seconds": round(effort.pass_seconds, 3),
            "bare_seconds": round(effort.bare_seconds, 3),
        },
        notes=list(notes),
    )
    title = f"{plan.model.provenance.name}, {plan.wanted.settings.score} score"
    footer = [f"{plan.wanted.settings.steps} steps; the controls know nothing of the network. Protocols: {NAMES[1]}"]
    write_whole(paths[2], metrics_plot([_metric(c) for c in columns], title=title, footer=footer, controls=controls))
    curves = [_curve(column, name, lines) for column in columns for name, lines in column.bands.items()]
    if curves:
        write_whole(paths[3], curves_plot(curves, title=title, footer=footer, controls=controls))
    else:
        paths.pop()
    write_record(paths[1], record)
    return paths


#: What the curves of a metric show.
_SCALES = {"aopc": "mean drop of the score", "abpc": "normalised score"}


def _metric(column: Column) -> MetricPlot:
    points = {name: _point(found) for name, found in column.estimates.items()}
    return MetricPlot(column.name, column.metric.direction, points, column.best)


def _point(found: Estimate) -> Point:
    return Point(found.mean, found.low, found.high, found.count)


def _curve(column: Column, name: str, bands: Mapping[str, Band]) -> CurvePlot:
    nothing = np.empty(0)
    lines = {each: Line(*[nothing] * 4) for each in column.values}  # so that no other changes its colour
    lines.update({each: Line(band.fractions, band.mean, band.low, band.high) for each, band in bands.items()})
    return CurvePlot(column.title_of(name), "share of the pixels", _SCALES.get(column.name, "score"), lines)
