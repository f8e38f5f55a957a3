"""Whether files in the output folder may be replaced by a run over one photo: those that show this very photo."""

from __future__ import annotations

import glob
import json
import os
from pathlib import Path

from igcli.jobs.record import SCHEMA

#: Records looked into, and how large one may be: the folder may be anybody's.
_MOST, _LARGEST = 200, 2**22


def is_of_photo(output: Path, stem: Path, photo: Path) -> bool:
    """Whether ``output`` has a record under this stem, and it names this photo."""
    folder = output / stem.parent
    records = sorted(folder.glob(f"{glob.escape(stem.name)}.*json"))[:_MOST]
    return any(photo_of(path) == os.path.abspath(photo) for path in records)  # noqa: PTH100 - no links


def photo_of(path: Path) -> str | None:
    """The photo that a record is of; ``None`` for any other file."""
    try:
        record = json.loads(path.read_bytes()) if path.stat().st_size <= _LARGEST else {}
        return os.path.abspath(record["image"]["path"]) if record["schema"] == SCHEMA else None  # noqa: PTH100
    except (OSError, ValueError, TypeError, KeyError, RecursionError):
        return None
