"""Class names from a file of any usual kind, in the order of the network's outputs; or from a folder of training data.

========  ============================================================================================================
text      a name a line
JSON      a list; ``{"0": "tench", ...}``; ImageNet's ``{"0": ["n01440764", "tench"], ...}``; ``{"tench": 0, ...}`` as
          torchvision's ``class_to_idx`` has it; or one of these under ``id2label``, as Hugging Face writes it
CSV, TSV  a name a row; or a column of indices and one of names, with or without a line of headings
a folder  its sub-folders in the order of torchvision's ``ImageFolder``
========  ============================================================================================================
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from igcli.errors import UsageError

HEADINGS = {"class", "classes", "label", "labels", "name", "names", "category", "categories"}
_WHAT = "Give a text file with a name a line, JSON, CSV, or the folder of the training data."


def read_labels(path: Path) -> tuple[str, ...]:
    """The names, at least one.

    Raises
    ------
    UsageError
        The file cannot be read, or does not name every class from 0 upwards once.
    """
    if path.is_dir():
        names: Sequence[object] = sorted(each.name for each in path.iterdir() if each.is_dir())
    else:
        text = _text(path)
        suffix = path.suffix.lower()
        if suffix == ".json":
            names = _from_json(text, path)
        elif suffix in (".csv", ".tsv"):
            names = _from_table(list(csv.reader(text.splitlines(), delimiter="\t" if suffix == ".tsv" else ",")), path)
        else:
            names = text.rstrip().splitlines()
    found = tuple(" ".join(str(name).split()) for name in names)
    if not found:
        raise UsageError(f"{path} has no labels. {_WHAT}")
    if "" in found:
        raise UsageError(f"{path} has no name for class {found.index('')}. {_WHAT}")
    return found


def _text(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"There is no file of labels {path}. {_WHAT}") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}. {_WHAT}") from problem
    except ValueError as problem:
        raise UsageError(f"{path} is no text in UTF-8. {_WHAT}") from problem
    if "\0" in text:
        raise UsageError(f"{path} is no text. {_WHAT}")
    return text


def _from_json(text: str, path: Path) -> Sequence[object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is no JSON ({problem}). {_WHAT}") from problem
    if isinstance(content, Mapping) and isinstance(content.get("id2label"), Mapping):
        content = content["id2label"]
    if isinstance(content, list):
        return [_name(item, path) for item in content]
    if not isinstance(content, Mapping):
        raise UsageError(f"{path} holds neither a list of labels nor a mapping of them. {_WHAT}")
    if all(type(value) is int for value in content.values()):
        content = {str(index): name for name, index in content.items()}
    return _in_order({index: _name(item, path) for index, item in content.items()}, path)


def _from_table(rows: list[list[str]], path: Path) -> Sequence[object]:
    rows = [[cell.strip() for cell in row] for row in rows if any(cell.strip() for cell in row)]
    if not rows:
        return []
    width = max(map(len, rows))
    if width == 1:
        return [row[0] for row in rows[rows[0][0].casefold() in HEADINGS :]]
    if len({len(row) for row in rows}) > 1:
        raise UsageError(f"{path} has rows of different lengths: a name with a comma in it needs quotation marks.")
    for data in (rows, rows[1:]):
        for column in range(width):
            if data and all(row[column].isdecimal() for row in data):
                names = 0 if column == width - 1 else width - 1
                return _in_order({row[column]: row[names] for row in data}, path, len(data))
    raise UsageError(f"{path} has several columns, and none of them holds the classes' indices. {_WHAT}")


def _in_order(names: Mapping[str, object], path: Path, count: int | None = None) -> list[object]:
    """The names by their indices, which must be all from 0 upwards, each once."""
    count = len(names) if count is None else count
    by_index = {int(index): name for index, name in names.items() if str(index).isdecimal()}
    missing = next((index for index in range(count) if index not in by_index), None)
    if missing is not None:
        raise UsageError(f"{path} numbers {count} labels, and none is number {missing}: they count from 0. {_WHAT}")
    return [by_index[index] for index in range(count)]


def _name(item: Any, path: Path) -> str:
    if isinstance(item, list) and item and isinstance(item[-1], str):  # ["n01440764", "tench"]
        return item[-1]
    if isinstance(item, (str, int)) and not isinstance(item, bool):
        return str(item)
    raise UsageError(f"{path} has {str(item)[:40]!r} where a label should be. {_WHAT}")
