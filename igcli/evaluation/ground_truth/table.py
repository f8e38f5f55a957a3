"""Boxes in a CSV file: path, xmin, ymin, xmax, ymax and perhaps label, one box per row, several rows per photo.

The numbers are edges in pixels counted from 0, so that 0, 0, width, height is the whole photo. A first row with the
columns' names allows any order and further columns; without one, the order is the one above. A row whose four
numbers are left empty says that there is no object in the photo.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from igcli.evaluation.ground_truth.annotation import Annotated, AnnotationError, Box, named, read_text

LARGEST_FILE = 1_000_000_000
"""Bytes; ten million boxes take half of it."""

EDGES = ("xmin", "ymin", "xmax", "ymax")
_OTHER_NAMES = {"filename": "path", "image": "path", "class": "label"}


@dataclass(frozen=True)
class Row:
    """Cells by the names of their columns, and where the row is."""

    cells: Mapping[str, str]
    where: str


def read_table(path: Path) -> list[Annotated]:
    """What the file says about each photo, in the order in which the photos first appear.

    Raises
    ------
    AnnotationError
        For a file that is no such table, or an edge that is no number; it names the line.
    """
    photos: dict[str, list[Box]] = {}
    for row in rows(path, ("path", *EDGES), optional=("label",)):
        boxes = photos.setdefault(row.cells["path"], [])
        if any(row.cells[side] for side in EDGES):
            left, top, right, bottom = (_edge(row, side) for side in EDGES)
            boxes.append(Box(left, top, right, bottom, row.cells["label"] or None, row.where))
    return [Annotated(named(photo), tuple(boxes)) for photo, boxes in photos.items()]


def rows(path: Path, columns: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> Iterator[Row]:
    """The rows of a CSV file that are not blank.

    Parameters
    ----------
    columns
        Those that must be there; the first one may not be empty.
    optional
        Those that are the empty text where they are missing.

    Raises
    ------
    AnnotationError
        For a file that is no table, or a row with too few cells; it names the line.
    """
    reader = csv.reader(io.StringIO(read_text(path, limit=LARGEST_FILE), newline=""), strict=True)
    order: dict[str, int] | None = None
    try:
        for cells in reader:
            texts, where = [cell.strip() for cell in cells], f"{path} line {reader.line_num}"
            if not any(texts):
                continue
            if order is None:
                order = _order(texts, columns, optional, where)
                if columns[-1] in _plain(texts):
                    continue
            row = {name: texts[place] if place < len(texts) else "" for name, place in order.items()}
            _check(row, len(texts), order, columns, where)
            yield Row({**dict.fromkeys(optional, ""), **row}, where)
    except csv.Error as error:
        raise AnnotationError(f"{path} line {reader.line_num} is not CSV ({error}); export the file again.") from None


def _order(first: list[str], columns: tuple[str, ...], optional: tuple[str, ...], where: str) -> dict[str, int]:
    """The position of each column: as the first row names them, or in the documented order."""
    names = _plain(first)
    if columns[-1] not in names:
        return {name: place for place, name in enumerate((*columns, *optional))}
    missing = [name for name in columns if name not in names]
    if missing:
        raise AnnotationError(f"{where} names the columns, but not {', '.join(missing)}; add what is missing.")
    return {name: names.index(name) for name in (*columns, *optional) if name in names}


def _plain(cells: list[str]) -> list[str]:
    names = [cell.casefold() for cell in cells]
    return [_OTHER_NAMES.get(name, name) for name in names]


def _check(row: Mapping[str, str], found: int, order: Mapping[str, int], columns: tuple[str, ...], where: str) -> None:
    needed = max(order[name] for name in columns) + 1
    if found < needed:
        raise AnnotationError(
            f"{where} has {found} of {needed} cells; write {', '.join(columns)} with commas between them."
        )
    if not row[columns[0]]:
        raise AnnotationError(f"{where} has no {columns[0]}; say which photo is meant.")


def _edge(row: Row, side: str) -> float:
    try:
        return float(row.cells[side])
    except ValueError:
        raise AnnotationError(
            f"{row.where}: {side} is {row.cells[side]!r}; give a number of pixels (columns: path, {', '.join(EDGES)})."
        ) from None
