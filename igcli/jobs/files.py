"""The files in an output folder: written whole or not at all, never through a link, with errors as sentences."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from igcli.bounded import read_bounded
from igcli.errors import OutputError
from igcli.partial_files import partial_file, remove_partials

#: In an output folder: what is for ``ig`` alone.
FOLDER = ".igcli"


def write_whole(path: Path, data: bytes | Iterable[bytes]) -> None:
    """Write ``data``, all at once or piece by piece, to ``path``, replacing what is there; the folder is made.

    Raises
    ------
    OutputError
        When the folder cannot be written to or the disk is full; no partial file remains.
    """
    try:
        with partial_file(path) as file:
            file.writelines([data] if isinstance(data, bytes) else data)
    except OSError as error:
        raise output_error(path, error) from error


def inside(output: Path, path: Path) -> Path:
    """``path``, if its folder lies in ``output``.

    Raises
    ------
    OutputError
        When a link leads out of it.
    """
    if not path.parent.resolve().is_relative_to(output.resolve()):
        raise OutputError(f"{path} would lie outside {output}. Remove the link that leads there.")
    return path


def unlinked(output: Path, path: Path) -> Path:
    """``path``, if it lies in ``output`` and is no link, which would be written through.

    Raises
    ------
    OutputError
        When it is.
    """
    if path.is_symlink():
        raise OutputError(f"{path} is a link: remove it, or choose another folder with -o.")
    return inside(output, path)


def check_writable(folder: Path) -> None:
    """Make ``folder`` and try whether files can be made in it, before any work is done.

    Half-written files of killed runs are removed.

    Raises
    ------
    OutputError
        When they cannot.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
        remove_partials(folder)
    except OSError as error:
        raise output_error(folder, error) from error


def output_error(path: Path, error: OSError) -> OutputError:
    """Why ``path`` could not be written, as a sentence."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return OutputError(f"The disk is full: {path} was not written. Make room, or choose another folder with -o.")
    if isinstance(error, (FileExistsError, NotADirectoryError)):
        return OutputError(f"{path} cannot be written: a file stands where a folder is needed. Choose another with -o.")
    reason = (error.strerror or str(error)).lower()
    return OutputError(f"{path} cannot be written ({reason}). Choose another folder with -o.")


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
