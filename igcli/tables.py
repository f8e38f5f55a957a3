"""Tables as CSV for spreadsheets: text that they would run as a formula is written with an apostrophe before it.

Cells that begin with ``=``, ``+``, ``-``, ``@``, a tab or a line break are formulas to spreadsheets (OWASP, "CSV
Injection"); a file's name or a label can be such a cell. Numbers stay numbers.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

#: What begins a formula, also in full width; apostrophes before it are escaped too: :func:`unescaped_cell` is exact.
_FORMULA = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")


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
