"""Opening what lies in an output folder, which may be anybody's: regular files only, so that nothing waits or grows.

A file that is appended to must be a file of this folder alone: through a link, or a second name of the same file, a
line would be written elsewhere. A pipe would be waited for, a device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from igcli.bounded import read_bounded
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


def read_own(path: Path) -> bytes:
    """All bytes of a file that a run has written; ``OSError`` for no regular file and for more than ``LARGEST``."""
    return read_bounded(path, limit=LARGEST)


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
