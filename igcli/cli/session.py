"""What every command over photos does: take PATH... and shared options, find, load, run, report, count failures."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from igcli.attribution.budget import Budget
from igcli.attribution.explain import Wanted
from igcli.attribution.targets import Ranked
from igcli.cli.console import Console
from igcli.cli.options import (
    Command,
    ModelChoice,
    Streams,
    debug_option,
    fit_option,
    model_options,
    reading_options,
    recursive_option,
    stream_options,
)
from igcli.images.finding import Found, Missing, find_images
from igcli.images.options import ReadOptions
from igcli.jobs.job import Explained, Failed, Job, process
from igcli.jobs.outputs import Done, write_index
from igcli.jobs.record import SCHEMA, Record, to_json
from igcli.models.classifier import Classifier
from igcli.models.devices import exact_numbers
from igcli.models.zoo import load_model

T = TypeVar("T")


@dataclass(frozen=True)
class Request:
    """Which photos, how to read them, by which model, and what to print."""

    paths: tuple[str, ...]
    recursive: bool
    fit: str
    reading: ReadOptions
    choice: ModelChoice
    streams: Streams


def photo_command(command: Command) -> Command:
    """A decorator: PATH... and the options of every command over photos, handed over as one ``request``."""

    @functools.wraps(command)
    def call(
        *args: Any,
        paths: tuple[str, ...],
        recursive: bool,
        fit: str,
        reading: ReadOptions,
        choice: ModelChoice,
        streams: Streams,
        **own: Any,
    ) -> Any:
        return command(*args, request=Request(paths, recursive, fit, reading, choice, streams), **own)

    wrapped: Any = call
    argument = click.argument("paths", nargs=-1, required=True, metavar="PATH...")
    groups = (recursive_option, fit_option, reading_options, model_options, stream_options, debug_option)
    for option in reversed((argument, *groups)):
        wrapped = option(wrapped)
    return wrapped  # type: ignore[no-any-return]


@contextmanager
def session(request: Request) -> Iterator[Session]:
    """One run of one command: its console open, its numbers exact."""
    with Console(request.streams) as console, exact_numbers():
        yield Session(request, console)


class Session:
    """The photos of one run, what is said about them, and how many failed.

    Attributes
    ----------
    several
        Whether a collection was asked for, and not one file.
    """

    def __init__(self, request: Request, console: Console) -> None:
        self.console = console
        self._request = request
        items = find_images(request.paths, recursive=request.recursive)
        self.found = [item for item in items if isinstance(item, Found)]
        self.several = len(items) > 1 or Path(request.paths[0]).is_dir()
        self.failures = 0
        self._done: set[Path] = set()
        for item in items:
            if isinstance(item, Missing):
                self._fail(item.argument, item.reason)

    def job(self, wanted: Wanted, output: Path, *, name: str | None = None) -> Job:
        """Load the model and check all that can be checked before a photo is read; ends if there is no photo."""
        if not self.found:
            raise click.exceptions.Exit(1)
        choice = self._request.choice
        model = load_chosen(choice, self.console)
        budget = Budget(choice.batch_size, device=model.device)
        job = Job(model, wanted, self._request.fit, self._request.reading, output, name, budget)
        job.check()
        self.console.detail(
            f"{model.provenance.name} ({model.provenance.weights}) on {model.device}, {budget.size} at once"
        )
        if model.caveat:
            self.console.note(model.caveat)
        return job

    def run(self, job: Job, use: Callable[[Explained], T]) -> Iterator[T]:
        """What ``use`` makes of every photo and class; failures are reported and counted on the way."""

        def noted(item: Explained) -> T:
            result = use(item)
            self._done.add(item.found.path)
            return result

        count = len(self.found)
        total = None if job.points is None else count * job.points
        self.console.start(f"{count} photo{'s' * (count > 1)}", total=total, unit=" gradients")
        for outcome in process(job, self.found, noted, on_points=self.console.advance):
            if isinstance(outcome, Failed):
                self._fail(str(outcome.found.path), outcome.reason)
            else:
                yield outcome

    def say(self, record: Record, *lines: str) -> None:
        """The record with ``--json``, else the lines."""
        for line in (to_json(record),) if self._request.streams.json else lines:
            self.console.data(line)

    def run_and_index(
        self, job: Job, use: Callable[[Explained], Done], *, lines: Callable[[Done], Iterable[str]], index: str
    ) -> None:
        """Run, say what was left of each photo, and leave an index of a collection's records."""
        records = []
        for done in self.run(job, use):
            records.append(done.record)
            self.say(done.record, *lines(done))
            if done.caveat:
                self.console.warn(f"{done.found.path.name}: {done.caveat}")
        if self.several:
            write_index(job.output / index, records)

    def finish(self, verb: str) -> NoReturn:
        """Sum up and end: status 1 if anything failed."""
        if len(self._done) + self.failures > 1:
            self.console.note(f"{len(self._done)} {verb}, {self.failures} failed")
        raise click.exceptions.Exit(1 if self.failures else 0)

    def _fail(self, path: str, reason: str) -> None:
        self.failures += 1
        self.console.fail(reason if path in reason else f"{path}: {reason}")
        if self._request.streams.json:
            self.console.data(to_json({"schema": SCHEMA, "image": {"path": path}, "error": reason}))


def load_chosen(choice: ModelChoice, console: Console) -> Classifier:
    """Load the model that the options name; warnings and the download's bar go to the console."""
    return load_model(
        choice.model,
        weights=choice.weights,
        device=choice.device,
        offline=choice.offline,
        progress=console.draws_bars,
        warn=console.warn,
    )


def seen(photo: Path, target: Ranked) -> list[str]:
    """How every line begins: the photo's name, and the class with its probability."""
    return [photo.name, f"{target.label} {percent(target.probability)}"]


def percent(share: float, *, digits: int = 1) -> str:
    """``93.7 %``."""
    return f"{share:.{digits}%}".replace("%", " %")


def star(alpha: float | None) -> str:
    """α* in words."""
    return "the score does not move" if alpha is None else f"α* {alpha:.2f}"
