"""By what a photo is known again in a later run: which one it is, and whether it is still as it was."""

from __future__ import annotations

import hashlib
import json
import os

from igcli.images.finding import Found
from igcli.jobs.record import to_json


def owner_of(found: Found) -> str:
    """What a photo is told from others by, and from itself where a list says something else of it."""
    place = 0 if found.member is None else found.member.offset
    said = to_json(dict(found.columns)) if found.columns else ""
    listed = hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""
    return json.dumps([os.path.abspath(found.path), place, found.target, listed])  # noqa: PTH100


def source_of(found: Found) -> tuple[int, int]:
    """What changes when the file does: its size and when it was written."""
    path = found.path if found.member is None else found.member.archive
    try:
        status = path.stat()
    except OSError:
        return (-1, -1)
    return (status.st_size, status.st_mtime_ns)
