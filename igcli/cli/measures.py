"""Which metrics, with which parameters, against which ground truth: the options, and what they stand for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from igcli.attribution.methods.method import METHODS
from igcli.cli.given_options import refuse_given
from igcli.cli.grouped import grouped
from igcli.cli.lowpass_option import LowpassType, cutoffs_of
from igcli.cli.options import listed
from igcli.cli.path_types import NamedPath
from igcli.cli.protocol_option import ChosenProtocol, chosen_protocol, protocol_option
from igcli.cli.session import Request, Session
from igcli.errors import UsageError, first_line
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.exclusions import Exclusions
from igcli.evaluation.fills import OWN_FILLS, fill_forms
from igcli.evaluation.ground_truth.area import ground_truth_digest
from igcli.evaluation.ground_truth.boxes import read_boxes
from igcli.evaluation.ground_truth.masks import read_masks
from igcli.evaluation.map_views import LowpassView, MapView, RegionsView, Unchanged
from igcli.evaluation.maps import RANKINGS
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import DEFAULT_METRICS, METRICS, arrow, configured
from igcli.evaluation.mosaics import MosaicPlan, mosaic_size, plan_mosaics
from igcli.evaluation.photo_classes import read_classes
from igcli.images.lowpass import PUBLISHED_CYCLES, Lowpass
from igcli.images.regions import check_segmentation
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.evaluating.calibrating import CALIBRATED_BY, CALIBRATION_STEPS, CALIBRATIONS, grid
from igcli.jobs.evaluating.maps import OtherMaps
from igcli.jobs.evaluating.measuring import EvaluationPlan
from igcli.jobs.outputs.regions import form_of_regions
from igcli.jobs.plan import Job
from igcli.lazy import torch
from igcli.models.classifier import Classifier


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
    lowpass: tuple[LowpassChoice | None, ...] | None
    regions: bool
    calibrate: LowpassChoice | None
    calibrate_by: str | None
    protocol: ChosenProtocol | None

    @property
    def lowpasses(self) -> tuple[LowpassChoice | None, ...]:
        """The low-passes to measure, ``None`` for the map itself: those named, else the grid of a calibration."""
        return self.lowpass or ((None,) if self.calibrate is None else grid(self.calibrate.of))


def _measures(
    metric: tuple[str, ...],
    fill: str | None,
    ranked: str | None,
    settings: tuple[str, ...],
    control: tuple[str, ...],
    protocol: str | None,
    tile: int | None,
    **rest: Any,
) -> Measures:
    if tile is not None and "focus" not in metric:
        raise click.UsageError("--tile is the side of a mosaic's photos: it goes with --metric focus.")
    if not any(METRICS[name].is_on_mosaics() for name in metric):
        refuse_given(("mosaics", "classes"), "is for mosaics of photos: it goes with --metric focus.")
    if rest["calibrate_by"] is not None and rest["calibrate"] is None:
        raise click.UsageError("--calibrate-by says what --calibrate lowpass maximises: give that too.")
    given = {"fill": fill, "ranked": ranked, "focus.tile": tile}
    parameters: dict[str, object] = {name: value for name, value in given.items() if value is not None}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if not equals:
            raise click.UsageError(f"--set {setting} has no value: write it as deletion.steps=56.")
        parameters[name.strip()] = value.strip()
    controls = () if "none" in control else tuple(dict.fromkeys(control))
    metrics = tuple(dict.fromkeys(metric))
    chosen = None if protocol is None else chosen_protocol(protocol, metrics, parameters)
    parameters = parameters if chosen is None else dict(chosen.parameters)
    return Measures(metrics, parameters, controls, protocol=chosen, **rest)


def _calibration(_ctx: click.Context, _param: click.Parameter, value: str | None) -> LowpassChoice | None:
    return None if value is None else LowpassChoice("auto", "signed" if value.endswith(":signed") else "absolute")


_METRICS_HELP = "; ".join(
    f"{entry.name} {arrow(entry.value.direction)}: {entry.summary.rstrip('.')}" for entry in METRICS.entries()
)

measures_options = grouped(
    "measures",
    _measures,
    protocol_option,
    click.option("--metric", multiple=True, default=DEFAULT_METRICS, show_default=True,
                 type=click.Choice(list(METRICS)), help=f"May be repeated; ↑ higher is better. {_METRICS_HELP}."),
    click.option("--fill", metavar="|".join(fill_forms()),
                 help="What removed pixels become, and what insertion starts from; each metric's own by default. "
                      + "; ".join(f"{name}: {what}" for name, what in OWN_FILLS.items()) + "."),
    click.option("--ranked", type=click.Choice(list(RANKINGS)),
                 help=f"What of the map the pixels are ranked by; each metric's own by default. {listed(RANKINGS)}."),
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
    click.option("--lowpass", type=LowpassType(several=True), metavar="none|CYCLES|auto,...",
                 help="Measure maps and controls low-passed, as in none,15: next to the maps themselves where none is "
                      "named. CYCLES per side, of the absolute map, or CYCLES:signed."),
    click.option("--regions", is_flag=True,
                 help="Measure each map's regions too. They have the mean of the map in each; this needs pip install "
                      "'igcli[regions]'."),
    click.option("--calibrate", type=click.Choice(["lowpass", "lowpass:signed"]), callback=_calibration,
                 help="Find the best --lowpass of each method on these photos. It is the one with the highest "
                      "insertion − deletion (28 steps unless --set), kept next to the model file for --lowpass auto. "
                      "--lowpass changes the grid; controls are left out unless --control names some."),
    click.option("--calibrate-by", type=click.Choice(list(CALIBRATIONS)),
                 help="What --calibrate maximises; insertion-deletion if not given."),
    click.option("--tile", type=click.IntRange(1), metavar="PIXELS",
                 help="For focus: the shorter side of each of the four photos. As published, that of the input: "
                      "mosaics of twice its sides, which not all networks take. [default: half of the input's]"),
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
    views = _views_of(run, job, measures, others)
    if measures.calibrate is not None:
        return _calibration_plan(job, measures, views)
    metrics = configured(measures.metrics, measures.parameters)
    for metric in metrics.values():
        if isinstance(metric, CurveMetric):
            metric.check_model(job.classifier)
    if others is not None and measures.metrics == DEFAULT_METRICS:
        metrics.pop("completeness")
    summed = [name for name in job.plan.wanted.methods if _has_a_sum(name) and any(not v.name(name) for v in views)]
    if measures.metrics == DEFAULT_METRICS and not summed:
        metrics.pop("completeness", None)
    methods = () if others is not None else tuple(job.plan.wanted.methods)
    return EvaluationPlan(methods, measures.controls, metrics, given, digest, others, views)


def _views_of(run: Session, job: Job, measures: Measures, others: OtherMaps | None) -> tuple[MapView, ...]:
    """What is measured of each map: the map itself, low-passes of it, its regions."""
    form = None if measures.calibrate is None else measures.calibrate.of
    chosen = measures.lowpasses
    if form is not None and any(each is not None and (each.of != form or each.cycles == "auto") for each in chosen):
        raise UsageError(f"The grid of this --calibrate is none and numbers of cycles of the {form} map.")
    if measures.regions:
        check_segmentation()
    bases = [*(() if others is not None else job.plan.wanted.methods), *measures.controls]
    kept = cutoffs_of(run, job, chosen, bases)
    lowpasses = [
        Unchanged()
        if each is None
        else LowpassView(Lowpass(PUBLISHED_CYCLES if each.cycles == "auto" else each.cycles, each.of),
                         each.resolved(bases, kept))
        for each in chosen
    ]  # fmt: skip
    return (*lowpasses, *((RegionsView(form_of_regions),) if measures.regions else ()))


def _calibration_plan(job: Job, measures: Measures, views: tuple[MapView, ...]) -> EvaluationPlan:
    """The metrics of the calibration along the grid."""
    if measures.maps is not None or measures.regions or measures.metrics != DEFAULT_METRICS:
        raise UsageError(
            "--calibrate chooses the metrics itself, and measures methods: leave out --metric, --protocol, --maps and "
            "--regions."
        )
    by = CALIBRATIONS[measures.calibrate_by or "insertion-deletion"]
    few = dict.fromkeys((f"{name}.steps" for name in by if name in CALIBRATED_BY), CALIBRATION_STEPS)
    controls = () if measures.controls == tuple(CONTROLS) else measures.controls
    return EvaluationPlan(
        tuple(job.plan.wanted.methods), controls, configured(by, few | measures.parameters), views=views
    )


def _has_a_sum(method: str) -> bool:
    """Whether a method's map is meant to sum to the score's rise: else completeness has nothing to measure."""
    return METHODS[method].complete or METHODS[method].sums_to == "rise"


def plans_of(
    request: Request, job: Job, evaluation_plan: EvaluationPlan, measures: Measures
) -> tuple[list[MosaicPlan], list[str]]:
    """The mosaics of the focus metric, if it is asked for, and what could not be used for them."""
    if not evaluation_plan.on_mosaics():
        return [], []
    for metric in evaluation_plan.on_mosaics().values():
        _check_tile(job.classifier, getattr(metric, "tile", 0))
    classes = read_classes(measures.classes or Path(request.paths[0]), job.model.labels)
    excluded = Exclusions("class", classes.excluded)
    seed = job.plan.wanted.settings.seed
    plans = plan_mosaics(classes, job.model.labels, count=measures.mosaics, seed=seed)
    return list(plans), [excluded.summary()] if len(excluded) else []


def _check_tile(model: Classifier, tile: int) -> None:
    """Raise ``UsageError`` if the network does not take mosaics of such tiles; by a forward pass."""
    if not tile:
        return
    width, height = mosaic_size((model.view.width, model.view.height), tile)
    pixels = torch.zeros((1, model.view.channels, height, width), device=model.device, dtype=model.dtype)
    try:
        with model.frozen(), torch.no_grad():
            model(pixels)
    except Exception as error:  # a network can raise anything
        raise UsageError(
            f"The network does not take mosaics of {width} x {height} pixels ({first_line(error)}): leave --tile "
            "out, or give half of its input's side."
        ) from error
