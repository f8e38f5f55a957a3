"""The rows of a list: of a table with a header (CSV) or of JSON Lines, an object per line; what cannot be read is said.

Such lists come from spreadsheets, scripts and by hand: with or without a byte order mark, separated by commas,
semicolons or tabs. What the columns mean is not known here, except which ones name a picture.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO

from igcli.images.source import shown
from igcli.inputs import Missing
from igcli.tables import table_rows

LIST_SUFFIXES = (".csv", ".tsv", ".jsonl")
"""Endings, in lower case, by which a list is recognised."""

PATH_COLUMNS = ("path", "image", "file_name", "filename")
"""Columns that name the picture; the first one that is there counts."""

PATH_COLUMNS_IN_WORDS = f"{', '.join(PATH_COLUMNS[:-1])} or {PATH_COLUMNS[-1]}"

LONGEST_LINE = 1 << 20
"""Characters of the longest line; a file with a longer one is no list of pictures."""


@dataclass(frozen=True)
class ListRow:
    """One row: its line, counted from 1, and its cells as (column, text), in order."""

    line: int
    cells: tuple[tuple[str, str], ...]

    @property
    def path_column(self) -> str | None:
        """The column, in lower case, that names the picture."""
        return path_column(name for name, _ in self.cells)

    @property
    def folded(self) -> dict[str, str]:
        """The cells by their columns in lower case."""
        return {name.casefold(): text for name, text in self.cells}


class UnreadableList(Exception):
    """Why no row can be read, or none any more: the end of a sentence that begins with the file's name."""


def list_text(raw: BinaryIO) -> TextIO:
    """The text of a list, in whichever encoding it begins; closing it closes ``raw``."""
    return TextIOWrapper(raw, encoding=_encoding(raw), errors="surrogateescape", newline="")


def rows_of(text: TextIO, file: Path, ending: str) -> Iterator[ListRow | Missing]:
    """The rows in their order, and a sentence for each that cannot be read.

    Raises
    ------
    UnreadableList
        For a file that is not a list of pictures.
    """
    return _objects(_lines(text), file) if ending == ".jsonl" else _table(_lines(text), file, ending)


def path_column(names: Iterable[str]) -> str | None:
    """The column, in lower case, that names the picture; ``None`` if there is none."""
    folded = {name.casefold() for name in names}
    return next((name for name in PATH_COLUMNS if name in folded), None)


def recordable(text: str) -> str:
    """The text with question marks for bytes that are not text, since it is shown and recorded."""
    return text.encode("utf-8", "replace").decode()


def _encoding(raw: BinaryIO) -> str:
    start = raw.read(2)
    raw.seek(0)
    return "utf-16" if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8-sig"


def _lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise UnreadableList(
                f"has a line of more than {LONGEST_LINE:,} characters and is no list; check that it is the right file."
            )
        yield line


def _objects(lines: Iterator[str], file: Path) -> Iterator[ListRow | Missing]:
    """JSON Lines; an empty line is none."""
    read = False
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except (ValueError, RecursionError):
            entry = None
        read = True
        where = f"{shown(file)}, line {number},"
        if not isinstance(entry, dict):
            yield Missing(str(file), f'{where} is no JSON object; write one per line, as {{"path": "a.jpg"}}.')
            continue
        column = path_column(entry)
        if any(isinstance(value, (dict, list)) for name, value in entry.items() if name.casefold() == column):
            yield Missing(str(file), f"{where} has no text under {column}; write the picture's path there.")
            continue
        yield ListRow(number, tuple((recordable(name), _text(value)) for name, value in entry.items()))
    if not read:
        raise UnreadableList('has no images in it; write an object per line, as {"path": "a.jpg"}.')


def _text(value: object) -> str:
    """A value as a cell: texts as they are, nothing for null, others as JSON writes them."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False)


def _table(lines: Iterator[str], file: Path, ending: str) -> Iterator[ListRow | Missing]:
    header = next(lines, "")
    delimiter, columns = _header(header, ending)
    rows = table_rows(chain([header], lines), delimiter=delimiter)
    next(rows)
    empty = True
    for row in rows:
        empty, where = False, f"{shown(file)}, line {row.line}"
        if row.fault:
            yield Missing(str(file), f"{where}, {row.fault}")
        elif len(row.cells) == len(columns):
            yield ListRow(row.line, tuple(zip(columns, row.cells, strict=True)))
        else:
            counts = f"has {len(row.cells)} fields, the first line {len(columns)}"
            yield Missing(str(file), f"{where} {counts}; put what holds a separator in quotes.")
    if empty:
        raise UnreadableList("has no images in it, only the names of columns; add a row for each.")


def _header(header: str, ending: str) -> tuple[str, list[str]]:
    """The separator and the names of the columns, one of which names the picture."""
    delimiters = "\t,;" if ending == ".tsv" else ",;\t"
    delimiter = max(delimiters, key=lambda each: (path_column(_cells(header, each)) is not None, header.count(each)))
    columns = _cells(header, delimiter)
    chosen = path_column(columns)
    if chosen is None:
        names = ", ".join(columns) or recordable(header).strip()
        names = names if len(names) < 200 else names[:200] + " and so on"
        there = f"names {shown(names)}" if names else "is empty"
        raise UnreadableList(
            f"has no column called {PATH_COLUMNS_IN_WORDS}; its first line must name the columns, and {there}."
        )
    for name in (chosen, "target"):
        if (count := [each.casefold() for each in columns].count(name)) > 1:
            raise UnreadableList(f"has {count} columns called {name}; keep one.")
    return delimiter, columns


def _cells(line: str, delimiter: str) -> list[str]:
    """The names in a header; none where it cannot be parsed."""
    try:
        return [recordable(cell).strip() for cell in next(csv.reader([line], delimiter=delimiter, strict=True), [])]
    except csv.Error:
        return []
