"""Class names from a file of any usual kind, in the order of the network's outputs; or from a folder of training data.

========  ============================================================================================================
text      one name per line; or an index and a name, as in ``1 dog``, ``1: dog``, ``1;dog``; WordNet's number before
          the name (``n01440764 tench``) is dropped
JSON      a list; ``{"0": "tench", ...}``; ImageNet's ``{"0": ["n01440764", "tench"], ...}``; ``{"tench": 0, ...}`` as
          torchvision's ``class_to_idx`` has it; or one of these under ``id2label``, as Hugging Face writes it; the same
          as Python writes it
CSV, TSV  one name per row; or a column of indices and one of names, with or without a header
a folder  its sub-folders in the order of torchvision's ``ImageFolder``
========  ============================================================================================================
"""

from __future__ import annotations

import ast
import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from igcli.bounded import read_bounded
from igcli.errors import UsageError

LARGEST_FILE = 16 << 20
"""Bytes of a file of labels; those of 22,000 classes take one."""

LONGEST_NAME = 1000
"""Characters of a label."""

_HEADINGS = {"class", "classes", "label", "labels", "name", "names", "category", "categories"}

_SEPARATOR = r"(?:\s*[;:,|=\t]\s*|[.)]\s+|\s+-\s+|\s+)"
_INDEX_FIRST = re.compile(rf"\s*(\d+){_SEPARATOR}(\S.*)")
_INDEX_LAST = re.compile(r"(.*\S)(?:\s*[;:,|=\t]\s*|\s+)(\d+)\s*")
_MARKED = re.compile(r"\s*\d+\s*[;:|=\t]")
"""An index that can hardly be a part of the name."""

_WORDNET = re.compile(r"\s*n\d{8}(?:\s*[;:,|=\t]\s*|\s+)(\S.*)")

_WHAT = "Give a text file with one name per line, JSON, CSV, or the folder of the training data."


class _NotNames(Exception):
    """What is wrong with a file, as the rest of a sentence that begins with its name."""


def read_labels(path: Path) -> tuple[str, ...]:
    """The names, at least one.

    Raises
    ------
    UsageError
        The file cannot be read, or does not name every class from 0 upwards once.
    """
    try:
        names: Sequence[object] = _of_folder(path) if path.is_dir() else _of_text(_text(path), path)
    except _NotNames as problem:
        raise UsageError(f"{path} {problem} {_WHAT}") from problem
    found = tuple(" ".join(str(name).split()) for name in names)
    if not found:
        raise UsageError(f"{path} has no labels. {_WHAT}")
    if "" in found:
        raise UsageError(f"{path} has no name for class {found.index('')}. {_WHAT}")
    if (long := next((index for index, name in enumerate(found) if len(name) > LONGEST_NAME), None)) is not None:
        raise UsageError(
            f"{path} names class {long} with {len(found[long]):,} characters, more than {LONGEST_NAME:,}. {_WHAT}"
        )
    return found


def _of_folder(path: Path) -> list[str]:
    try:
        return sorted(each.name for each in path.iterdir() if each.is_dir())
    except OSError as problem:
        raise _NotNames(f"cannot be listed: {problem.strerror}.") from problem


def _text(path: Path) -> str:
    try:
        text = read_bounded(path, limit=LARGEST_FILE).decode("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no file of labels {path}. {_WHAT}") from None
    except OSError as problem:
        raise _NotNames(f"cannot be read: {problem.strerror}.") from problem
    except ValueError as problem:
        raise _NotNames("is not text in UTF-8.") from problem
    if "\0" in text:
        raise _NotNames("is not text.")
    return text


def _of_text(text: str, path: Path) -> Sequence[object]:
    suffix = path.suffix.lower()
    if suffix == ".json" or text.lstrip().startswith(("{", "[")):
        return _from_data(_parsed(text, json_only=suffix == ".json"))
    if suffix not in (".csv", ".tsv"):
        return _names_of_lines(text.rstrip().splitlines())
    usual = "\t" if suffix == ".tsv" else ","
    rows = _rows(text, usual)
    if max(map(len, rows), default=0) > 1:
        return _from_table(rows)
    for other in "\t;|,":  # what spreadsheets write under the name of CSV
        table = _rows(text, other)
        if len({len(row) for row in table}) == 1 and len(table[0]) > 1 and _column_of_indices(table) is not None:
            return _from_table(table)
    return _names_of_lines([row[0] for row in rows])


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        rows = [[cell.strip() for cell in row] for row in csv.reader(text.splitlines(), delimiter=delimiter)]
    except csv.Error as problem:
        raise _NotNames(f"cannot be read as a table ({problem}); check its quotation marks.") from problem
    return [row for row in rows if any(row)]


def _from_table(rows: list[list[str]]) -> Sequence[object]:
    """The names in rows of two or more columns."""
    if len({len(row) for row in rows}) > 1:
        raise _NotNames("has rows of different lengths: a name with a comma in it needs quotation marks.")
    found = _column_of_indices(rows)
    if found is not None:
        data, column = found
        names = 0 if column == len(rows[0]) - 1 else len(rows[0]) - 1
        return _in_order([(row[column], row[names]) for row in data])
    data = rows[rows[0][-1].casefold() in _HEADINGS :]
    joined = [" ".join(row) for row in data]
    if len(rows[0]) == 2 and _without_wordnet(joined) != joined:
        return [row[1] for row in data]
    raise _NotNames("has several columns, and none of them holds the classes' indices.")


def _column_of_indices(rows: list[list[str]]) -> tuple[list[list[str]], int] | None:
    """The rows of data, and which column numbers them."""
    for data in (rows, rows[1:]):
        for column in range(len(rows[0])):
            if data and all(row[column].isdecimal() for row in data):
                return data, column
    return None


def _parsed(text: str, *, json_only: bool) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as problem:
        fault = problem
    if not json_only:
        try:
            return ast.literal_eval(text.strip())
        except (ValueError, SyntaxError, RecursionError, MemoryError):
            pass
    kind = "JSON" if json_only else "a list or mapping of labels, as JSON or Python write it"
    raise _NotNames(f"is not {kind} ({str(fault)[:100]}).") from fault


def _from_data(content: object) -> Sequence[object]:
    if isinstance(content, Mapping) and isinstance(content.get("id2label"), Mapping):
        content = content["id2label"]
    if isinstance(content, (list, tuple)):
        return [_name(item) for item in content]
    if not isinstance(content, Mapping):
        raise _NotNames("holds neither a list of labels nor a mapping of them.")
    if content and all(type(value) is int for value in content.values()):
        return _in_order([(str(index), str(name)) for name, index in content.items()])
    return _in_order([(str(index).strip(), _name(item)) for index, item in content.items()])


def _name(item: Any) -> str:
    if isinstance(item, (list, tuple)) and item and isinstance(item[-1], str):  # ["n01440764", "tench"]
        return item[-1]
    if isinstance(item, (str, int)) and not isinstance(item, bool):
        return str(item)
    raise _NotNames(f"has {repr(item)[:40]} where a label should be.")


def _names_of_lines(lines: Sequence[str]) -> list[str]:
    """The names, in the order of the lines unless every line has an index; ambiguous lines are refused."""
    lines = list(lines)
    first = lines[0].strip().rstrip(":").casefold() if lines else ""
    lines = lines[first in _HEADINGS and len(lines) > 1 :]
    lines = _without_wordnet(lines)
    pairs = [_INDEX_FIRST.fullmatch(line) for line in lines]
    numbered = sum(pair is not None for pair in pairs)
    if lines and numbered == len(lines):
        return _without_wordnet(_in_order([(pair[1], pair[2]) for pair in pairs if pair]))
    marked = [line for line in lines if _MARKED.match(line)]
    if 2 * len(marked) > len(lines):
        odd = next(number for number, pair in enumerate(pairs, 1) if pair is None)
        raise _NotNames(f"has indices in {numbered} of its {len(lines)} lines, and none in number {odd} of them.")
    ends = [_INDEX_LAST.fullmatch(line) for line in lines]
    last = [(end[2], end[1]) for end in ends if end]
    if len(lines) > 1 and len(last) == len(lines) == len({name for _, name in last}) and _count_from_zero(last):
        return _in_order(last)
    return lines


def _without_wordnet(lines: Sequence[str]) -> list[str]:
    """The lines without WordNet's number (``n01440764``), if all have one before a name."""
    found = [_WORDNET.fullmatch(line) for line in lines]
    return [match[1] for match in found if match] if lines and all(found) else list(lines)


def _in_order(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The names of (index, name), sorted; the indices must be 0, 1, 2, ..."""
    by_index = {int(index): name for index, name in pairs if index.isdecimal() and len(index) <= 9}
    missing = next((index for index in range(len(pairs)) if index not in by_index), None)
    if missing is not None:
        raise _NotNames(
            f"numbers {len(pairs)} labels, and none is number {missing}: they count from 0 (numbers that belong to the "
            "names need a JSON list)."
        )
    return [by_index[index] for index in range(len(pairs))]


def _count_from_zero(pairs: Sequence[tuple[str, str]]) -> bool:
    return {index for index, _ in pairs} == {str(index) for index in range(len(pairs))}
