"""A list of pictures in a CSV: the column ``path``, optionally ``target``, ``truth`` and a box, and others.

``target`` is the class to explain, ``truth`` (or ``label``) the true one; ``x``, ``y``, ``width`` and ``height``, or
``box``, are the part of the picture that is read. All but ``path`` and ``target`` go into the records as they are.

Such lists come from spreadsheets, scripts and by hand: with or without a byte order mark, separated by commas,
semicolons or tabs. A row that cannot be used is reported with its line, and the others go on.
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO, TextIO

from igcli.bounded import open_regular
from igcli.images.crop import crop_in
from igcli.images.source import Found, kind_of, shown
from igcli.inputs import Missing
from igcli.tables import unescaped_cell

LIST_SUFFIXES = (".csv", ".tsv")
"""Endings, in lower case, by which a list is recognised."""

MOST_ROWS = 3_000_000
"""Rows of one list; ImageNet has 1.3 million photos."""

MOST_LINES = 100
"""Lines of one row, whose cells may have line breaks in quotes."""

MOST_FAULTS = 1_000
"""Unusable rows of one list that are reported one by one."""

LONGEST_NAME = 5_000
"""Characters of a path that a sentence shows; longer ones no system has."""

TRUTH_COLUMNS = ("truth", "label")
"""Columns of the true class; the first one that is there counts."""

LONGEST_LINE = 1 << 20
"""Characters of the longest line; a file with a longer one is no list of pictures."""


def pictures_listed(file: Path) -> Iterator[Found | Missing]:
    """The pictures that the rows name, in their order. Relative paths are taken from the list's own folder."""
    try:
        with open_regular(file) as raw:
            text = TextIOWrapper(raw, encoding=_encoding(raw), errors="surrogateescape", newline="")
            yield from _bounded(_rows(_lines(text), file), file)
    except _EndlessLine:
        reason = f"has a line of more than {LONGEST_LINE:,} characters and is no list; check that it is the right file."
        yield Missing(str(file), f"{shown(file)} {reason}")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        yield Missing(
            str(file), f"{shown(file)} cannot be read ({reason}); check its permissions and how it was saved."
        )


def _encoding(raw: BinaryIO) -> str:
    start = raw.read(2)
    raw.seek(0)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _bounded(items: Iterator[Found | Missing], file: Path) -> Iterator[Found | Missing]:
    """The items, as many as one list can have; of the unusable ones the first, and how many more there are."""
    unusable = 0
    for count, item in enumerate(items, 1):
        if count > MOST_ROWS:
            reason = f"has more than {MOST_ROWS:,} rows, and the rest was not read; split it."
            yield Missing(str(file), f"{shown(file)} {reason}")
            return
        unusable += isinstance(item, Missing)
        if isinstance(item, Found) or unusable <= MOST_FAULTS:
            yield item
    if unusable > MOST_FAULTS:
        reason = f"has {unusable - MOST_FAULTS:,} more rows that cannot be used; check that it is the right list."
        yield Missing(str(file), f"{shown(file)} {reason}")


class _EndlessLine(Exception):
    """A line that is too long for a list."""


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise _EndlessLine
        yield line


def _rows(lines: Iterator[str], file: Path) -> Iterator[Found | Missing]:
    header = next(lines, "")
    try:
        table = _Table.headed(header, file)
    except ValueError as error:
        yield Missing(str(file), f"{shown(file)} {error}")
        return
    rows, empty = csv.reader(lines, delimiter=table.delimiter, strict=True), True
    while True:
        line = rows.line_num + 2  # counted from 1, after the header; cells in quotes may have line breaks
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            reason = f"{shown(file)}, line {line}, cannot be read as a row ({error}); check its quotes."
            empty = False
            if rows.line_num + 1 > line:  # a quote was opened and not closed: no later row can be relied on
                yield Missing(str(file), f"{reason} What follows this line was not read.")
                return
            yield Missing(str(file), reason)
            continue
        if rows.line_num + 2 - line > MOST_LINES:
            reason = f"line {line}, opens a quote that is closed {rows.line_num + 1 - line} lines later"
            yield Missing(str(file), f"{shown(file)}, {reason}; close it in its own cell. The rest was not read.")
            return
        if any(cell.strip() for cell in row):
            yield table.item(row, line)
            empty = False
    if empty:
        yield Missing(str(file), f"{shown(file)} has no images in it, only the names of columns; add a row for each.")


@dataclass(frozen=True)
class _Table:
    """The columns of a list, by which its rows are read."""

    file: Path
    delimiter: str
    columns: tuple[str, ...]

    @classmethod
    def headed(cls, header: str, file: Path) -> _Table:
        """Raise ``ValueError``, the end of a sentence, for a header that does not say which column is which."""
        delimiters = "\t,;" if file.suffix.lower() == ".tsv" else ",;\t"
        delimiter = max(delimiters, key=lambda each: ("path" in _folded(_cells(header, each)), header.count(each)))
        columns = _cells(header, delimiter)
        folded = _folded(columns)
        if "path" not in folded:
            names = ", ".join(columns) or _clean(header).strip()
            names = names if len(names) < 200 else names[:200] + " and so on"
            there = f"names {shown(names)}" if names else "is empty"
            raise ValueError(f"has no column called path; its first line must name the columns, and {there}.")
        for name in ("path", "target"):
            if folded.count(name) > 1:
                raise ValueError(f"has {folded.count(name)} columns called {name}; keep one.")
        return cls(file, delimiter, tuple(columns))

    def item(self, row: list[str], line: int) -> Found | Missing:
        """The picture of one row."""
        where = f"{shown(self.file)}, line {line}"
        if len(row) != len(self.columns):
            reason = f"has {len(row)} fields, the first line {len(self.columns)}; put what holds a separator in quotes."
            return Missing(str(self.file), f"{where} {reason}")
        cells = dict(zip(_folded(self.columns), row, strict=True))
        written, target = Path(cells["path"]), unescaped_cell(_clean(cells.get("target", "")).strip())
        if not cells["path"].strip():
            return Missing(str(self.file), f"{where} names no path; fill in the column or leave the row out.")
        path = self.file.parent / written
        kind = kind_of(path)
        if kind == "nothing" and unescaped_cell(cells["path"]) != cells["path"]:  # of a table that ig has written
            written = Path(unescaped_cell(cells["path"]))
            path = self.file.parent / written
            kind = kind_of(path)
        if kind not in ("file", "other"):
            name = shown(path) if len(str(path)) <= LONGEST_NAME else f"{shown(str(path)[:LONGEST_NAME])}..."
            return Missing(str(path)[:LONGEST_NAME], f"{name} ({where}) {_TROUBLE[kind]}")
        others = (
            (name, _clean(cell))
            for name, cell in zip(self.columns, row, strict=True)
            if name and name.casefold() not in ("path", "target")
        )
        try:
            crop = crop_in(cells)
        except ValueError as error:
            return Missing(str(path)[:LONGEST_NAME], f"{where} {error}")
        relative = Path(path.name) if written.is_absolute() else written
        return Found(path, relative, target or None, tuple(others), truth=truth_in(cells), crop=crop)


def truth_in(cells: Mapping[str, str]) -> str | None:
    """The true class in a row, by its columns' names in lower case; ``None`` where it names none."""
    named = next((cells[name] for name in TRUTH_COLUMNS if name in cells), "")
    return unescaped_cell(_clean(named).strip()) or None


_TROUBLE = {
    "nothing": "does not exist; relative paths are taken from the folder that the list is in.",
    "dangling": "is a link to a file that does not exist; name the file itself.",
    "folder": "is a folder; name the pictures in it.",
}


def _cells(line: str, delimiter: str) -> list[str]:
    """The names in a header; none where it cannot be parsed."""
    try:
        return [_clean(cell).strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []


def _folded(names: Sequence[str]) -> list[str]:
    return [name.casefold() for name in names]


def _clean(text: str) -> str:
    """The text with question marks for bytes that are not text, since it is shown and recorded."""
    return text.encode("utf-8", "replace").decode()
