"""Which input the files in an output folder are of: a run may replace those of the same photo or entry only."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from igcli.bounded import open_regular, read_bounded
from igcli.images.addresses import absolute
from igcli.images.list_rows import recordable
from igcli.images.source import Found
from igcli.inputs import TextInput
from igcli.jobs.files import FOLDER
from igcli.jobs.item import Input
from igcli.jobs.outputs.record import SCHEMA
from igcli.jobs.runs.ledger import entries_in

#: Records looked into, and how large one may be: the folder may be anybody's.
_MOST, _LARGEST = 200, 2**22
#: Journals of runs that write no file of a photo, and how the names end that runs give to files and folders of a photo.
_WITHOUT_FILES = ("predictions.jsonl",)
_WRITTEN = (".json", ".png", ".npz", ".gif", ".webp", ".interior", ".html", ".svg")


class Ownership:
    """The files in an output folder; each sub-folder is listed once, when it is needed."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._names: dict[Path, list[str]] = {}

    def is_of(self, stem: Path, found: Input) -> bool:
        """Whether there is a record under this stem, of any class, that names this photo or entry."""
        records = [path for path in self._called(stem) if path.suffix == ".json"][:_MOST]
        if isinstance(found, TextInput):
            return any(entry_sha256_of(path) == found.sha256 for path in records)
        return any(photo_of(path) == recordable(absolute(found.path)) for path in records)

    def is_free(self, stem: Path, found: Input) -> bool:
        """Whether no file has a name that a file of this input will have; a photo itself may be there."""
        taken = (path for path in self._called(stem) if path.name.lower().endswith(_WRITTEN))
        return all(isinstance(found, Found) and absolute(path) == absolute(found.path) for path in taken)

    def _called(self, stem: Path) -> Iterator[Path]:
        """The paths whose names begin with ``<stem>.``."""
        folder, start = self._output / stem.parent, f"{stem.name}."
        if folder not in self._names:
            self._names[folder] = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        names = self._names[folder]
        place = bisect_left(names, start)
        while place < len(names) and names[place].startswith(start):
            yield folder / names[place]
            place += 1


def is_drawn(path: Path) -> bool:
    """Whether a file is a PNG that igcli has drawn."""
    try:
        with open_regular(path) as file:
            head = file.read(256)
    except OSError:
        return False
    return head.startswith(b"\x89PNG") and b"Software" in head and b"igcli" in head


def photo_of(path: Path) -> str | None:
    """The absolute path of the photo that a record is of; ``None`` for any other file."""
    image = _record(path).get("image")
    return str(image["absolute"]) if isinstance(image, dict) and image.get("absolute") else None


def entry_sha256_of(path: Path) -> str | None:
    """The SHA-256 of the entry that a record is of; ``None`` for any other file."""
    entry = _record(path).get("input")
    return str(entry["sha256"]) if isinstance(entry, dict) and entry.get("sha256") else None


def files_of(path: Path) -> list[str]:
    """The files that a record lists, below its output folder; none for any other file."""
    files = _record(path).get("files")
    return list(map(str, files.values())) if isinstance(files, dict) else []


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(read_bounded(path, limit=_LARGEST))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) and record.get("schema") == SCHEMA else {}


def written_by_earlier_runs(output: Path) -> dict[str, bool]:
    """What the ledgers of ``output`` list: files (``True``), and stems that were begun and not finished (``False``)."""
    written: dict[str, bool] = {}
    for path in sorted(set((output / FOLDER).glob("*.jsonl")) - {output / FOLDER / name for name in _WITHOUT_FILES}):
        for stem, entry in entries_in(path):
            if entry.records:
                written.update(dict.fromkeys((*entry.records, *entry.files), True))
            else:
                written[stem] = False
    return written


def is_result(path: Path, output: Path, written: Mapping[str, bool]) -> bool:
    """Whether a file was written to ``output`` by an earlier run, and so is no photo to work on."""
    if (path.suffix.lower() == ".png" and _is_drawn(path)) or _is_recorded(path):
        return True
    try:
        inside = path.resolve().relative_to(output.resolve()).as_posix()
    except (OSError, ValueError):
        return False
    # not listed because the run was killed: photo.interior.gif of photo.jpg, or a frame in the folder photo.interior
    stem = re.sub(r"\.interior(\.\w+|/.*)$", "", inside)
    return written.get(inside, False) or (stem != inside and stem in written and not written[stem])


def _is_drawn(path: Path) -> bool:
    """Whether the metadata of a PNG say that ``ig`` has drawn it."""
    try:
        with open_regular(path) as file:
            head = file.read(2048)
    except OSError:
        return False
    return b"Software\0\0\0\0\0igcli" in head or b"Software\0igcli" in head  # by Pillow, by matplotlib


def _is_recorded(path: Path) -> bool:
    """Whether a record of its name lists the file, as ``photo.interior.json`` does ``photo.interior.gif``."""
    record = path.with_suffix(".json")
    return record.exists() and path.name in {Path(name).name for name in files_of(record)}
