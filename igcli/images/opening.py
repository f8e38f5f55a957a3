"""The bytes of a photo, and how its file was when they were read.

They are bounded, whatever the path leads to: a device, a pipe, a file of many gigabytes, a member of an archive.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from igcli.errors import ImageError
from igcli.images.decoding import check_beginning
from igcli.images.members import read_member
from igcli.images.remote import fetched_bytes
from igcli.images.signatures import HEAD
from igcli.images.source import FileState, Found, shown

MOST_BYTES = 1 << 30
"""Longer files are refused unread; a picture of 178 million pixels in 16-bit grey has a third of that."""

MOST_PIPED = 1 << 28
"""Bytes that are read from a pipe, which may never end."""

#: How often a file that is written to while it is read is read again.
_ATTEMPTS = 3

_STREAMS = ("/dev/fd/", "/proc/self/fd/")


@dataclass(frozen=True)
class Contents:
    """A file's or a member's bytes; ``state`` is the file's or the archive's, ``None`` for a pipe or an address."""

    data: bytes
    state: FileState | None


def contents_of(source: Found) -> Contents:
    """All of the file, of the member, or of what is at the address, read once.

    Raises
    ------
    ImageError
        Where there is nothing to read, too much, or a file that is being written to.
    """
    name = shown(source.path)
    if source.url is not None:
        contents = Contents(fetched_bytes(source.url), None)
    elif source.member is None:
        contents = Contents(*file_bytes(source.path, name))
    else:
        check_length(source.member.size, name)
        contents = Contents(read_member(source.member), source.member.state)
    if not contents.data:
        raise ImageError(f"{name} is empty (zero bytes); copy or download it again.")
    return contents


def file_bytes(path: Path, name: str) -> tuple[bytes, FileState | None]:
    """All of a file, or of what comes on ``/dev/stdin``; a file that begins unlike any picture is not read further.

    Returns
    -------
    tuple
        The bytes, and how the file was while they were read; ``None`` for a pipe.

    Raises
    ------
    ImageError
        For what is missing, no regular file, too long, something else than a picture, or a file that is written to
        each time it is read.
    """
    for _ in range(_ATTEMPTS):
        data, before, after = _read(path, name)
        if before == after:
            return data, before
    raise ImageError(f"{name} is being written to; run again when it is complete.")


def _read(path: Path, name: str) -> tuple[bytes, FileState | None, FileState | None]:
    """The bytes, and the file's state before and after."""
    with _explained(path, name), open(path, "rb", opener=_without_waiting) as file:
        limit = _limit(status := os.fstat(file.fileno()), path, name)
        if stat.S_ISFIFO(status.st_mode):
            os.set_blocking(file.fileno(), True)
        head = file.read(HEAD)
        check_beginning(head, name)
        check_length(status.st_size, name, limit)  # before the memory is taken
        data = head + file.read(limit + 1 - len(head))
        after = os.fstat(file.fileno())
    check_length(len(data), name, limit)
    if not stat.S_ISREG(status.st_mode):
        return data, None, None
    return data, FileState.of(status), FileState.of(after)


def check_length(size: int, name: str, limit: int | None = None) -> None:
    """Raise ``ImageError`` for more bytes than are read of a photo, :data:`MOST_BYTES` by default."""
    limit = MOST_BYTES if limit is None else limit
    if size > limit:
        raise ImageError(
            f"{name} has more than the {limit:,} bytes that are read of a photo; save the picture alone, smaller "
            "or compressed."
        )


def _without_waiting(path: str, flags: int) -> int:
    """Open a pipe without waiting for a writer."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


@contextmanager
def _explained(path: Path, name: str) -> Iterator[None]:
    """Whatever the system raises becomes an :class:`ImageError`."""
    try:
        yield
    except IsADirectoryError:
        raise _folder(name) from None
    except FileNotFoundError:
        raise ImageError(f"{name} does not exist; check the spelling and the folder.") from None
    except PermissionError:
        if path.is_dir():  # as Windows answers
            raise _folder(name) from None
        raise ImageError(f"{name} may not be read; change its permissions, or copy it.") from None
    except (OSError, ValueError, MemoryError) as error:
        reason = getattr(error, "strerror", None) or str(error) or "not enough memory"
        raise ImageError(f"{name} cannot be read ({reason}); check the path and the disk.") from error


def is_stream(path: Path) -> bool:
    """Whether the path is this process's own standard input or an open descriptor, which may be a pipe."""
    spelled = os.path.abspath(path)  # noqa: PTH100 - links are not followed
    return spelled == "/dev/stdin" or spelled.startswith(_STREAMS)


def _limit(status: os.stat_result, path: Path, name: str) -> int:
    """How many bytes may be read; raises for pipes and devices that are not read at all."""
    kind = status.st_mode
    if stat.S_ISFIFO(kind):
        if not is_stream(path):
            raise ImageError(f"{name} is a pipe; save the picture to a file, or give it on stdin as /dev/stdin.")
        return MOST_PIPED
    if not stat.S_ISREG(kind):  # /dev/zero never ends
        raise ImageError(f"{name} is a device, not a file; save the picture to a file first.")
    return MOST_BYTES


def _folder(name: str) -> ImageError:
    return ImageError(f"{name} is a folder; name the pictures in it.")
