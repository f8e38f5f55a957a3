"""``ig explain``: overlays, arrays and a record for photos, folders, globs, or paths on stdin."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NoReturn

import click

from igcli.attribution.completeness import Completeness
from igcli.attribution.methods.method import METHODS
from igcli.attribution.scores import PROBABILITIES
from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.cli.choosing import Selection, begin_selection, check_page, finish_selection, selection_options
from igcli.cli.collection import OutputSpec, collection_options, write_all
from igcli.cli.destination import Destination, picture_destination
from igcli.cli.drawing_options import scale_of_run, scale_options, style_options
from igcli.cli.font_option import font_option, refuse_font
from igcli.cli.grouped import grouped
from igcli.cli.help import SECTIONS, command
from igcli.cli.lowpass_option import check_lowpass, lowpass_of, lowpass_option
from igcli.cli.options import typed_options, wanted_options
from igcli.cli.predicting import predicted, said_of_wrong
from igcli.cli.session import Request, Session, percent, photo_command, seen
from igcli.errors import UsageError
from igcli.images.lowpass import Lowpass
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.outputs.maps import Drawing, all_wanted, write_maps
from igcli.jobs.outputs.mean_map import write_mean_maps
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job
from igcli.jobs.runs.run import RunOptions
from igcli.rendering.numbers import ends_text
from igcli.rendering.page.content import FULL, detail_for
from igcli.rendering.scaling import Scale

#: Mean maps that are named at the end.
_MEANS = 12


def _drawing(*, report: bool, **rest: Any) -> Drawing:
    return Drawing(report=FULL if report else None, **rest)


drawing_options = grouped(
    "drawing",
    _drawing,
    style_options,
    scale_options,
    click.option("--panel", is_flag=True, help="Add a sheet: photo, label, top five, integrated gradients, gradient."),
    click.option("--full-size", is_flag=True,
                 help="Add the map on the original photo, with the part outside the crop dimmed."),
    click.option("--colour-bar", is_flag=True, help="Add a bar to each map: which colour is which value."),
    click.option("--save-arrays", is_flag=True, help="Add the numbers as .npz: attribution, pixels, alphas, scores."),
    click.option("--animation", is_flag=True,
                 help="Add the interior gradients as a GIF. At the sweep's own points, at no further cost."),
    click.option("--saturation", is_flag=True,
                 help="Add a plot of score and mean importance along the path, from the same sweep."),
    click.option("--regions", is_flag=True,
                 help="Add the photo's regions ranked by each map. They are drawn and listed in the record, with "
                      "their shares of the map without --lowpass; this needs pip install 'igcli[regions]'."),
    click.option("--mean-map", is_flag=True,
                 help="Add the mean map of each explained class over the photos, and of all: mean.*.png and .npz. Each "
                      "map counts by its shares of its own importance; maps are kept for it in .igcli."),
    click.option("--report", is_flag=True,
                 help="Add report.html: all of it on one page with sliders, from the same sweep."),
)  # fmt: skip


@command()
@picture_destination
@wanted_options
@drawing_options
@lowpass_option
@collection_options
@click.option("--predict-only", is_flag=True, help="Write predictions.csv, and explain nothing.")
@selection_options
@font_option
@photo_command
def explain(
    request: Request,
    *,
    destination: Destination,
    wanted: Wanted,
    drawing: Drawing,
    lowpass: LowpassChoice | None,
    options: RunOptions,
    selection: Selection,
    predict_only: bool,
) -> None:
    """Show which pixels a prediction depends on.

    PATH is a photo, a folder, a glob, a zip or tar, a list (CSV, JSON Lines), an address, or - for paths on stdin. An
    overlay and a JSON record of each photo are written to the output folder; a line says what was seen and how exact
    the numbers are.

    \b
    Examples:
      ig explain photo.jpg
      ig explain photo.jpg --panel --full-size --lowpass 15 --regions
      ig explain photo.jpg --animation --saturation
      ig explain cat.jpg --target tabby --method integrated --method gradient
      ig explain photos/ -r --truth folder --only wrong --subset 500 --report
      ig explain photo.jpg --style heat --cmap viridis --colour-bar -o map.png
      ig explain photos/ --recursive -o maps --scale shared --json > maps.jsonl
      find . -name '*.jpg' | ig explain -
    """
    output = destination.folder
    if predict_only:
        destination.check_folder()
        _predict(request, output, wanted, options, selection)
    drawing.check()
    check_lowpass(lowpass, drawing.style)
    if not _writes(drawing):
        refuse_font("add --panel, --regions, --animation or --saturation, or leave it out.")
    with Session(request, output=output) as run:
        begin_selection(run, selection, seed=wanted.settings.seed)
        destination.check_photos(run.found)
        if destination.name is not None:
            _check_one_map(wanted)
        if drawing.mean_map and not run.several:
            raise UsageError("--mean-map is over many photos: name a folder or a list, or leave it out.")
        if drawing.report is not None:
            _check_report(
                run, drawing, wanted, output / PAGE, overwrite=options.overwrite, chosen=selection.only is None
            )
        needed, name = all_wanted(wanted, drawing), destination.name
        ray, writes = options.cluster, _writes(drawing)
        job = run.job(needed, output, name=name, spread=name is None, cluster=ray, writes=writes)
        finish_selection(run, job, selection, options)
        if not run.found:
            run.finish()
        if drawing.report is not None:
            entries = len(run.found) * sum(map(count_classes, wanted.targets))
            check_page(entries)
            drawing = replace(drawing, report=detail_for(entries))
        drawing = replace(drawing, lowpass=lowpass_of(run, job, lowpass, job.plan.wanted.methods))
        drawing = replace(drawing, scale=scale_of_run(run, job, drawing, overwrite=options.overwrite))
        write = functools.partial(write_maps, methods=wanted.methods, drawing=drawing)
        work = functools.partial(process, write=write)
        spec = OutputSpec(work, _lines, "explained", {**_settings(drawing), **selection.settings})
        _write_together(run, job, write_all(run, job, spec, options), drawing)
        run.finish()


#: The report of all photos, in the output folder.
PAGE = "report.html"


def _check_report(run: Session, drawing: Drawing, wanted: Wanted, page: Path, *, overwrite: bool, chosen: bool) -> None:
    """What can be said of the page before the network is loaded; ``chosen``: whether the photos are known by now."""
    from igcli.jobs.outputs.report import check_free, style_of_page  # not before it is needed

    check_free(page, overwrite=overwrite)
    if chosen:
        check_page(len(run.found) * sum(map(count_classes, wanted.targets)))
    if (shown := style_of_page(drawing.style)) != drawing.style:
        run.console.warn(f"{PAGE} cannot paint in the style {drawing.style!r}: it shows maps as {shown!r}.")


def _settings(drawing: Drawing) -> Record:
    """What the files depend on besides the numbers."""
    # How finely a report keeps photos follows from their number: more photos are no other settings.
    drawn = {**asdict(drawing), "report": drawing.report is not None}
    if not drawing.mean_map:  # an entry that folders of earlier versions lack
        del drawn["mean_map"]
    return {"drawing": drawn}


def _write_together(run: Session, job: Job, records: Iterable[Record], drawing: Drawing) -> None:
    """Write what is of all photos: the mean maps, the page."""
    if not drawing.mean_map and drawing.report is None:
        return
    slim = [{"target": record["target"], "files": record["files"]} for record in records]
    if drawing.mean_map:
        look = drawing.style, Scale(percentile=drawing.scale.percentile)  # a fixed maximum is of single maps
        means = list(write_mean_maps(job.plan, slim, job.model.labels, look=look))
        for name, path, photos in means[-_MEANS:]:
            run.console.note(f"mean over {photos} photo{'s' * (photos > 1)}, {name}  -> {path}")
        if len(means) > _MEANS:
            run.console.note(f"{len(means) - _MEANS} more mean maps -> {job.plan.output}/mean.*.png")
    if drawing.report is not None:
        from igcli.jobs.outputs.report import gather_report, style_of_page  # not before it is needed

        page = job.plan.output / PAGE
        if gather_report(page, job.plan, slim, look=(style_of_page(drawing.style), drawing.scale)):
            run.console.note(f"-> {page}")


def _check_one_map(wanted: Wanted) -> None:
    """Raise ``UsageError`` where a photo has several maps and ``-o`` names one file."""
    if len(wanted.methods) > 1 or sum(map(count_classes, wanted.targets)) > 1:
        raise UsageError("-o names one file, and several maps are asked for: name a folder, or one method and class.")


def _predict(request: Request, output: Path, wanted: Wanted, options: RunOptions, selection: Selection) -> NoReturn:
    """Predict all photos and write the table."""
    unused = ("only", *SECTIONS["Method"], *SECTIONS["Drawing"], "method", "target", "style")
    for option in typed_options(name for name in unused if name != "seed"):
        raise UsageError(f"--predict-only explains nothing, so that {option} has no meaning: leave one of them out.")
    selection = replace(selection, only=None)  # of a variable or a file: it says what is explained
    with Session(request, output=output) as run:
        begin_selection(run, selection, seed=wanted.settings.seed)
        job = run.job(replace(wanted, methods=()), output, spread=True, cluster=options.cluster)
        finish_selection(run, job, selection)
        with predicted(run, job, options, shows=True):
            run.finish()


def _writes(drawing: Drawing) -> bool:
    """Whether text is drawn."""
    return drawing.panel or drawing.animation or drawing.saturation or drawing.regions


def _lines(done: Done) -> Iterator[str]:
    results = {result["method"]: result for result in done.record["results"]}
    for method, file in done.files.items():
        result = results.get(method)
        name = _name(method, result)
        gap = [] if result is None else _exactness(result)
        ends = [] if result is None or "path_ends" not in result else [_reached(result["path_ends"])]
        shown = f"{name}{_of_score(done.record['score'])}"
        yield "  ".join(
            [
                *seen(done.found.path, done.record["target"]),
                *said_of_wrong(done.record),
                shown,
                *gap,
                *ends,
                f"-> {file}",
            ]
        )


def _reached(ends: list[Record]) -> str:
    classes = [(end["reference"], end["reached"]) for end in ends]
    regression = "value" in classes[0][1]
    name = "value" if regression else "probability"
    return ends_text([(reference, each["label"], each[name]) for reference, each in classes], regression=regression)


def _name(method: str, result: Record | None) -> str:
    """The method, with the low-pass of its map."""
    return f"{method}, {Lowpass(**result['lowpass']).name}" if result and "lowpass" in result else method


def _of_score(score: Record) -> str:
    """The score that is explained, unless it is the probability at the beginning of the line."""
    if score["kind"] in PROBABILITIES:
        return ""
    return f" of the {score['kind']}" + (f" over {score['against']}" if score["against"] else "")


def _exactness(result: Record) -> list[str]:
    """The gap of a method that promises completeness; of a mean over reference samples, how far it may be off."""
    extras, completeness = result["extras"], result["completeness"]
    if "baselines" not in extras:
        gap = [] if completeness["within_tolerance"] is None else [_gap(result)]
        return gap + ([_map_error(result)] if extras.get("map_within_tolerance") is False else [])
    exact = [f"gap {percent(completeness['relative_gap'])}"] if completeness["sums_to"] == "mean rise" else []
    if math.isfinite(extras["map_error"]):
        exact.append(f"standard error of the map {percent(extras['map_error'], digits=0)}")
    return [", ".join([f"mean over {result['steps']} samples from {extras['baselines']:.0f} baselines", *exact])]


def _map_error(result: Record) -> str:
    """The map error over its tolerance."""
    error, settings = result["extras"]["map_error"], result["settings"]
    remedy = f": after --max-steps {settings['max_steps']}" if result["steps"] >= settings["max_steps"] else ""
    shown = "unknown" if error is None else percent(error)
    return f"map error {shown} (over {100 * settings['map_tolerance']:.3g} %{remedy})"


def _gap(result: Record) -> str:
    found, settings = Completeness(**result["completeness"]), result["settings"]
    shown = f"gap {percent(gap)}" if (gap := found.relative_gap) < 10 else f"gap {gap:.3g} times the score's rise"
    shown += found.words
    if result.get("lowpass", {}).get("of") == "absolute":
        shown += " before the low-pass"
    shown += {"score": " between sum and score", "end": " between sum and rise from the path's end"}.get(
        found.sums_to, ""
    )
    if found.within_tolerance:
        return shown
    if found.sums_to == "end":
        return f"{shown} (over {100 * settings['tolerance']:.3g} %: try a smaller --ig2-step and more --steps)"
    if not METHODS[result["method"]].complete:
        return f"{shown} (over {100 * settings['tolerance']:.3g} %: not all of this network keeps the sum)"
    remedy = f"after --max-steps {settings['max_steps']}" if settings["steps"] == "auto" else "try --steps auto"
    return f"{shown} (over {100 * settings['tolerance']:.3g} %: {remedy})"
