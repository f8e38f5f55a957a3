"""Partial files: written under another name and renamed when complete; those of killed processes are removed.

A partial file is locked (``fcntl``) while its process lives, so that no other process removes it. On Windows an open
file cannot be removed.
"""

from __future__ import annotations

import os
import re
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

if sys.platform != "win32":
    import fcntl

_NAME = re.compile(r".+\.[0-9a-f]{32}\.part")


@contextmanager
def partial_file(destination: Path) -> Iterator[BinaryIO]:
    """A new file next to ``destination``, which replaces it at the end of the block, or is removed if that raises."""
    destination.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(destination.parent)
    partial, file = _created(destination)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        partial.replace(destination)
    finally:
        with suppress(OSError):
            partial.unlink()


def _created(destination: Path) -> tuple[Path, BinaryIO]:
    while True:
        partial = destination.with_name(f"{destination.name}.{uuid.uuid4().hex}.part")
        file = partial.open("xb")
        if sys.platform == "win32":
            return partial, file
        with suppress(OSError):  # some network drives know no locks
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if partial.exists():  # not removed by another process before it was locked
            return partial, file
        file.close()


def _remove_abandoned(folder: Path) -> None:
    """Remove partial files whose process has ended."""
    for path in folder.iterdir():
        if not _NAME.fullmatch(path.name) or path.is_symlink() or not path.is_file():
            continue
        with suppress(OSError):
            if sys.platform == "win32":
                path.unlink()
                continue
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink()
