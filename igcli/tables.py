"""Tables as CSV: written for spreadsheets, with an apostrophe before text that they would run as a formula; and read.

Cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line break are formulas to spreadsheets (OWASP, "CSV
Injection"); a file's name or a label can be such a cell. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TextIO

#: What begins a formula, also in full width; apostrophes before it are escaped too: :func:`unescaped_cell` is exact.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")

#: Lines of one row, whose cells may have line breaks in quotes, unless whole texts stand in them.
MOST_LINES = 100


@dataclass(frozen=True)
class TableRow:
    """One row: the line it begins on, counted from 1, and its cells; or why it has none.

    Attributes
    ----------
    fault
        The end of a sentence that begins with the row's place; empty for a row that was read.
    """

    line: int
    cells: Sequence[str] = ()
    fault: str = ""


def table_rows(lines: Iterator[str], *, delimiter: str, most_lines: int = MOST_LINES) -> Iterator[TableRow]:
    """The rows of a table that are not blank, its first line among them, and those that cannot be read.

    A row of more than ``most_lines`` lines is the last: its quote was not meant to be closed so late.
    """
    rows = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        first = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            torn = rows.line_num > first  # a quote was opened and not closed
            rest = " What follows this line was not read." if torn else ""
            yield TableRow(first, fault=f"cannot be read as a row ({error}); check its quotes.{rest}")
            if torn:
                return
            continue
        if rows.line_num - first >= most_lines:
            later = f"opens a quote that is closed {rows.line_num - first} lines later; close it in its own cell."
            yield TableRow(first, fault=f"{later} The rest was not read.")
            return
        if any(cell.strip() for cell in cells):
            yield TableRow(first, cells)


def bounded_lines(text: TextIO, longest: int) -> Iterator[str]:
    """The lines of a text, none of them read further than so many characters; the first that is longer ends it."""
    while line := text.readline(longest + 1):
        if len(line) > longest:
            raise csv.Error(f"it has more than {longest:,} characters, and nothing after it is read")
        yield line


def csv_text(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table with a line for the names of its columns; text is escaped, ``None`` is empty."""
    return "".join(csv_lines(header, rows))


def csv_lines(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The same line by line, for tables that are not held in memory."""
    yield _line(header)
    yield from map(_line, rows)


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """The same in UTF-8; what is no text in a file's name becomes a question mark."""
    return csv_text(header, rows).encode("utf-8", "replace")


def _line(row: Sequence[object]) -> str:
    text = io.StringIO(newline="")
    # Only what is in the terminator is quoted: with a plain line feed a carriage return in a cell would end the row.
    csv.writer(text, lineterminator="\r\n").writerow(
        [escaped_cell(each) if isinstance(each, str) else each for each in row]
    )
    return text.getvalue().removesuffix("\r\n") + "\n"


def escaped_cell(cell: str) -> str:
    """The cell as it is written."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unescaped_cell(cell: str) -> str:
    """What :func:`escaped_cell` was given."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
