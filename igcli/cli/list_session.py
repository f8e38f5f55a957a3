"""A command over inputs that are no photos: the console, how many are done, how many failed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import ClassVar, NoReturn

import click

from igcli.cli.console import Console
from igcli.cli.options import Streams
from igcli.inputs import Missing, TextInput
from igcli.jobs.item import Item
from igcli.jobs.outputs.record import new_record


class ListSession(ExitStack):
    """What is said of each input, and the counts."""

    #: What an input is called.
    unit: ClassVar[str]
    #: The sentence where there is no input at all.
    nothing: ClassVar[str]

    def __init__(self, streams: Streams) -> None:
        super().__init__()
        self.console = self.enter_context(Console(streams))
        self.json = streams.json
        self.done = self.failures = 0

    def items(self, inputs: Iterable[TextInput | Missing]) -> Iterator[Item]:
        """The inputs as items, as they are asked for; those that are missing are failures."""
        for number, found in enumerate(inputs):
            if isinstance(found, Missing):
                self.fail(found.argument, found.reason)
            else:
                yield Item(number, found, found.relative.with_suffix(""))

    def skip(self, count: int) -> None:
        """Count inputs that an earlier run did, and say so."""
        if count:
            self.done += count
            self.console.note(f"{count} done before")

    def fail(self, name: str, reason: str, *, named: bool = True) -> None:
        """Count a failure, and say it; with ``named`` false its record alone."""
        self.failures += 1
        if named:
            self.console.fail(f"{name}: {reason}")
        if self.json:
            self.console.say(new_record(input={"path": name}, error=reason))

    def finish(self) -> NoReturn:
        """End: status 1 if anything failed, or nothing was there."""
        if not self.done and not self.failures:
            self.console.fail(self.nothing)
            raise click.exceptions.Exit(1)
        if self.done + self.failures > 1:
            self.console.note(f"{self.done} explained, {self.failures} failed")
        raise click.exceptions.Exit(1 if self.failures else 0)
