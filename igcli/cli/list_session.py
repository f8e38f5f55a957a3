"""A command over inputs that are no photos: the console, how many are done, how many failed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ClassVar, NoReturn, TypeVar

import click

from igcli.cli.console import Console
from igcli.cli.options import Streams
from igcli.cli.spreading import Engine, Places, chosen_devices, load_onto, own_device
from igcli.inputs import Missing, TextInput
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.engines.scheduler import Work
from igcli.jobs.item import Item
from igcli.jobs.outputs.record import Record, new_record, typed
from igcli.jobs.plan import Job
from igcli.models.model import Model

M = TypeVar("M", bound=Model)

#: Inputs of one run that writes files: all are kept in memory, with the names of their files.
MOST_LISTED = 100_000
#: Failures that a page names.
_MOST_SENTENCES = 1000


class ListSession(ExitStack):
    """What is said of each input, and the counts."""

    #: What an input is called.
    unit: ClassVar[str]
    #: The sentence where there is no input at all.
    nothing: ClassVar[str]

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.places: Places | None = None
        self.console = self.enter_context(Console(streams))
        self.json = streams.json
        self.done = self.failures = 0
        self.sentences: list[str] = []

    def items(self, inputs: Iterable[TextInput | Missing]) -> Iterator[Item]:
        """The inputs as items, as they are asked for; those that are missing are failures."""
        for number, found in enumerate(inputs):
            if isinstance(found, Missing):
                self.fail(found.argument, found.reason)
            else:
                yield Item(number, found, found.relative.with_suffix(""))

    def spread_over(self, device: str, load: Callable[[str], M], *, several: bool, cluster: Cluster | None) -> M:
        """The network as ``load`` loads it for this process, and from now on where inputs are worked on.

        Parameters
        ----------
        load
            Called with a device's name; can be pickled.
        several
            Whether there is a list to spread over several devices; else the first is taken, which is said.
        """
        devices = chosen_devices(device, self.console, several=several, cluster=cluster)
        model = load(own_device(devices))
        own = partial(load_onto, load, model.provenance.name, model.provenance.sha256)
        self.places = Places(devices, own, cluster if several else None, drawers=0)
        return model

    def engine(self, job: Job, work: Work) -> Engine:
        """What does the work: this process, one process per device, or a cluster."""
        if self.places is None:
            return partial(work, job)
        return replace(self.places, batch_size=job.budget.size).engine(job, work)

    def skip(self, count: int) -> None:
        """Count inputs that an earlier run did, and say so."""
        if count:
            self.done += count
            self.console.note(f"{count} done before")

    def fail(self, name: str, reason: str, *, named: bool = True) -> None:
        """Count a failure, and say it; with ``named`` false its record alone."""
        self.failures += 1
        if len(self.sentences) < _MOST_SENTENCES:
            self.sentences.append(f"{name}: {reason}")
        if named:
            self.console.fail(f"{name}: {reason}")
        if self.json:
            self.console.say(new_record(input={"path": name}, error=reason))

    def write_page(self, folder: Path, records: Iterable[Record], *, failures: Sequence[str] = ()) -> None:
        """Write ``report.html`` of the records into their folder."""
        from igcli.jobs.outputs.list_report import room_words, write_list_report
        from igcli.rendering.page.content import title_of

        page, title = folder / "report.html", title_of(f"{self.unit}s")
        count, left_out = write_list_report(
            page, records, folder=folder, title=title, command=typed(), failures=failures
        )
        if count:
            self.console.note(f"-> {page}{room_words(left_out)}")

    def finish(self) -> NoReturn:
        """End: status 1 if anything failed, or nothing was there."""
        if not self.done and not self.failures:
            self.console.fail(self.nothing)
            raise click.exceptions.Exit(1)
        if self.done + self.failures > 1:
            self.console.note(f"{self.done} explained, {self.failures} failed")
        raise click.exceptions.Exit(1 if self.failures else 0)
