"""Opening files that may come from anyone: only regular files, and only up to a stated number of bytes.

A pipe or a device under a file's name can block for ever (``mkfifo``) or have no end (``/dev/zero``).
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file for reading bytes; links to one are followed.

    Raises
    ------
    OSError
        The file is not there, may not be read, or is a folder, pipe, socket or device; ``strerror`` says which.
    """
    try:
        return open(path, "rb", opener=_opener)
    except ValueError as problem:  # a NUL in the name
        raise OSError(errno.EINVAL, "its name holds a NUL character", str(path)) from problem


def read_bounded(path: Path, *, limit: int) -> bytes:
    """All bytes of a regular file of at most ``limit`` bytes.

    Raises
    ------
    OSError
        As :func:`open_regular`; or the file is larger, whatever its size is said to be.
    """
    with open_regular(path) as file:
        large = os.fstat(file.fileno()).st_size > limit  # else it may still grow
        content = b"" if large else file.read(limit + 1)
    if large or len(content) > limit:
        raise OSError(errno.EFBIG, f"it has more than {limit:,} bytes, the most that are read of its kind", str(path))
    return content


def _opener(name: str, flags: int) -> int:
    # without O_NONBLOCK, opening a pipe waits for somebody to write to it
    descriptor = os.open(name, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        mode = os.fstat(descriptor).st_mode
        if stat.S_ISDIR(mode):
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), name)
        if not stat.S_ISREG(mode):
            raise OSError(errno.EINVAL, "it is a pipe, a socket or a device, and not a file", name)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor
