"""Files that are not whole yet: written under another name, and renamed when they are; what a kill left is removed.

A partial file is locked while its process lives, where the system can (``fcntl``); elsewhere an open file cannot be
removed. So another process's is never taken for one that was left.
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
    """A new file beside ``destination``, which takes its place when the block ends, and is removed when it raises.

    Raises
    ------
    OSError
        The folder cannot be made or written to.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    _remove_left(destination.parent)
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


def _remove_left(folder: Path) -> None:
    """Remove partial files whose process is gone."""
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
