"""Where molecules come from: SMILES, .smi files and stdin, tables with a column of SMILES, .sdf files; each streamed.

What is read are entries, one at a time; whether an entry is a molecule is seen when it is parsed, so that one that is
none fails alone, with its line.
"""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO

from igcli.bounded import open_regular
from igcli.inputs import Missing, TextInput
from igcli.molecules.sdf import structures_in
from igcli.tables import TableRow, bounded_lines, table_rows, unescaped_cell

SMILES_SUFFIXES, TABLE_SUFFIXES, STRUCTURE_SUFFIXES = (".smi", ".smiles"), (".csv", ".tsv"), (".sdf", ".mol")
SUFFIXES = SMILES_SUFFIXES + TABLE_SUFFIXES + STRUCTURE_SUFFIXES

LONGEST_LINE = 1 << 16
"""Characters of the longest line; a file with a longer one is none of molecules."""


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


def is_table(given: str) -> bool:
    """Whether it is called as a table is, also with ``.gz`` after that."""
    return _kind(given) in TABLE_SUFFIXES


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
    header = text.readline(LONGEST_LINE + 1)
    if len(header) > LONGEST_LINE:  # the rest of it would be taken for a row
        yield _endless(file, 1)
        return
    delimiter = max("\t,;" if Path(file).suffix == ".tsv" else ",;\t", key=header.count)
    rows = table_rows(chain([header], bounded_lines(text, LONGEST_LINE)), delimiter=delimiter)
    try:
        place = _column(next(rows, TableRow(1)), column)
    except ValueError as error:
        yield Missing(file, str(error))
        return
    empty = True
    for row in rows:
        empty, where = False, f"{file}:{row.line}"
        if row.fault:
            yield Missing(where, f"It {row.fault}")
        elif place >= len(row.cells):
            yield Missing(where, f"It has {len(row.cells)} fields, and the column of SMILES is number {place + 1}.")
        else:
            yield TextInput(unescaped_cell(row.cells[place].strip()), source=file, line=row.line)
    if empty:
        yield Missing(file, "It has no molecules in it, only the names of columns.")


def _column(header: TableRow, wanted: str | None) -> int:
    """The place of the column of SMILES."""
    if header.fault:
        raise ValueError(f"Its first line {header.fault}")
    name = "smiles" if wanted is None else wanted
    folded = [column.strip().casefold() for column in header.cells]
    found = [place for place, column in enumerate(folded) if column == name.strip().casefold()]
    if len(found) == 1:
        return found[0]
    there = ", ".join(column[:40] for column in header.cells[:20]) or "nothing"
    many = f"It has {len(found)} columns called {name}" if found else f"It has no column called {name[:40]}"
    raise ValueError(f"{many}: name the one with the SMILES with --column; its first line has {there}.")


def _endless(file: str, number: int) -> Missing:
    reason = f"It has more than {LONGEST_LINE:,} characters: this is no file of molecules. The rest was not read."
    return Missing(f"{file}:{number}", reason)
