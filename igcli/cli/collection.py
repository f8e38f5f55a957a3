"""Commands that write files for each photo: one photo at once, a collection as a run that can be resumed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import click

from igcli.cli.font_option import font_settings
from igcli.cli.grouped import grouped
from igcli.cli.options import StepsType, verify_option
from igcli.cli.progress import Progress, duration
from igcli.cli.session import Session
from igcli.cli.spreading import engine_options
from igcli.jobs.accuracy import wrong_pairs
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.engines.scheduler import Work
from igcli.jobs.item import Outcome, items_of
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo
from igcli.jobs.runs.ownership import Ownership
from igcli.jobs.runs.run import Run, RunOptions, Tally

#: More failures than this are counted on the terminal, and named in the file alone.
_NAMED = 20
#: Confusions that are named at the end.
_PAIRS = 3


@dataclass(frozen=True)
class OutputSpec:
    """What a command writes of each photo.

    Attributes
    ----------
    work
        Explains, draws and writes photos, or predicts them; can be pickled.
    verb
        What has been done to a photo: ``"explained"``.
    settings
        What the files depend on besides the numbers.
    lines
        What is printed of a photo; ``None`` where nothing is, nor its record.
    kind
        The run's name among others in the folder.
    unit
        What the speed is counted in.
    """

    work: Work
    lines: Callable[[Done], Iterable[str]] | None
    verb: str
    settings: Mapping[str, Any]
    kind: str = ""
    unit: str = "gradients"


def _run_options(
    *, overwrite: bool, verify: bool, on_error: str, workers: int | str, ray: Cluster | None
) -> RunOptions:
    return RunOptions(overwrite, on_error == "stop", verify, None if workers == "auto" else int(workers), ray)


collection_options = grouped(
    "options",
    _run_options,
    click.option("--overwrite", is_flag=True, help="Redo all, and replace files that are in the way."),
    verify_option,
    click.option("--on-error", type=click.Choice(["skip", "stop"]), default="skip", show_default=True,
                 help="What to do when a photo fails: note it and go on, or stop."),
    click.option("--workers", type=StepsType(0), default="auto", show_default=True,
                 help="Threads or processes that read and draw next to the network; 0 for none."),
    engine_options,
)  # fmt: skip


def write_all(session: Session, job: Job, spec: OutputSpec, options: RunOptions) -> Iterable[Record]:
    """Work on all photos that were found; prints a line or record of each, and counts failures.

    Returns
    -------
    Iterable
        The records of all, in input order; those of earlier runs among them.
    """
    if session.several and job.plan.name is None:
        return _write_collection(session, job, spec, options)
    return _write_one(session, job, spec, overwrite=options.overwrite)


def _write_one(session: Session, job: Job, spec: OutputSpec, *, overwrite: bool) -> list[Record]:
    (item,) = items_of(session.found, name=job.plan.name)
    records = []
    with lock_of_photo(job.plan.output, item.stem, kind=spec.kind or "explain"):
        ours = overwrite or Ownership(job.plan.output).is_of(item.stem, item.found)
        session.console.bar(desc="1 photo", total=job.plan.points, unit=" gradients")
        for outcome in spec.work(job, [replace(item, ours=ours)], on_points=session.console.advance):
            _print(session, outcome, spec)
            records += [done.record for done in outcome.results]
    return records


def _write_collection(session: Session, job: Job, spec: OutputSpec, options: RunOptions) -> Iterator[Record]:
    options, facts = replace(options, choice=session.choice), facts_of(session)
    settings = {**spec.settings, **font_settings()}
    with Run(job.plan, session.inputs, kind=spec.kind, settings=settings, options=options, facts=facts) as run:
        complete(session, job, spec, options, run)
        return run.records()


def facts_of(session: Session) -> dict[str, Any]:
    """Entries of ``run.json`` that the session knows: what was passed over, and the devices."""
    facts: dict[str, Any] = {"passed_over": session.passed_over.counts}
    if len(session.devices) > 1:
        facts["device"] = ", ".join(session.devices)  # the network loaded here is on none of them
    return facts


def complete(session: Session, job: Job, spec: OutputSpec, options: RunOptions, run: Run) -> None:
    """Do what is missing of a run; says each photo, and at the end the counts and the accuracy."""
    console, shown = session.console, 0
    places = session.places(job, drawers=options.drawers)
    if run.others:
        others = f"{run.others} other photo{'s' * (run.others > 1)} of earlier runs"
        console.note(f"{job.plan.output} has {others}, which stay; the index will name those of this run alone.")
    if run.warning:
        console.warn(run.warning)
    progress = Progress(console, run.tally, unit=spec.unit)
    for outcome in run.outcomes(places.engine(job, spec.work, on_points=progress.points)):
        progress.photo()
        shown += bool(outcome.failures)
        _print(session, outcome, spec, named=shown <= _NAMED)
        if shown == _NAMED + 1 and outcome.failures:
            console.note(f"More failures are counted here and named in {job.plan.output}/failures.jsonl.")
    console.note(_end_line(run.tally, spec))
    if run.accuracy and "accuracy" not in (options.choice.facts if options.choice else {}):
        pairs = wrong_pairs(run.accuracy, _PAIRS)
        console.note(run.accuracy.sentence + (f". Most often: {', '.join(pairs)}" if pairs else ""))


def _print(session: Session, outcome: Outcome[Done], spec: OutputSpec, *, named: bool = True) -> None:
    lines = spec.lines
    for done in () if lines is None else outcome.results:
        session.console.say(done.record, *([] if lines is None else lines(done)))
        if done.caveat:
            session.console.warn(f"{done.found.path.name}: {done.caveat}")
    for reason in outcome.failures:
        session.fail(str(outcome.item.found.path), reason, named=named)


def _end_line(tally: Tally, spec: OutputSpec) -> str:
    speed = f"{_short(tally.rate(tally.done))} photos/s"
    if spec.unit == "gradients":
        speed += f", {_short(tally.rate(tally.gradients))} gradients/s"
    counts = f"{tally.done} {spec.verb}, {tally.failed} failed, {tally.skipped} skipped"
    return f"{counts} in {duration(tally.seconds)} ({speed})"


def _short(number: float) -> str:
    """The number with three significant digits, without an exponent for large ones."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"
