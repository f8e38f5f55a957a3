"""What ``ig text`` says of each text, and how many failed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import click

from igcli.cli.console import Console
from igcli.cli.options import Streams
from igcli.inputs import Missing
from igcli.jobs.item import Item
from igcli.jobs.outputs.record import new_record, to_json
from igcli.jobs.outputs.words import DoneText
from igcli.rendering.words import terminal_lines
from igcli.text.reading import Found


@dataclass(frozen=True)
class TextOutput:
    """What is printed, and what is written.

    Attributes
    ----------
    output
        Where files are written; ``None`` to print only.
    saturation
        Whether to plot the score along the path in place of the words' numbers, at so many ``points``.
    """

    output: Path | None
    overwrite: bool
    saturation: bool
    points: int
    streams: Streams


class TextSession(ExitStack):
    """What is said of each text, and how many failed."""

    def __init__(self, destination: TextOutput) -> None:
        super().__init__()
        self.destination, self.failures, self.done = destination, 0, 0
        self.console = self.enter_context(Console(destination.streams))

    def items(self, inputs: Iterable[Found]) -> Iterator[Item]:
        """The inputs as items, as they are needed; those that are missing are failures."""
        for number, found in enumerate(inputs):
            if isinstance(found, Missing):
                self.fail(found.argument, found.reason)
            else:
                yield Item(number, found, found.relative.with_suffix(""))

    def tell(self, name: str, results: Sequence[DoneText], failures: Sequence[str]) -> None:
        """Print what was found of one text."""
        self.done += not failures
        for done in results:
            if self.destination.streams.json:
                self.console.data(to_json(done.record))
            elif not self.destination.streams.quiet and done.scored is not None:
                width = shutil.get_terminal_size((100, 24)).columns
                lines = terminal_lines(done.scored, colour=self.console.colours, width=width)
                lines += [f"-> {file}" for file in done.files.values()]
                self.console.text("\n".join(lines) + "\n\n")
        for reason in failures:
            self.fail(name, reason)

    def fail(self, name: str, reason: str) -> None:
        """Count a failure, and say it."""
        self.failures += 1
        self.console.fail(f"{name}: {reason}")
        if self.destination.streams.json:
            self.console.data(to_json(new_record(input={"path": name}, error=reason)))

    def finish(self) -> NoReturn:
        """End: status 1 if anything failed, or nothing was there."""
        if not self.done and not self.failures:
            self.console.fail("There is no text: every line is blank.")
            raise click.exceptions.Exit(1)
        if self.done + self.failures > 1:
            self.console.note(f"{self.done} explained, {self.failures} failed")
        raise click.exceptions.Exit(1 if self.failures else 0)
