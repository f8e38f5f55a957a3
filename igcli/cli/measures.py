"""Which metrics, with which parameters, against which ground truth: the options, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from igcli.attribution.baselines import check_registered
from igcli.attribution.methods.method import METHODS
from igcli.cli.options import grouped, listed
from igcli.cli.path_types import NamedPath
from igcli.cli.session import Request, Session
from igcli.errors import UsageError
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.exclusions import Exclusions
from igcli.evaluation.ground_truth.area import ground_truth_digest
from igcli.evaluation.ground_truth.boxes import read_boxes
from igcli.evaluation.ground_truth.masks import read_masks
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import DEFAULT_METRICS, METRICS, arrow, configured
from igcli.evaluation.mosaics import MosaicPlan, plan_mosaics
from igcli.evaluation.photo_classes import read_classes
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.evaluating.measuring import EvaluationPlan
from igcli.jobs.plan import Job

FILLS = ("black", "grey", "mean", "blur", "noise")


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
                 help="A parameter other than the published one, such as deletion.steps=56; may be repeated."),
    click.option("--control", multiple=True, type=click.Choice([*CONTROLS, "none"]), default=tuple(CONTROLS),
                 show_default=True, help=f"Maps for comparison that do not depend on the network. {listed(CONTROLS)}."),
    click.option("--boxes", type=NamedPath(), metavar="FILE",
                 help="Where the objects are: Pascal VOC XML (a file or folder), COCO JSON, or CSV "
                      "(path, xmin, ymin, xmax, ymax[, label]); in upright pixels of the original."),
    click.option("--masks", type=NamedPath(), metavar="DIR",
                 help="Where the objects are: one picture per photo, with its name and size: light on dark, or labels "
                      "(0: none, 255: void)."),
    click.option("--maps", type=NamedPath(), metavar="DIR",
                 help="Measure another tool's maps, .npz or .npy named like the photos, instead of --method's."),
    click.option("--classes", type=NamedPath(), metavar="DIR|CSV",
                 help="For focus: one sub-folder per class, or a CSV with path and target; PATH itself if not given."),
    click.option("--mosaics", type=click.IntRange(1), default=100, show_default=True, help="For focus: how many."),
)  # fmt: skip


def evaluation_plan_of(run: Session, job: Job, measures: Measures) -> EvaluationPlan:
    """What is to be measured; reads where the objects are."""
    photos = [found.path for found in run.found]
    given: dict[str, object] = {}  # by the name of the need
    if measures.boxes is not None and measures.masks is not None:
        raise UsageError("--boxes and --masks both say where the objects are: leave one of them out.")
    source = measures.boxes or measures.masks
    # Before it is read: what is written to it meanwhile makes another digest the next time.
    digest = "" if source is None or not source.exists() else ground_truth_digest(source)
    if measures.boxes is not None:
        boxes = read_boxes(measures.boxes, photos=photos)
        given["mask"], notes = boxes, boxes.notes
    elif measures.masks is not None:
        masks = read_masks(measures.masks, photos=photos, view=job.classifier.view, options=job.plan.reading)
        given["mask"], notes = masks, masks.notes
    else:
        notes = ()
    for note in notes:
        run.console.note(note)
    others = None if measures.maps is None else OtherMaps(measures.maps)
    metrics = configured(measures.metrics, measures.parameters)
    for metric in metrics.values():
        if isinstance(metric, CurveMetric):
            check_registered(metric.fill, job.model)
    if others is not None and measures.metrics == DEFAULT_METRICS:
        metrics.pop("completeness")
    if measures.metrics == DEFAULT_METRICS and not any(_has_a_sum(name) for name in job.plan.wanted.methods):
        metrics.pop("completeness", None)
    methods = () if others is not None else tuple(job.plan.wanted.methods)
    return EvaluationPlan(methods, measures.controls, metrics, given, digest, others)


def _has_a_sum(method: str) -> bool:
    """Whether a method's map is meant to sum to the score's rise: else completeness has nothing to measure."""
    return METHODS[method].complete or METHODS[method].sums_to == "rise"


def plans_of(
    request: Request, job: Job, evaluation_plan: EvaluationPlan, measures: Measures
) -> tuple[list[MosaicPlan], list[str]]:
    """The mosaics of the focus metric, if it is asked for, and what could not be used for them."""
    if not evaluation_plan.on_mosaics():
        return [], []
    classes = read_classes(measures.classes or Path(request.paths[0]), job.model.labels)
    excluded = Exclusions("class", classes.excluded)
    seed = job.plan.wanted.settings.seed
    plans = plan_mosaics(classes, job.model.labels, count=measures.mosaics, seed=seed)
    return list(plans), [excluded.summary()] if len(excluded) else []
