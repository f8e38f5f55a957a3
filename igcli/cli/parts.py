"""``ig ablate --keep-boxes``: the photos of a folder without background and without object."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn

import click

from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.cli.cluster_option import cluster_option
from igcli.cli.collection import facts_of
from igcli.cli.font_option import font_settings
from igcli.cli.grouped import grouped
from igcli.cli.options import typed_options, verify_option
from igcli.cli.path_types import NamedPath
from igcli.cli.progress import Progress, duration
from igcli.cli.session import Session, seen
from igcli.errors import UsageError
from igcli.evaluation.fills import REMAINING, fill_forms
from igcli.evaluation.ground_truth.area import ground_truth_digest
from igcli.evaluation.ground_truth.boxes import read_boxes
from igcli.evaluation.parts import REMOVED
from igcli.jobs.evaluating.clusters import check_clusters
from igcli.jobs.outputs.parts import Removal, ablate_parts
from igcli.jobs.outputs.parts_summary import PARTS_FILES, PartsTable, write_parts
from igcli.jobs.outputs.record import Done
from igcli.jobs.runs.ledger import refuse_strangers
from igcli.jobs.runs.run import Run, RunOptions

#: What a run of this kind is called in the output folder.
KIND = "ablate"

#: Options of one mode alone, and what they go with.
_OF_FOLDERS = ("fill", "overwrite", "verify", "on_error", "cluster")
_OF_MAPS = (
    *("method", "path", "baseline", "steps", "rule", "tolerance", "map_tolerance", "max_steps", "phi", "references"),
    *(
        "ig2_step",
        "guided_fraction",
        "guided_distance",
        "smooth",
        "smooth_sigma",
        "style",
        "cmap",
        "scale",
        "percentile",
        "lowpass",
    ),
)

_FILLS = [form for form in fill_forms() if form != REMAINING]


@dataclass(frozen=True)
class Parts:
    """``--keep-boxes`` and what goes with it."""

    keep_boxes: Path | None
    fill: tuple[str, ...]
    overwrite: bool
    verify: bool
    on_error: str
    cluster: str

    def check(self) -> None:
        """Raise ``UsageError`` for options of the other mode, which would be ignored."""
        other = _OF_FOLDERS if self.keep_boxes is None else (*_OF_MAPS, "box", "mask", "top", "keep")
        if not (typed := typed_options(other)):
            return
        option = typed[0]
        if self.keep_boxes is None:
            raise UsageError(f"{option} goes with --keep-boxes, for the photos of a folder: add that, or leave it out.")
        raise UsageError(
            f"{option} is not for --keep-boxes, which scores photos and draws no map: leave one of them out."
        )


parts_options = grouped(
    "parts",
    Parts,
    click.option("--keep-boxes", type=NamedPath(exists=True), metavar="FILE|DIR",
                 help="Score every photo without its background, and without its object. Boxes say where that is: "
                      "Pascal VOC XML (a file or folder), COCO JSON, or CSV (path, xmin, ymin, xmax, ymax[, label])."),
    click.option("--fill", multiple=True, default=("black",), show_default=True, metavar="|".join(_FILLS),
                 help="With --keep-boxes: what removed pixels become. May be repeated."),
    click.option("--overwrite", is_flag=True, help="With --keep-boxes: redo all, and replace what is in the way."),
    verify_option,
    click.option("--on-error", type=click.Choice(["skip", "stop"]), default="skip", show_default=True,
                 help="With --keep-boxes: what to do when a photo fails."),
    cluster_option,
)  # fmt: skip


def ablate_folder(run: Session, wanted: Wanted, parts: Parts, output: Path) -> NoReturn:
    """All photos, their means, and the end of the command."""
    job = run.job(replace(wanted, methods=()), output, writes=True)
    if sum(map(count_classes, job.plan.wanted.targets)) > 1:
        raise UsageError("One class per photo is scored: give one --target.")
    if parts.cluster:
        check_clusters(run.found, parts.cluster)
    removal, notes = _removal(run, parts)
    removal.check(job.classifier)
    for note in notes:
        run.console.note(note)
    if not parts.overwrite:
        refuse_strangers(output, KIND, (output / name for name in PARTS_FILES), what="ablation of a folder")
    options = RunOptions(parts.overwrite, parts.on_error == "stop", parts.verify)
    settings, facts = {**removal.settings, **font_settings()}, facts_of(run)
    with Run(job.plan, run.inputs, kind=KIND, settings=settings, options=options, facts=facts) as work:
        if work.warning:
            run.console.warn(work.warning)
        progress = Progress(run.console, work.tally, unit="passes")
        engine = functools.partial(ablate_parts, job, removal, on_passes=progress.points)
        for outcome in work.outcomes(engine):
            progress.photo()
            for done in outcome.results:
                run.console.say(done.record, _line(done))
            for reason in outcome.failures:
                run.fail(str(outcome.item.found.path), reason)
        table = PartsTable.of(work.records(), cluster=parts.cluster)
        summary = write_parts(job.plan, table, failed=work.tally.failed, notes=notes)
        tally = work.tally
        run.console.say(summary.record, *summary.lines)
        if not summary.record["photos"]["measured"]:
            run.fail_whole("No photo has a number: its object is not known, or it failed.")
        how = f"{tally.done} scored, {tally.failed} failed, {tally.skipped} skipped"
        run.console.note(f"{how} in {duration(tally.seconds)}")
    run.finish()


def _removal(run: Session, parts: Parts) -> tuple[Removal, Sequence[str]]:
    """What is removed, and what of the boxes is not used."""
    if parts.keep_boxes is None:
        raise UsageError("There are no boxes: give --keep-boxes.")
    digest = ground_truth_digest(parts.keep_boxes)  # first: what is written meanwhile makes another one the next time
    boxes = read_boxes(parts.keep_boxes, photos=[found.path for found in run.found])
    return Removal(boxes, digest, tuple(dict.fromkeys(parts.fill))), boxes.notes


def _line(done: Done) -> str:
    """One photo: the class, the score, what is left of it, the sheet."""
    record, parts = done.record, done.record["parts"]
    first = seen(done.found.path, record["target"])
    if "excluded" in parts:
        return "  ".join([*first, f"left out: {parts['excluded']['reason']}"])
    score = f"{record['score']['kind']} {record['score']['at_image']:.4g}"
    return "  ".join([*first, score, *_left(parts), f"-> {done.files['parts']}"])


def _left(parts: dict[str, dict[str, dict[str, dict[str, object]]]]) -> Iterator[str]:
    several = len(parts["fills"]) > 1
    for fill, entries in parts["fills"].items():
        found = ", ".join(f"{entries[f'without_{each}']['score']:.4g} without {each}" for each in REMOVED)
        yield f"{fill}: {found}" if several else found
