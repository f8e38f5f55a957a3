"""Whose the files in an output folder are: a run over a photo may replace those that show this very photo."""

from __future__ import annotations

import json
from bisect import bisect_left
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from igcli.bounded import read_bounded
from igcli.jobs.record import SCHEMA, absolute

#: Records looked into, and how large one may be: the folder may be anybody's.
_MOST, _LARGEST = 200, 2**22
#: How the names end that runs give to files and folders of a photo.
_WRITTEN = (".json", ".png", ".npz", ".gif", ".webp", ".interior")


class Ownership:
    """What lies in an output folder, each of its folders listed once, when it is first asked about."""

    def __init__(self, output: Path) -> None:
        self._output = output
        self._names: dict[Path, list[str]] = {}

    def is_of_photo(self, stem: Path, photo: Path) -> bool:
        """Whether there is a record under this stem, of any class, that names this photo."""
        records = [path for path in self._called(stem) if path.suffix == ".json"][:_MOST]
        return any(photo_of(path) == absolute(photo) for path in records)

    def is_free(self, stem: Path, photo: Path) -> bool:
        """Whether no file is called as one of this photo will be; the photo itself may lie there."""
        taken = (path for path in self._called(stem) if path.name.lower().endswith(_WRITTEN))
        return all(absolute(path) == absolute(photo) for path in taken)

    def _called(self, stem: Path) -> Iterator[Path]:
        """What is called ``<stem>.…``."""
        folder, start = self._output / stem.parent, f"{stem.name}."
        if folder not in self._names:
            self._names[folder] = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        names = self._names[folder]
        place = bisect_left(names, start)
        while place < len(names) and names[place].startswith(start):
            yield folder / names[place]
            place += 1


def photo_of(path: Path) -> str | None:
    """Where the photo lies that a record is of; ``None`` for any other file."""
    image = _record(path).get("image")
    return str(image["absolute"]) if isinstance(image, dict) and image.get("absolute") else None


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
