"""Standard streams that may be closed, full, without a reader, or of an encoding that lacks characters.

``guarded`` replaces ``sys.stdin``, ``sys.stdout`` and ``sys.stderr`` while a command runs:

- A descriptor that was closed (``>&-``) leads to the null device, or the next file that is opened would take its number
  and everything that is printed would be written into that file.
- Data that stdout does not take (closed, disk full) are lost; the command goes on, since its files are not affected,
  says so once, and ends with status 1. What stderr does not take is lost without further consequence.
- A reader of stdout that has gone ends the command with status 141, as the signal SIGPIPE would.
- Characters that the encoding lacks are spelt out or escaped. JSON and TOML have escapes of their own: ``escaped``.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

#: The exit status of a program that the signal SIGPIPE (13) has ended.
READER_GONE = 128 + 13

#: What characters of our own messages are called where the encoding lacks them.
_SPELT = {
    "α": "alpha", "σ": "sigma", "φ": "phi", "→": "->", "←": "<-", "↑": "^", "↓": "v", "×": "x", "−": "-", "–": "-",
    "—": "-", "…": "...", "·": "|", "≤": "<=", "≥": ">=", "≈": "about ", "’": "'", "‘": "'", "“": '"', "”": '"',
    "±": "+-", "²": "^2",
}  # fmt: skip


class StandardStream(io.TextIOWrapper):
    """A text stream on a standard descriptor that raises neither ``UnicodeEncodeError`` nor ``OSError``.

    Attributes
    ----------
    lost
        Why something could not be written; empty if everything was.

    Raises
    ------
    SystemExit
        From a write to stdout whose reader has gone, with :data:`READER_GONE`.
    """

    def __init__(self, descriptor: int, encoding: str, *, lost: str = "") -> None:
        raw = open(descriptor, "wb", closefd=False)  # noqa: SIM115 - closed with this stream, which leaves the descriptor
        # click takes a stream that calls itself ASCII for misconfigured, and writes UTF-8 to it instead.
        self._ascii = codecs.lookup(encoding).name == "ascii"
        super().__init__(raw, "utf-8" if self._ascii else encoding, errors=_SPELL, line_buffering=True)
        self._descriptor, self._reported, self.lost = descriptor, False, ""
        self._closed_before = lost

    def write(self, text: str, /) -> int:
        """Write the text, or note why that is impossible."""
        shown = text.encode("ascii", _SPELL).decode() if self._ascii else text
        if self._closed_before and text:
            self._lose(self._closed_before)
        try:
            super().write(shown)
        except OSError as error:
            self._refused(error)
        return len(text)

    def flush(self) -> None:
        """Pass everything to the system, or note why that is impossible."""
        try:
            super().flush()
        except OSError as error:
            self._refused(error)

    def _refused(self, error: OSError) -> None:
        null = os.open(os.devnull, os.O_WRONLY)  # takes what is still buffered, here and in child processes
        os.dup2(null, self._descriptor)
        os.close(null)
        if error.errno == errno.EPIPE and self._descriptor == 1:
            raise SystemExit(READER_GONE) from None
        self._lose(error.strerror or str(error))

    def _lose(self, reason: str) -> None:
        self.lost = self.lost or reason
        if self._descriptor == 1 and not self._reported:
            self._reported = True
            lines = "what would be printed there is lost, files are still written"
            sys.stderr.write(f"ig: stdout cannot be written to ({reason}): {lines}.\n")


@contextmanager
def guarded() -> Iterator[None]:
    """Standard streams that cannot fail, inside the block; ends with status 1 where data for stdout were lost."""
    before = sys.stdin, sys.stdout, sys.stderr
    closed = open_closed_descriptors()
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
    ours: list[StandardStream] = []
    for descriptor, name in ((2, "stderr"), (1, "stdout")):
        if (stream := _stream(descriptor, getattr(sys, name), closed=descriptor in closed)) is not None:
            setattr(sys, name, stream)
            ours.append(stream)
    try:
        yield
    except SystemExit as end:
        _flush(ours)
        if end.code in (0, None) and any(stream.lost for stream in ours[1:]):
            raise SystemExit(1) from None
        raise
    finally:
        _flush(ours)
        sys.stdin, sys.stdout, sys.stderr = before


def open_closed_descriptors() -> set[int]:
    """Open the null device under each of the numbers 0, 1 and 2 that is free; returns those numbers."""
    closed = {descriptor for descriptor in range(3) if not _is_open(descriptor)}
    for descriptor in sorted(closed):
        opened = os.open(os.devnull, os.O_RDONLY if descriptor == 0 else os.O_WRONLY)
        if opened != descriptor:
            os.dup2(opened, descriptor)
            os.close(opened)
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - the function's own signature
    return closed


def escaped(text: str, stream: IO[str] | None = None) -> str:
    """JSON or TOML as it can go to the stream, or stdout: where that is not UTF-8, all but ASCII as ``\\uXXXX``."""
    stream = stream or sys.stdout
    if codecs.lookup(getattr(stream, "encoding", None) or "utf-8").name == "utf-8" and not _only_ascii(stream):
        return text
    return re.sub(r"[^\x00-\x7f]", lambda match: _units(match[0]), text)


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _only_ascii(stream: IO[str]) -> bool:
    return isinstance(stream, StandardStream) and stream._ascii


def _stream(descriptor: int, stream: IO[str] | None, *, closed: bool) -> StandardStream | None:
    """A stream in place of Python's own; ``None`` where that is not on the descriptor: in a notebook, under a test."""
    if stream is None or closed:
        return StandardStream(descriptor, "utf-8", lost="it is closed")
    with suppress(OSError, ValueError, AttributeError):
        if type(stream) is io.TextIOWrapper and stream.fileno() == descriptor and not _is_windows_console(stream):
            stream.flush()
            return StandardStream(descriptor, stream.encoding)
    return None


def _is_windows_console(stream: IO[str]) -> bool:
    return sys.platform == "win32" and stream.isatty()  # takes every character; click writes to it in its own way


def _flush(streams: list[StandardStream]) -> None:
    for stream in reversed(streams):  # stdout first: stderr may have to say that it failed
        if not stream.closed:
            stream.flush()


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Error handler of codecs: our own signs spelt out, everything else as ``\\uXXXX``."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_SPELT.get(char) or _units(char) for char in error.object[error.start : error.end]), error.end


def _units(char: str) -> str:
    """The character as JSON escapes it: one ``\\uXXXX``, or two above U+FFFF."""
    units = char.encode("utf-16-be", "surrogatepass")
    return "".join(f"\\u{int.from_bytes(units[at : at + 2]):04x}" for at in range(0, len(units), 2))


_SPELL = "igcli.spell"
codecs.register_error(_SPELL, _spell)
