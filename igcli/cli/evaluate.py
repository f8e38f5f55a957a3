"""``ig evaluate``: how good are the maps? Metrics and controls over many photos, as tables and curves."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from igcli.attribution.explain import Wanted
from igcli.cli.options import grouped, listed, output_option, wanted_options
from igcli.cli.progress import Progress, duration
from igcli.cli.session import Request, Session, percent, photo_command, session
from igcli.errors import UsageError
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.ground_truth.area import GroundTruth
from igcli.evaluation.ground_truth.boxes import read_boxes
from igcli.evaluation.ground_truth.masks import read_masks
from igcli.evaluation.left_out import LeftOut
from igcli.evaluation.metrics import DEFAULT_METRICS, METRICS, Focus, arrow, configured
from igcli.evaluation.mosaics import Plan, plan_mosaics
from igcli.evaluation.photo_classes import read_classes
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.evaluation import Evaluation
from igcli.jobs.evaluating.inquiry import Inquiry
from igcli.jobs.evaluating.leaving import NAMES, leave_evaluation
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.evaluating.measuring import Measurer
from igcli.jobs.evaluating.table import lines_of, why_missing
from igcli.jobs.item import items_of
from igcli.jobs.job import Job
from igcli.jobs.ledger import Ledger
from igcli.jobs.run import Tally

FILLS = ("black", "mean", "blur", "noise")


@dataclass(frozen=True)
class Measures:
    """Which metrics, with which parameters, against what."""

    metrics: tuple[str, ...]
    parameters: dict[str, object]
    controls: tuple[str, ...]
    boxes: Path | None
    masks: Path | None
    maps: Path | None
    classes: Path | None
    mosaics: int


def _measures(
    metric: tuple[str, ...], fill: str | None, settings: tuple[str, ...], control: tuple[str, ...], **rest: Any
) -> Measures:
    parameters: dict[str, object] = {} if fill is None else {"fill": fill}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set {setting} has no value: write it as deletion.steps=56.")
        parameters[name.strip()] = value.strip()
    controls = () if "none" in control else tuple(dict.fromkeys(control))
    return Measures(tuple(dict.fromkeys(metric)), parameters, controls, **rest)


_METRICS_HELP = "; ".join(
    f"{entry.name} {arrow(entry.value.direction)}: {entry.summary.rstrip('.')}" for entry in METRICS.entries()
)

measures_options = grouped(
    "measures",
    _measures,
    click.option("--metric", multiple=True, default=DEFAULT_METRICS, show_default=True,
                 type=click.Choice(list(METRICS)), help=f"May be repeated; ↑ higher is better. {_METRICS_HELP}."),
    click.option("--fill", type=click.Choice(FILLS), help="What removed pixels become; each metric's own by default."),
    click.option("--set", "settings", multiple=True, metavar="METRIC.NAME=VALUE",
                 help="Another parameter than the published one, such as deletion.steps=56; may be repeated."),
    click.option("--control", multiple=True, type=click.Choice([*CONTROLS, "none"]), default=tuple(CONTROLS),
                 show_default=True, help=f"Maps that know nothing of the network. {listed(CONTROLS)}."),
    click.option("--boxes", type=click.Path(path_type=Path), metavar="FILE",
                 help="Where the objects are: Pascal VOC XML (a file or folder), COCO JSON, or CSV "
                      "(path, xmin, ymin, xmax, ymax[, label]); in upright pixels of the original."),
    click.option("--masks", type=click.Path(path_type=Path), metavar="DIR",
                 help="Where the objects are: a picture a photo, light on dark, with the photo's name and size."),
    click.option("--maps", type=click.Path(path_type=Path), metavar="DIR",
                 help="Measure another tool's maps, .npz or .npy called as the photos, instead of --method's."),
    click.option("--classes", type=click.Path(path_type=Path), metavar="DIR|CSV",
                 help="For focus: a sub-folder a class, or a CSV with path and target; PATH itself if not given."),
    click.option("--mosaics", type=click.IntRange(1), default=100, show_default=True, help="For focus: how many."),
)  # fmt: skip


@click.command()
@output_option
@wanted_options
@measures_options
@click.option("--overwrite", is_flag=True, help="Begin anew, whatever the folder knows already.")
@photo_command
def evaluate(request: Request, *, output: Path, wanted: Wanted, measures: Measures, overwrite: bool) -> None:
    """Measure how good the maps are, and whether one method beats another.

    Each method and two controls (a random map, the photo's edges) are measured on every photo. The table has means with
    95 % intervals; * marks the best where its paired intervals against all others say so. Maps and numbers are kept in
    the output folder: the same command with one more metric takes no gradient again.

    \b
    Examples:
      ig evaluate photos/ -o scores --method integrated --method gradient
      ig evaluate photos/ --metric localisation --boxes annotations/ --method integrated
      ig evaluate photos/ --metric focus --mosaics 50
      ig evaluate photos/ --metric aopc --maps maps-of-another-tool/
    """
    with session(request, output=output) as run:
        job = run.job(_wanted_for(wanted, measures), output)
        if len(job.wanted.targets) > 1:
            raise UsageError("One class a photo is measured: give one --target.")
        inquiry = _inquiry(run, job, measures)
        inquiry.check()
        plans, left_out = _plans(request, job, inquiry, measures)
        settings = {name: value for name, value in job.desk.settings.items() if name != "methods"}
        ledger = Ledger(output, "evaluate", settings, overwrite=overwrite)
        try:
            if ledger.fresh and not overwrite:
                _refuse_strangers(output)
            _measure(run, job, inquiry, plans, notes=left_out, fresh=overwrite)
        finally:
            ledger.close()
        run.finish()


def _measure(run: Session, job: Job, inquiry: Inquiry, plans: list[Plan], *, notes: list[str], fresh: bool) -> None:
    console, items = run.console, items_of(run.found)
    measured = [] if all(isinstance(metric, Focus) for metric in inquiry.metrics.values()) else items
    tally = Tally(total=len(measured) + len(plans), failed=run.failures)
    progress = Progress(console, tally, unit="passes")
    measurer = Measurer(job, inquiry, on_points=progress.points)
    evaluation = Evaluation(job, inquiry, measurer, items=measured, plans=plans)
    for step in evaluation.steps(fresh=fresh):
        if step.failure:
            tally.failed += 1
            run.fail(step.name, step.failure)
        elif step.known:
            tally.skipped += 1
        else:
            tally.done += 1
        progress.photo()
    columns = [column for column in evaluation.columns if column.photos]
    if not columns:
        return
    boxes = LeftOut("box", measurer.refused_boxes)
    notes = [*notes, *why_missing(columns), *([boxes.summary()] if len(boxes) else [])]
    counts = {"measured": tally.done, "known": tally.skipped, "failed": tally.failed}
    paths = leave_evaluation(
        job.desk,
        columns,
        controls=inquiry.controls,
        effort=measurer.effort,
        command=shlex.join(["ig", *sys.argv[1:]]),
        counts=counts,
        notes=notes,
    )
    run.say(
        {column.name: column.record for column in columns},
        *lines_of(columns, inquiry.controls),
        *(f"{column.name} {arrow(column.metric.direction)}: {column.protocol}" for column in columns),
        f"-> {', '.join(map(str, paths))}",
    )
    for note in notes:
        console.note(note)
    console.note(_effort_line(measurer.effort))
    console.note(f"{tally.done} measured, {tally.failed} failed, {tally.skipped} known already")


def _inquiry(run: Session, job: Job, measures: Measures) -> Inquiry:
    photos = [found.path for found in run.found]
    truth: GroundTruth | None = None
    if measures.boxes is not None and measures.masks is not None:
        raise UsageError("--boxes and --masks both say where the objects are: leave one of them out.")
    if measures.boxes is not None:
        boxes = read_boxes(measures.boxes, photos=photos)
        truth, notes = boxes, boxes.notes
    elif measures.masks is not None:
        masks = read_masks(measures.masks, photos=photos, view=job.model.view, options=job.reading)
        truth, notes = masks, masks.notes
    else:
        notes = ()
    for note in notes:
        run.console.note(note)
    others = None if measures.maps is None else OtherMaps(measures.maps)
    metrics = configured(measures.metrics, measures.parameters)
    if others is not None and measures.metrics == DEFAULT_METRICS:
        metrics.pop("completeness")
    methods = () if others is not None else tuple(job.wanted.methods)
    return Inquiry(methods, measures.controls, metrics, truth, others)


def _plans(request: Request, job: Job, inquiry: Inquiry, measures: Measures) -> tuple[list[Plan], list[str]]:
    """The mosaics of the focus metric, if it is asked for, and what could not be used for them."""
    if not inquiry.of_kind(Focus):
        return [], []
    classes = read_classes(measures.classes or Path(request.paths[0]), job.model.labels)
    left_out = LeftOut("class", classes.left_out)
    seed = job.wanted.settings.seed
    plans = plan_mosaics(classes, job.model.labels, count=measures.mosaics, seed=seed)
    return list(plans), [left_out.summary()] if len(left_out) else []


def _wanted_for(wanted: Wanted, measures: Measures) -> Wanted:
    return replace(wanted, methods=()) if measures.maps is not None else wanted


def _refuse_strangers(output: Path) -> None:
    for name in (*NAMES, "photos", "maps", "mosaics"):
        if (output / name).exists():
            raise UsageError(
                f"{output / name} is there already, and no evaluation has made it: choose another folder with -o, or "
                "add --overwrite."
            )


def _effort_line(effort: Effort) -> str:
    parts = []
    if effort.gradients:
        parts.append(f"{effort.gradients} gradients in {duration(effort.gradient_seconds)}")
    if effort.passes:
        parts.append(f"{effort.passes} forward passes in {duration(effort.pass_seconds)}")
    if effort.bare_seconds:
        share = percent(effort.pass_seconds / effort.bare_seconds, digits=0)
        parts[-1] += f", {share} of what bare passes take ({duration(effort.bare_seconds)})"
    return "; ".join(parts) or "Nothing was left to measure."
