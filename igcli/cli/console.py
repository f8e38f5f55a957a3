"""What reaches the terminal: data on stdout, progress and warnings on stderr."""

from __future__ import annotations

import os
import sys
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

import click

from igcli.cli.streams import escaped
from igcli.images.source import shown

if TYPE_CHECKING:
    from tqdm import tqdm

    from igcli.cli.options import Streams
    from igcli.jobs.outputs.record import Record


class Console:
    """Prints as the streams ask for; a bar is drawn only where stderr is a terminal.

    While it is open stdout is the console's alone: what a person's own network or a library prints goes to stderr.
    """

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self._bar: tqdm[Any] | None = None
        self._stdout = sys.stdout

    def __enter__(self) -> Console:
        self._stdout, sys.stdout = sys.stdout, sys.stderr
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        sys.stdout = self._stdout
        if self._bar is not None:
            self._bar.close()

    @property
    def draws_bars(self) -> bool:
        """Whether a bar would be seen."""
        return not self._streams.quiet and sys.stderr.isatty()

    def bar(self, *, total: int | None, **options: Any) -> tqdm[Any] | None:
        """A bar where it would be seen; lines are printed around it from now on.

        ``total`` is ``None`` where it is not known; ``options`` go to tqdm.
        """
        if self._bar is not None:
            self._bar.close()
        if self.draws_bars:
            from tqdm import tqdm

            self._bar = tqdm(total=total, file=sys.stderr, leave=False, smoothing=0.1, **options)
        return self._bar

    @property
    def colours(self) -> bool:
        """Whether text on stdout may be in colour: it is a terminal, and NO_COLOR is not set."""
        return bool(_colour(self._stdout))

    def advance(self, count: int) -> None:
        """Move the bar."""
        if self._bar is not None:
            self._bar.update(count)

    def data(self, line: str) -> None:
        """A line of data, unless quiet; JSON is printed as it is."""
        if self._streams.json:
            self._say(escaped(line, self._stdout), err=False)
        elif not self._streams.quiet:
            self._say(shown(line), err=False)

    def say(self, record: Record, *lines: str) -> None:
        """The record with ``--json``, else the lines."""
        from igcli.jobs.outputs.record import to_json  # not before it is needed

        for line in (to_json(record),) if self._streams.json else lines:
            self.data(line)

    def text(self, text: str) -> None:
        """Data of several lines, as they are; even when quiet."""
        click.echo(escaped(text, self._stdout), nl=False, file=self._stdout)

    def warn(self, message: str) -> None:
        """A warning, unless quiet."""
        if not self._streams.quiet:
            self._say(f"{click.style('warning:', fg='yellow')} {printable(message)}", err=True)

    def fail(self, message: str) -> None:
        """A failure, on stderr even when quiet."""
        self._say(f"{click.style('failed:', fg='red')} {printable(message)}", err=True)

    def note(self, message: str) -> None:
        """A message on stderr, unless quiet."""
        if not self._streams.quiet:
            self._say(printable(message), err=True)

    def detail(self, message: str) -> None:
        """A message for ``--verbose`` only."""
        if self._streams.verbose:
            self._say(message, err=True)

    def _say(self, line: str, *, err: bool) -> None:
        if self._bar is not None:
            self._bar.clear()
        stream = sys.stderr if err else self._stdout
        click.echo(line.encode("utf-8", "replace").decode(), file=stream, color=_colour(stream))
        if self._bar is not None:
            self._bar.refresh()


def printable(text: str) -> str:
    """``text`` without control characters, but for line breaks: file names and labels can hold any."""
    return "\n".join(map(shown, text.split("\n")))


def _colour(stream: IO[str]) -> bool | None:
    return False if os.environ.get("NO_COLOR") else stream.isatty()
