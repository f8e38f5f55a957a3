"""What every command over photos does: take PATH... and shared options, find, load, run, report, count failures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

import click

from igcli.attribution.batch_size import batch_size_for, default_batch_size
from igcli.attribution.budget import Budget
from igcli.attribution.methods.premises import unmet_premises
from igcli.attribution.task import gradients_for
from igcli.attribution.wanted import Wanted
from igcli.cli.console import Console
from igcli.cli.font_option import undrawable
from igcli.cli.grouped import grouped
from igcli.cli.model_options import ModelChoice, load_chosen, load_silently, model_options
from igcli.cli.options import (
    Streams,
    debug_option,
    fit_option,
    null_option,
    reading_options,
    recursive_option,
    stream_options,
)
from igcli.cli.photo_arguments import paths_argument
from igcli.cli.picture_warnings import shown_warnings
from igcli.cli.spreading import (
    Places,
    chosen_devices,
    in_order,
    load_onto,
    own_device,
    refuse_precision,
    refuse_streams,
)
from igcli.images.addresses import path_of
from igcli.images.finding import find_images
from igcli.images.options import ReadOptions
from igcli.images.passed_over import PassedOver
from igcli.images.source import Found
from igcli.inputs import Missing
from igcli.jobs.choice import Choice
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.engines.scheduler import Work
from igcli.jobs.item import items_of
from igcli.jobs.outputs.record import Record, new_record
from igcli.jobs.pipeline import precision_error
from igcli.jobs.plan import Job, check_reachable
from igcli.jobs.runs.ownership import is_result, written_by_earlier_runs
from igcli.models.devices import check_precision, numbers, resolve_device


@dataclass(frozen=True)
class Request:
    """Which photos, how to read them, by which model, and what to print."""

    paths: tuple[str, ...]
    recursive: bool
    null: bool
    fit: str | None
    reading: ReadOptions
    choice: ModelChoice
    streams: Streams


#: What every command over photos takes besides its photos.
shared_options = (fit_option, reading_options, model_options, stream_options, debug_option)

#: A decorator: PATH... and the options of every command over photos, as one ``request``.
photo_command = grouped(
    "request",
    Request,
    paths_argument,
    recursive_option,
    null_option,
    *shared_options,
)


class Session(ExitStack):
    """One run of one command: its photos, what is said about them, and how many failed.

    Attributes
    ----------
    inputs
        What was found and what was not, in the order of the arguments.
    several
        Whether a collection was asked for, and not one file.
    failures
        Photos and arguments that failed so far.
    devices
        Where to compute; several for a collection that is spread over them.
    cluster
        That computes in place of these.
    passed_over
        The other files in folders and archives.
    choice
        Which of the inputs are worked on; ``None`` for all that were found.
    """

    def __init__(self, request: Request, *, output: Path) -> None:
        super().__init__()
        self._request, self._output = request, output
        self.console = Console(request.streams)
        self.passed_over = PassedOver()
        self.devices = [request.choice.device]
        self.cluster: Cluster | None = None
        self.choice: Choice | None = None
        self.failures = self._done = 0

    def __enter__(self) -> Session:
        """Find the photos, the console open; what earlier runs have written to the output folder is no input."""
        with ExitStack() as stack:
            stack.enter_context(self.console)
            stack.enter_context(shown_warnings(self.console.warn))
            paths, written = self._request.paths, written_by_earlier_runs(self._output)
            self.inputs = find_images(
                paths,
                recursive=self._request.recursive,
                null_separated=self._request.null,
                exclude=lambda path: is_result(path, self._output, written),
                passed_over=self.passed_over,
                offline=self._request.choice.offline,
            )
            self.found = [item for item in self.inputs if isinstance(item, Found)]
            self.several = len(paths) > 1 or [item.path for item in self.found] != [path_of(paths[0])]
            for item in self.inputs:
                if isinstance(item, Missing):
                    self.fail(item.argument, item.reason)
            self.push(stack.pop_all())
        return self

    def change(self, change: Callable[[Found], Found]) -> None:
        """Put what ``change`` makes of each photo in its place."""
        self.inputs = [change(item) if isinstance(item, Found) else item for item in self.inputs]
        self.found = [item for item in self.inputs if isinstance(item, Found)]

    def choose(self, choice: Choice) -> None:
        """Work on these of the inputs alone."""
        self.choice = choice
        self.found = [item for number in sorted(choice.numbers) if isinstance(item := self.inputs[number], Found)]

    def job(
        self,
        wanted: Wanted,
        output: Path,
        *,
        name: str | None = None,
        spread: bool = False,
        cluster: Cluster | None = None,
        writes: bool = False,
    ) -> Job:
        """Load the model and check all that can be checked before a photo is read; ends if there is no photo.

        From here on numbers are as precise as was asked for; torch is not imported before.

        Parameters
        ----------
        spread
            Whether the command can compute on several devices at once, if there is a collection; else it computes on
            the first of those that were named, and says so.
        cluster
            For that collection, in place of this machine.
        writes
            Whether names of photos and classes are drawn on pictures; characters that no font has are said.
        """
        if not self.found:
            raise click.exceptions.Exit(1)
        check_reachable(output)
        choice = self._request.choice
        several = spread and self.several
        self.devices = chosen_devices(choice.device, self.console, several=several, cluster=cluster)
        self.cluster = cluster if several else None
        if len(self.devices) > 1:
            refuse_precision(choice.precision, "several devices")
        here = self.cluster is None and len(self.devices) == 1
        choice = replace(choice, device=own_device(self.devices), compile=choice.compile and here)
        check_precision(choice.precision, resolve_device(choice.device))
        self.enter_context(numbers(choice.precision))
        if choice.compile:
            self.console.note("Compiling the network takes a minute or more.")
        model = load_chosen(choice, progress=self.console.draws_bars, warn=self.console.warn)
        gradients = len(self.found) * gradients_for(wanted)
        size = choice.batch_size or batch_size_for(model, gradients=gradients) or default_batch_size(model.device)
        budget = Budget.of(model, size)
        fit = self._request.fit or model.view.fit
        job = Job.of(
            model,
            wanted,
            output=output,
            budget=budget,
            precision=choice.precision,
            fit=fit,
            reading=self._request.reading,
            name=name,
        )
        job.check()
        for name, sentence in unmet_premises(model, job.plan.wanted.methods).items():
            self.console.warn(f"{name}: {sentence}")
        where = ", ".join(self.devices) if len(self.devices) > 1 else model.device
        self.console.detail(f"{model.provenance.name} ({model.provenance.weights}) on {where}, {budget.size} at once")
        for sentence in filter(None, (model.caveat, self._request.reading.drawing(model.view.channels))):
            self.console.note(sentence)
        if writes and (sentence := undrawable([*model.labels, *(item.path.name for item in self.found)])):
            self.console.warn(sentence)
        return job if choice.precision == "float32" else self._compared(job)

    def _compared(self, job: Job) -> Job:
        """The job with how far its precision takes the first photo's map from float32's, which is said."""
        error = precision_error(job, self.found)
        if error is not None:
            how_far = f"differs by {percent(error)} from float32" if error else "is float32's own on this machine"
            self.console.note(f"{job.plan.model.precision}: the first photo's map {how_far}")
        return replace(job, plan=replace(job.plan, model=replace(job.plan.model, precision_error=error)))

    @property
    def model_name(self) -> str:
        """The model as it was asked for."""
        return self._request.choice.model

    @property
    def batch_size(self) -> int | None:
        """As it was asked for."""
        return self._request.choice.batch_size

    def places(self, job: Job, *, drawers: int | None = None) -> Places:
        """Where photos are worked on.

        Raises
        ------
        UsageError
            When other processes cannot read the photos, or not compute as was asked for.
        """
        choice, origin = self._request.choice, job.model.provenance
        known = replace(choice, model=origin.name) if choice.model == "auto" else choice
        load = functools.partial(load_onto, functools.partial(load_silently, known), choice.model, origin.sha256)
        places = Places(self.devices, load, self.cluster, choice.batch_size, drawers)
        if not places.only_here:
            refuse_streams(self.found)
        if places.cluster is not None:
            refuse_precision(choice.precision, "the machines of a cluster")
        return places

    def run(self, job: Job, work: Work, places: Places) -> Iterator[Any]:
        """What ``work`` makes of every photo and class, in order; failures are reported and counted on the way."""
        items = items_of(self.found, name=job.plan.name)
        total = None if job.plan.points is None else len(items) * job.plan.points
        self.console.bar(desc=f"{len(items)} photo{'s' * (len(items) > 1)}", total=total, unit=" gradients")
        advance = self.console.advance
        for outcome in in_order(places.engine(job, work, on_points=advance), items):
            if not places.only_here:
                advance(round(outcome.gradients))
            self._done += not outcome.failures
            yield from outcome.results
            for reason in outcome.failures:
                self.fail(str(outcome.item.found.path), reason)

    def fail(self, path: str, reason: str, *, named: bool = True) -> None:
        """Count a failure, and say it unless there have been too many to name."""
        self.failures += 1
        if named:
            self.console.fail(reason if path in reason else f"{path}: {reason}")
        self.console.say(new_record(image={"path": path}, error=reason))

    def fail_whole(self, reason: str) -> None:
        """Count, and say, what failed of the run as a whole."""
        self.failures += 1
        self.console.fail(reason)
        self.console.say(new_record(error=reason))

    def finish(self, verb: str | None = None, *, status: int | None = None) -> NoReturn:
        """End: with ``status``, else 1 if anything failed; with a verb, after a line on how many were done."""
        if verb is not None and self._done + self.failures > 1:
            self.console.note(f"{self._done} {verb}, {self.failures} failed")
        if self.passed_over:
            self.console.note(f"Passed over: {self.passed_over.summary()}")
        raise click.exceptions.Exit(status or (1 if self.failures else 0))


def seen(photo: Path, target: Record) -> list[str]:
    """How every line begins: the photo's name, and the class with its probability, or the value."""
    amount = f"{target['value']:.4g}" if "value" in target else percent(target["probability"])
    return [photo.name, f"{target['label']} {amount}"]


def percent(share: float, *, digits: int = 1) -> str:
    """``93.7 %``."""
    return f"{share:.{digits}%}".replace("%", " %")


def star(alpha: float | None) -> str:
    """α* in words."""
    return "the score does not move" if alpha is None else f"α* {alpha:.2f}"
