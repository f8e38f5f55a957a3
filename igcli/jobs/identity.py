"""By what a photo is recognised in a later run: which one it is, and whether it is still as it was when it was read."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any

from igcli.errors import ImageError
from igcli.images.opening import contents_of
from igcli.images.source import FileState, Found
from igcli.jobs.record import to_json

#: Of what cannot be compared: a file that is gone, a pipe.
UNKNOWN = (-1, -1)


def owner_of(found: Found) -> str:
    """What distinguishes a photo from others, and from itself where a list says something else of it."""
    place = 0 if found.member is None else found.member.offset
    said = to_json(dict(found.columns)) if found.columns else ""
    listed = hashlib.sha256(said.encode()).hexdigest()[:16] if said else ""
    return json.dumps([os.path.abspath(found.path), place, found.target, listed])  # noqa: PTH100


def source_of(found: Found) -> tuple[int, int]:
    """What changes when the file does: its size and when it was written; of a member, the archive's."""
    path = found.path if found.member is None else found.member.archive
    try:
        state = FileState.of(path.stat())
    except OSError:
        return UNKNOWN
    return (state.size, state.modified_ns)


def source_read(image: Mapping[str, Any]) -> tuple[int, int]:
    """The same as of the moment when the bytes were read, from the ``image`` of a record."""
    file = image.get("file")
    return UNKNOWN if file is None else (int(file["size"]), int(file["modified_ns"]))


def sha256_of(found: Found) -> str | None:
    """The SHA-256 of the file's bytes, in hexadecimal; ``None`` where they cannot be read."""
    if found.member is None and not found.path.is_file():  # a pipe gives its bytes only once
        return None
    try:
        return hashlib.sha256(contents_of(found).data).hexdigest()
    except ImageError:
        return None
