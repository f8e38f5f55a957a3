"""What ``ig text`` says of each text."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.cli.list_session import ListSession
from igcli.cli.options import Streams
from igcli.jobs.outputs.record import to_json
from igcli.jobs.outputs.words import DoneText
from igcli.rendering.words import terminal_lines


@dataclass(frozen=True)
class TextOutput:
    """What is printed, and what is written.

    Attributes
    ----------
    output
        Where files are written; ``None`` to print only.
    report
        Whether to add a page of all.
    saturation
        Whether to plot the score along the path in place of the words' numbers, at so many ``points``.
    """

    output: Path | None
    overwrite: bool
    report: bool
    saturation: bool
    points: int
    streams: Streams


class TextSession(ListSession):
    """What is said of each text."""

    unit, nothing = "text", "There is no text: every line is blank."

    def __init__(self, destination: TextOutput) -> None:
        super().__init__(destination.streams)
        self.destination = destination

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
