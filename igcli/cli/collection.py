"""Commands that leave files for each photo: one photo at once, a collection as a run that can be gone on with."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import click

from igcli.cli.options import StepsType, grouped, verify_option
from igcli.cli.progress import Progress, duration
from igcli.cli.session import Session
from igcli.jobs.engines.cluster import Cluster, on_cluster
from igcli.jobs.engines.processes import on_devices
from igcli.jobs.engines.recipe import Recipe
from igcli.jobs.item import Outcome, items_of
from igcli.jobs.job import Job
from igcli.jobs.lock import lock_of_photo
from igcli.jobs.outputs import Done
from igcli.jobs.ownership import Ownership
from igcli.jobs.pipeline import Leave, process
from igcli.jobs.record import Record
from igcli.jobs.run import Engine, Policy, Run, Tally
from igcli.jobs.workers import Workers
from igcli.rendering.fonts import VARIABLE

#: More failures than this are counted on the terminal, and named in the file alone.
_NAMED = 20


@dataclass(frozen=True)
class Handling:
    """How a collection is worked on."""

    policy: Policy
    workers: int | None
    cluster: Cluster | None


@dataclass(frozen=True)
class Product:
    """What a command leaves of each photo.

    Attributes
    ----------
    leave
        Draws and writes; can be pickled.
    lines
        What to say of it.
    verb
        What has been done to a photo: ``"explained"``.
    settings
        What the files depend on beside the numbers.
    kind
        The run's name among others in the folder.
    """

    leave: Leave[Done]
    lines: Callable[[Done], Iterable[str]]
    verb: str
    settings: Mapping[str, Any]
    kind: str = ""


def _handling(on_error: str, workers: int | str, engine: str, **rest: Any) -> Handling:
    policy = Policy(overwrite=rest.pop("overwrite"), stop=on_error == "stop", verify=rest.pop("verify"))
    given = [name for name, value in rest.items() if value is not None]
    if given and engine != "ray":
        raise click.UsageError(f"--{given[0].replace('_', '-')} is for --engine ray: add that, or leave it out.")
    cluster = Cluster(rest["ray_address"], rest["ray_actors"], rest["ray_cpus"] or 1) if engine == "ray" else None
    return Handling(policy, None if workers == "auto" else int(workers), cluster)


collection_options = grouped(
    "handling",
    _handling,
    click.option("--overwrite", is_flag=True, help="Redo all, and replace files that are in the way."),
    verify_option,
    click.option("--on-error", type=click.Choice(["skip", "stop"]), default="skip", show_default=True,
                 help="What to do when a photo fails: note it and go on, or stop."),
    click.option("--workers", type=StepsType(0), default="auto", show_default=True,
                 help="Who reads and draws while the network works; 0 does all in turn."),
    click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
                 help="This machine, or a cluster through Ray (pip install 'igcli[ray]'; storage must be shared)."),
    click.option("--ray-address", metavar="ADDRESS", help="A running cluster; Ray is started here if not given."),
    click.option("--ray-actors", type=click.IntRange(1), metavar="N",
                 help="How many work; one a GPU, or as many as the CPUs suffice for, if not given."),
    click.option("--ray-cpus", type=click.IntRange(1), metavar="N", help="CPUs for an actor without a GPU; 1."),
)  # fmt: skip


def leave_all(session: Session, job: Job, product: Product, handling: Handling) -> Iterable[Record]:
    """Work on all photos that were found; says what was left of each, and counts failures.

    Returns
    -------
    Iterable
        The records of all, in input order; those of earlier runs among them.
    """
    if handling.cluster is not None:
        handling.cluster.check()
    if session.several and job.name is None:
        return _leave_collection(session, job, product, handling)
    return _leave_one(session, job, product, overwrite=handling.policy.overwrite)


def _leave_one(session: Session, job: Job, product: Product, *, overwrite: bool) -> list[Record]:
    (item,) = items_of(session.found, name=job.name)
    records = []
    with lock_of_photo(job.output, item.stem, kind=product.kind or "explain"):
        ours = overwrite or Ownership(job.output).is_of_photo(item.stem, item.found.path)
        session.console.start("1 photo", total=job.points, unit=" gradients")
        for outcome in process(job, [replace(item, ours=ours)], product.leave, on_points=session.console.advance):
            _tell(session, outcome, product)
            records += [done.record for done in outcome.results]
    return records


def _leave_collection(session: Session, job: Job, product: Product, handling: Handling) -> Iterator[Record]:
    console, shown = session.console, 0
    facts: dict[str, Any] = {"passed_over": session.passed_over.counts}
    if len(session.devices) > 1:
        facts["device"] = ", ".join(session.devices)  # the network loaded here is on none of them
    font = os.environ.get(VARIABLE)  # another one makes other pictures
    settings, policy = {**product.settings, **({"font": font} if font else {})}, handling.policy
    with Run(job.desk, session.inputs, kind=product.kind, settings=settings, policy=policy, facts=facts) as run:
        if run.beside:
            others = f"{run.beside} other photo{'s' * (run.beside > 1)} of earlier runs"
            console.note(f"{job.output} has {others}, which stay; the index will name those of this run alone.")
        if run.warning:
            console.warn(run.warning)
        progress = Progress(console, run.tally)
        for outcome in run.outcomes(_engine(session, job, product, handling, progress)):
            progress.photo()
            shown += bool(outcome.failures)
            _tell(session, outcome, product, named=shown <= _NAMED)
            if shown == _NAMED + 1 and outcome.failures:
                console.note(f"More failures are counted here and named in {job.output}/failures.jsonl.")
        console.note(_end_line(run.tally, product.verb))
        return run.records()


def _engine(session: Session, job: Job, product: Product, handling: Handling, progress: Progress) -> Engine:
    """Who does the work: this process, one a device, or a cluster."""
    devices = session.devices
    if len(devices) == 1 and handling.cluster is None:
        workers = Workers.beside(str(job.model.device), handling.workers)
        return functools.partial(process, job, leave=product.leave, workers=workers, on_points=progress.points)
    session.refuse_streams()
    if handling.cluster is not None:
        session.refuse_precision("the machines of a cluster")
    count = len(devices) if handling.cluster is None else 1
    threads = handling.cluster.cpus if handling.cluster else max(1, (os.cpu_count() or 1) // count)
    recipe = Recipe(
        session.loader(job.model),
        product.leave,
        job.wanted,
        job.fit,
        job.reading,
        job.output,
        session.batch_size,
        handling.workers,
        threads,
        Path.cwd(),
        os.environ.get(VARIABLE, ""),
    )
    if handling.cluster is not None:
        return functools.partial(on_cluster, recipe, handling.cluster, devices[0])
    return functools.partial(on_devices, recipe, devices)


def _tell(session: Session, outcome: Outcome[Done], product: Product, *, named: bool = True) -> None:
    for done in outcome.results:
        session.say(done.record, *product.lines(done))
        if done.caveat:
            session.console.warn(f"{done.found.path.name}: {done.caveat}")
    for reason in outcome.failures:
        session.fail(str(outcome.item.found.path), reason, named=named)


def _end_line(tally: Tally, verb: str) -> str:
    speed = f"{_short(tally.rate(tally.done))} photos/s, {_short(tally.rate(tally.gradients))} gradients/s"
    return f"{tally.done} {verb}, {tally.failed} failed, {tally.skipped} skipped in {duration(tally.seconds)} ({speed})"


def _short(number: float) -> str:
    """Three digits, and never an exponent for a large number."""
    return f"{number:.3g}" if number < 1000 else f"{number:.0f}"
