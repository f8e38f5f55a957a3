"""A list of pictures in CSV or JSON Lines: the column ``path``, optionally ``target``, ``truth`` and a box, and others.

``path`` may be called ``image``, ``file_name`` or ``filename``. ``target`` is the class to explain, ``truth`` (or
``label``) the true one; ``x``, ``y``, ``width`` and ``height``, or ``box``, are the part of the picture that is read.
All but the path and the target go into the records as they are. ``list_rows`` reads the rows; one that cannot be used
is reported with its line, and the others go on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import BinaryIO

from igcli.bounded import open_regular
from igcli.errors import ImageError
from igcli.images.addresses import address_of, ending_at, found_at, is_address, joined
from igcli.images.crop import crop_in
from igcli.images.list_rows import PATH_COLUMNS_IN_WORDS, ListRow, UnreadableList, list_text, recordable, rows_of
from igcli.images.remote import fetched_bytes
from igcli.images.source import Found, kind_of, shown
from igcli.inputs import Missing
from igcli.tables import unescaped_cell

MOST_ROWS = 3_000_000
"""Rows of one list; ImageNet has 1.3 million photos."""

MOST_FAULTS = 1_000
"""Unusable rows of one list that are reported one by one."""

LONGEST_NAME = 5_000
"""Characters of a path that a sentence shows; longer ones no system has."""

TRUTH_COLUMNS = ("truth", "label")
"""Columns of the true class; the first one that is there counts."""

METADATA = ("metadata.csv", "metadata.jsonl")
"""Lists that belong to the folder that they are in, as Hugging Face's imagefolder has them."""


def pictures_listed(file: Path) -> Iterator[Found | Missing]:
    """The pictures that the rows name, in their order. Relative paths are taken from the list's own folder."""
    try:
        with open_regular(file) as raw:
            yield from _pictures(raw, file, file.suffix.lower())
    except UnreadableList as error:
        yield Missing(str(file), f"{shown(file)} {error}")
    except (OSError, UnicodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        yield Missing(
            str(file), f"{shown(file)} cannot be read ({reason}); check its permissions and how it was saved."
        )


def pictures_listed_at(url: str) -> Iterator[Found | Missing]:
    """The pictures that a list at an address names; relative paths are taken from there, and none leads to a file."""
    file = address_of(url)
    try:
        yield from _pictures(BytesIO(fetched_bytes(url)), file, ending_at(url), url=url)
    except ImageError as error:
        yield Missing(str(file), str(error))
    except (UnreadableList, UnicodeError) as error:
        reason = str(error) if isinstance(error, UnreadableList) else "is not text; check the address."
        yield Missing(str(file), f"{shown(file)} {reason}")


def _pictures(raw: BinaryIO, file: Path, ending: str, *, url: str | None = None) -> Iterator[Found | Missing]:
    with list_text(raw) as text:
        rows = rows_of(text, file, ending)
        items = (_item(row, file, url=url) if isinstance(row, ListRow) else row for row in rows)
        yield from _bounded(items, file)


def is_metadata(file: Path) -> bool:
    """Whether a file is the list of its folder's pictures: by its name, and by the column ``file_name``."""
    if file.name.lower() not in METADATA:
        return False
    try:
        with open_regular(file) as raw, list_text(raw) as text:
            first = next(rows_of(text, file, file.suffix.lower()), None)
    except (UnreadableList, OSError, UnicodeError):
        return False
    return isinstance(first, ListRow) and "file_name" in first.folded


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


def _item(row: ListRow, file: Path, *, url: str | None = None) -> Found | Missing:
    """The picture of one row; ``url`` is the address of the list, if it has one."""
    where = f"{shown(file)}, line {row.line}"
    cells, column = row.folded, row.path_column
    if column is None or not cells[column].strip():
        reason = f"names no {column or PATH_COLUMNS_IN_WORDS}; fill it in or leave the row out."
        return Missing(str(file), f"{where} {reason}")
    try:
        crop = crop_in(cells)
    except ValueError as error:
        return Missing(str(file), f"{where} {error}")
    place = _place(cells[column], file, url, where)
    if isinstance(place, Missing):
        return place
    used = (column, "target")
    others = tuple((name, recordable(cell)) for name, cell in row.cells if name and name.casefold() not in used)
    target = unescaped_cell(recordable(cells.get("target", "")).strip()) or None
    return replace(place, target=target, columns=others, truth=_truth(cells), crop=crop)


def _place(cell: str, file: Path, url: str | None, where: str) -> Found | Missing:
    """The picture that a cell names, without what the other cells say of it."""
    if url is not None or is_address(cell):
        try:
            return found_at(cell if url is None else joined(url, cell))
        except ValueError as error:
            name = shown(address_of(cell)) if is_address(cell) else shown(cell[:LONGEST_NAME])
            return Missing(name, f"{name} ({where}) {error}")
    written = Path(cell)
    path = file.parent / written
    kind = kind_of(path)
    if kind == "nothing" and unescaped_cell(cell) != cell:  # of a table that ig has written
        written = Path(unescaped_cell(cell))
        path = file.parent / written
        kind = kind_of(path)
    if kind not in ("file", "other"):
        name = shown(path) if len(str(path)) <= LONGEST_NAME else f"{shown(str(path)[:LONGEST_NAME])}..."
        return Missing(str(path)[:LONGEST_NAME], f"{name} ({where}) {_TROUBLE[kind]}")
    return Found(path, Path(path.name) if written.is_absolute() else written)


def _truth(cells: Mapping[str, str]) -> str | None:
    """The true class in a row, by its columns' names in lower case; ``None`` where it names none."""
    named = next((cells[name] for name in TRUTH_COLUMNS if name in cells), "")
    return unescaped_cell(recordable(named).strip()) or None


_TROUBLE = {
    "nothing": "does not exist; relative paths are taken from the folder that the list is in.",
    "dangling": "is a link to a file that does not exist; name the file itself.",
    "folder": "is a folder; name the pictures in it.",
}
