"""Opening what lies in an output folder, which may be anybody's: regular files only, so that nothing waits or grows.

A file that is appended to must be a file of this folder alone: through a link, or a second name of the same file, a
line would be written elsewhere. A pipe would be waited for, a device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO

from igcli.errors import OutputError
from igcli.jobs.files import output_error

#: Bytes of the largest file of a run's own that is read back.
LARGEST = 2**28

_SAFELY = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


def open_to_append(path: Path) -> int:
    """A descriptor that appends to ``path``, which is created if it is not there; its folder must be there.

    Raises
    ------
    OutputError
        For a link, a file with a second name (a hard link), a pipe, a device or a folder; and where it cannot be
        written.
    """
    try:
        if os.path.lexists(path):
            _refuse(path, path.lstat())  # opening a device can already do something
        descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | _SAFELY | _NO_LINK, 0o666)
        try:
            _refuse(path, os.fstat(descriptor))
        except BaseException:
            os.close(descriptor)
            raise
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):  # a link since the question
            raise OutputError(f"{path} is a link: remove it, or choose another folder with -o.") from None
        raise output_error(path, error) from error
    return descriptor


def open_regular(path: Path) -> BinaryIO:
    """A regular file, open to be read.

    Raises
    ------
    OSError
        Where there is no such file, and where it is a pipe, a device or a folder.
    """
    descriptor = os.open(path, os.O_RDONLY | _SAFELY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def read_regular(path: Path, *, limit: int = LARGEST, at_most: bool = False) -> bytes:
    """All bytes of a regular file, or of a larger one the first ``limit`` with ``at_most``.

    Raises
    ------
    OSError
        Where there is no such file, where it is a pipe, a device or a folder, and where it has more than ``limit``
        bytes.
    """
    with open_regular(path) as file:
        data = file.read(limit if at_most else limit + 1)
    if len(data) > limit:
        raise OSError(errno.EFBIG, "too large", str(path))
    return data


def _refuse(path: Path, status: os.stat_result) -> None:
    if stat.S_ISLNK(status.st_mode):
        raise OutputError(f"{path} is a link: remove it, or choose another folder with -o.")
    if not stat.S_ISREG(status.st_mode):
        kind = next((word for test, word in _KINDS if test(status.st_mode)), "device")
        raise OutputError(f"{path} is a {kind} and not a file: remove it, or choose another folder with -o.")
    if status.st_nlink > 1:
        raise OutputError(
            f"{path} has a second name (a hard link), and what is written to one is written to both: replace it by a "
            "copy, or choose another folder with -o."
        )


_KINDS = ((stat.S_ISFIFO, "pipe"), (stat.S_ISSOCK, "socket"), (stat.S_ISDIR, "folder"))
