"""Where molecules come from: SMILES, .smi files and stdin, tables with a column of SMILES, .sdf files; each streamed.

What is read are entries, one at a time; whether an entry is a molecule is seen when it is parsed, so that one that is
none fails alone, with its line.
"""

from __future__ import annotations

import csv
import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, TextIO

from igcli.bounded import open_regular
from igcli.inputs import Missing, TextInput
from igcli.molecules.sdf import structures_in
from igcli.tables import unescaped_cell

SMILES_SUFFIXES, TABLE_SUFFIXES, STRUCTURE_SUFFIXES = (".smi", ".smiles"), (".csv", ".tsv"), (".sdf", ".mol")
SUFFIXES = SMILES_SUFFIXES + TABLE_SUFFIXES + STRUCTURE_SUFFIXES

LONGEST_LINE = 1 << 16
"""Characters of the longest line; a file with a longer one is none of molecules."""

MOST_LINES = 100
"""Lines of one row of a table, whose cells may have line breaks in quotes."""


def read_entries(inputs: Sequence[str], *, column: str | None, stdin: BinaryIO) -> Iterator[TextInput | Missing]:
    """The entries of all inputs in their order.

    Parameters
    ----------
    inputs
        SMILES, files by their endings (also with ``.gz`` after them), or ``-`` for lines of SMILES on stdin.
    column
        Of tables, the column that holds the SMILES; by default the one called smiles.
    """
    for given in inputs:
        if given == "-":
            yield from _lines_of_smiles(io.TextIOWrapper(stdin, "utf-8", "replace"), "-")
        elif _kind(given) is None:
            yield TextInput(given)
        else:
            yield from _of_file(Path(given), column)


def _kind(given: str) -> str | None:
    """The ending by which a file is recognised, without ``.gz``; ``None`` for a SMILES."""
    suffix = Path(given.lower().removesuffix(".gz")).suffix
    return suffix if suffix in SUFFIXES else None


def _of_file(path: Path, column: str | None) -> Iterator[TextInput | Missing]:
    kind, file = _kind(str(path)), str(path)
    try:
        with ExitStack() as stack:
            raw: BinaryIO = stack.enter_context(open_regular(path))
            if path.suffix.lower() == ".gz":
                raw = stack.enter_context(gzip.open(raw))  # type: ignore[assignment]
            text = io.TextIOWrapper(raw, encoding="utf-8-sig", errors="replace", newline="")
            if kind in TABLE_SUFFIXES:
                yield from _table(text, file, column)
            elif kind in STRUCTURE_SUFFIXES:
                yield from structures_in(text, file)
            else:
                yield from _lines_of_smiles(text, file)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or "it is damaged"
        yield Missing(file, f"It cannot be read ({reason}): check its name, its permissions, and how it was saved.")


def _lines_of_smiles(text: TextIO, file: str) -> Iterator[TextInput | Missing]:
    """One molecule a line: a SMILES, then, after a space or tab, its name; lines that begin with # are comments."""
    number, empty = 0, True
    while line := text.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            yield _endless(file, number)
            return
        if not line.strip() or line.startswith("#"):
            continue
        empty = False
        smiles, *rest = line.strip().split(maxsplit=1)
        yield TextInput(smiles, source=file, line=number, label=rest[0] if rest else "")
    if empty:
        yield Missing(file, "It has no molecules in it.")


def _table(text: TextIO, file: str, column: str | None) -> Iterator[TextInput | Missing]:
    header = text.readline(LONGEST_LINE)
    if len(header) == LONGEST_LINE:
        yield _endless(file, 1)
        return
    delimiter = max("\t,;" if Path(file).suffix == ".tsv" else ",;\t", key=header.count)
    try:
        columns = next(csv.reader([header], delimiter=delimiter, strict=True), [])
        place = _column(columns, column)
    except (csv.Error, ValueError) as error:
        yield Missing(file, str(error))
        return
    rows = csv.reader(_bounded_lines(text), delimiter=delimiter, strict=True)
    empty = True
    while True:
        line = rows.line_num + 2  # counted from 1, after the header
        where = f"{file}:{line}"
        try:
            row = next(rows)
        except StopIteration:
            break
        except csv.Error as error:
            yield Missing(where, f"It cannot be read as a row ({error}), nor what follows it: check its quotes.")
            return
        if rows.line_num + 2 - line > MOST_LINES:
            yield Missing(where, "It opens a quote that is closed much later; the rest was not read.")
            return
        if not any(cell.strip() for cell in row):
            continue
        empty = False
        if place >= len(row):
            yield Missing(where, f"It has {len(row)} fields, and the column of SMILES is number {place + 1}.")
            continue
        smiles = unescaped_cell(row[place].strip())
        yield TextInput(smiles, source=file, line=line)
    if empty:
        yield Missing(file, "It has no molecules in it, only the names of columns.")


def _column(columns: Sequence[str], wanted: str | None) -> int:
    """The place of the column of SMILES."""
    name = "smiles" if wanted is None else wanted
    folded = [column.strip().casefold() for column in columns]
    found = [place for place, column in enumerate(folded) if column == name.strip().casefold()]
    if len(found) == 1:
        return found[0]
    there = ", ".join(column[:40] for column in columns[:20]) or "nothing"
    many = f"It has {len(found)} columns called {name}" if found else f"It has no column called {name[:40]}"
    raise ValueError(f"{many}: name the one with the SMILES with --column; its first line has {there}.")


def _bounded_lines(text: TextIO) -> Iterator[str]:
    while line := text.readline(LONGEST_LINE):
        if len(line) == LONGEST_LINE:
            raise csv.Error(f"it has more than {LONGEST_LINE:,} characters")
        yield line


def _endless(file: str, number: int) -> Missing:
    reason = f"It has more than {LONGEST_LINE:,} characters: this is no file of molecules. The rest was not read."
    return Missing(f"{file}:{number}", reason)
