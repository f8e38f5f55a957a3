"""What ``ig`` has left itself: pictures that lie among photos, and are none to work on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from igcli.bounded import open_regular
from igcli.jobs.files import FOLDER
from igcli.jobs.ledger import entries_in
from igcli.jobs.ownership import files_of


def left_by_earlier_runs(output: Path) -> dict[str, bool]:
    """What the ledgers of ``output`` list: files (``True``), and stems that were begun and not finished (``False``)."""
    left: dict[str, bool] = {}
    for path in sorted((output / FOLDER).glob("*.jsonl")):
        for stem, entry in entries_in(path):
            if entry.records:
                left.update(dict.fromkeys((*entry.records, *entry.files), True))
            else:
                left[stem] = False
    return left


def is_result(path: Path, output: Path, left: Mapping[str, bool]) -> bool:
    """Whether a file is what an earlier run has left in ``output``, and so no photo to work on."""
    if (path.suffix.lower() == ".png" and _is_drawn(path)) or _is_recorded(path):
        return True
    try:
        inside = path.resolve().relative_to(output.resolve()).as_posix()
    except (OSError, ValueError):
        return False
    # what a kill has kept from being listed: photo.interior.gif of photo.jpg, or a frame in the folder photo.interior
    stem = re.sub(r"\.interior(\.\w+|/.*)$", "", inside)
    return left.get(inside, False) or (stem != inside and stem in left and not left[stem])


def _is_drawn(path: Path) -> bool:
    """Whether a PNG says in its head that ``ig`` has drawn it."""
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
