"""Writing files whole or not at all.

A file is written under a temporary name in its own folder, flushed to the disk, and renamed: an interruption at any
moment leaves the old file, the new file, or none, never half of one.
"""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from igcli.errors import OutputError


def write_whole(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path``, replacing what is there; the folder is made if it is missing.

    Raises
    ------
    OutputError
        When the folder cannot be written to or the disk is full; nothing is left behind.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, partial = tempfile.mkstemp(prefix=".ig-", suffix=".partial", dir=path.parent)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.chmod(partial, 0o666 & ~_umask())  # noqa: PTH101
            os.replace(partial, path)  # noqa: PTH105
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(partial)  # noqa: PTH108
            raise
    except OSError as error:
        raise _explained(path, error) from error


def check_writable(folder: Path) -> None:
    """Make ``folder`` and try whether files can be made in it, before any work is done.

    Raises
    ------
    OutputError
        When they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise _explained(folder, error) from error


def _explained(path: Path, error: OSError) -> OutputError:
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full: {path} was not written. Make room, or choose another folder with -o.")
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return OutputError(f"{path} cannot be written: a file stands where a folder is needed. Choose another with -o.")
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"{path} cannot be written ({reason}). Choose another folder with -o.")


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
