"""Texts from arguments, files, tables, folders and stdin: one by one, in bounded memory.

A file or stdin has one text per line; a table (``.csv``, ``.tsv``) one per row; a folder one per ``.txt`` file in it.
"""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from igcli.bounded import open_regular, read_bounded
from igcli.errors import UsageError, first_line
from igcli.inputs import Missing, TextInput
from igcli.tables import TableRow, bounded_lines, table_rows

#: Bytes of the longest line, cell or whole file.
LONGEST = 2**20
#: Of a longer line, how many times as much is passed over.
_PASSED_OVER = 256
#: Lines of one text in a table.
_MOST_LINES = 10_000
_TABLES = {".csv": ",", ".tsv": "\t"}
_NOT_UTF8 = "It is not UTF-8: save it as UTF-8, or convert it with iconv."
_TOO_LONG = f"It has more than {LONGEST} bytes: one text is expected on a line."

_ENDLESS = "It does not end: this is no file of texts. The rest was not read."

Found = TextInput | Missing


@dataclass(frozen=True)
class TextSource:
    """Where texts come from.

    Attributes
    ----------
    texts
        Arguments: the texts themselves; ``-`` for stdin.
    files
        Files, tables and folders; ``-`` for stdin.
    column
        The column of tables that has the texts; ``None`` for the only one, or the one called ``text``.
    whole
        A file is one text, and not its lines.
    """

    texts: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    column: str | None = None
    whole: bool = False

    def check(self) -> None:
        """Raise ``UsageError`` where there is nothing to read, or an argument is a file by mistake."""
        if not self.texts and not self.files:
            raise UsageError("There is no text: give one in quotes, -f FILE, or - for lines on stdin.")
        if (*self.texts, *self.files).count("-") > 1:
            raise UsageError("stdin (-) can be read only once.")
        for text in self.texts:
            if text != "-" and " " not in text and _exists(text):
                raise UsageError(f"{text} is a file: give -f {text} to explain what it says.")
        for name in self.files:
            if name != "-" and not _exists(name):
                raise UsageError(f"{name} does not exist: check the spelling.")

    @property
    def has_table(self) -> bool:
        """Whether one of the files is a table, and is read by its rows."""
        return not self.whole and any(Path(name).suffix.lower() in _TABLES for name in self.files)

    @property
    def has_file(self) -> bool:
        """Whether there is anything else than arguments and stdin."""
        return any(name != "-" for name in self.files)

    @property
    def is_one(self) -> bool:
        """Whether it is one argument, and no list."""
        return not self.files and len(self.texts) == 1 and self.texts != ("-",)

    def inputs(self) -> Iterator[Found]:
        """All texts in order; what cannot be read is :class:`~igcli.inputs.Missing`, with the reason."""
        for text in self.texts:
            yield from _lines(sys.stdin.buffer, "-") if text == "-" else [TextInput(text)]
        for name in self.files:
            try:
                yield from self._of_file(name)
            except OSError as problem:
                yield Missing(name, f"It cannot be read ({(problem.strerror or first_line(problem)).lower()}).")

    def _of_file(self, name: str) -> Iterator[Found]:
        path = Path(name)
        if name == "-":
            yield from _lines(sys.stdin.buffer, "-")
        elif path.is_dir():
            files = sorted(each for each in path.iterdir() if each.suffix.lower() == ".txt")
            if not files:
                yield Missing(name, "This folder has no .txt file.")
            yield from map(_whole, files)
        elif self.whole:
            yield _whole(path)
        else:
            with open_regular(path) as file:
                delimiter = _TABLES.get(path.suffix.lower())
                yield from _lines(file, name) if delimiter is None else self._rows(file, name, delimiter)

    def _rows(self, file: BinaryIO, name: str, delimiter: str) -> Iterator[Found]:
        with io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="") as lines:
            rows = table_rows(bounded_lines(lines, LONGEST), delimiter=delimiter, most_lines=_MOST_LINES)
            heads = next(rows, TableRow(1))
            if heads.fault:
                yield Missing(f"{name}:{heads.line}", f"It {heads.fault}")
                return
            place = self._place(heads.cells, name)
            for row in rows:
                if row.fault:
                    yield Missing(f"{name}:{row.line}", f"It {row.fault}")
                else:
                    yield _of_row(heads.cells, row.cells, place, TextInput("", name, row.line))

    def _place(self, heads: Sequence[str], name: str) -> int:
        wanted = self.column or ("text" if "text" in heads else heads[0] if len(heads) == 1 else None)
        if wanted is not None and wanted in heads:
            return heads.index(wanted)
        shown = ", ".join(heads[:20]) or "none"
        lacking = "Say which column has the texts" if wanted is None else f"There is no column {wanted!r}"
        raise UsageError(f"{lacking} of {name}: --column NAME. Its columns: {shown}.")


def _lines(file: BinaryIO, name: str) -> Iterator[Found]:
    """The lines that are not blank, each read no further than :data:`LONGEST`."""
    number = 0
    while line := file.readline(LONGEST + 1):
        number += 1
        place = f"{name}:{number}"
        if len(line) > LONGEST and not line.endswith(b"\n"):
            if not _passed_over(file):
                yield Missing(place, _ENDLESS)
                return
            yield Missing(place, _TOO_LONG)
            continue
        text = line.decode("utf-8-sig" if number == 1 else "utf-8", "surrogateescape").strip("\r\n")
        if text.strip():
            yield _checked(text, TextInput(text, name, number))


def _passed_over(file: BinaryIO) -> bool:
    """Read on to the end of a line; false for one that does not end."""
    for _ in range(_PASSED_OVER):
        rest = file.readline(LONGEST)
        if not rest or rest.endswith(b"\n"):
            return True
    return False


def _whole(path: Path) -> Found:
    try:
        data = read_bounded(path, limit=LONGEST)
    except OSError as problem:
        return Missing(str(path), f"It cannot be read ({(problem.strerror or first_line(problem)).lower()}).")
    text = data.decode("utf-8-sig", "surrogateescape")
    return _checked(text, TextInput(text.strip(), str(path), label=path.stem))


def _of_row(heads: Sequence[str], row: Sequence[str], place: int, where: TextInput) -> Found:
    text = row[place] if place < len(row) else ""
    columns = [pair for i, pair in enumerate(zip(heads, row, strict=False)) if i != place]
    return _checked(text, replace(where, text=text, columns=tuple(columns)))


def _checked(text: str, found: TextInput) -> Found:
    """The input, unless its text is empty or bytes that are no UTF-8."""
    if any("\udc80" <= char <= "\udcff" for char in text):
        return Missing(str(found.path), _NOT_UTF8)
    return found if text.strip() else Missing(str(found.path), "It is empty.")


def _exists(name: str) -> bool:
    try:
        return os.path.lexists(name)
    except (OSError, ValueError):
        return False
