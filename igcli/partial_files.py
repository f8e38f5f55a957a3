"""Files that are written under a temporary name in their own folder, flushed to the disk, and renamed when complete.

An interruption at any moment results in the old file, the new file, or none, never half of one.
"""

from __future__ import annotations

import os
import platform
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

_ENDING = ".partial"
#: Seconds after which a file half-written on another machine is taken for abandoned.
_STALE = 3600.0


@contextmanager
def partial_file(path: Path) -> Iterator[BinaryIO]:
    """A new file that replaces ``path`` at the end of the block, or is removed if that raises; the folder is made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, partial = tempfile.mkstemp(prefix=_own_prefix(), suffix=_ENDING, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.chmod(partial, 0o666 & ~_umask())  # noqa: PTH101
        os.replace(partial, path)  # noqa: PTH105
    except BaseException:
        with suppress(OSError):
            os.unlink(partial)  # noqa: PTH108
        raise


def remove_partials(folder: Path) -> None:
    """Remove the partial files of writers that were killed; those of writers still at work stay."""
    host = _own_prefix().rpartition("-")[0].rpartition("-")[0]
    for path in folder.glob(f".ig-*{_ENDING}"):
        machine, _, rest = path.name.removesuffix(_ENDING).rpartition("-")[0].rpartition("-")
        with suppress(OSError):
            dead = not _alive(rest) if machine == host else time.time() - path.stat().st_mtime > _STALE
            if dead:
                path.unlink()


def _own_prefix() -> str:
    """``.ig-<machine>-<process>-``, by which a later run sees whether the writer is still running."""
    machine = "".join(c for c in platform.node() if c.isalnum())[:32]
    return f".ig-{machine}-{os.getpid()}-"


def _alive(process: str) -> bool:
    try:
        os.kill(int(process), 0)
    except (ProcessLookupError, ValueError):
        return False
    except OSError:
        return True
    return True


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
