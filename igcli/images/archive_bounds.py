"""What tar and zip archives have in common: a member, the error, and how many bytes may be unpacked."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import BinaryIO

from igcli.errors import IgError, ImageError
from igcli.images.source import FileState

ALWAYS_UNPACKED = 256 << 20
"""Bytes that any compressed archive may unpack to, however small it is."""

UNPACKED_PER_BYTE = 100
"""Further bytes for each byte of the archive; photos are compressed already and come to about one."""


class ArchiveError(ImageError):
    """An archive that cannot be read, or not any further."""


@dataclass(frozen=True)
class ArchiveEntry:
    """A member of an archive as its header describes it; folders are none.

    Attributes
    ----------
    name
        Whatever is written there, up to a NUL; bytes that are not UTF-8 as lone surrogates.
    offset
        Of its bytes in the unpacked tar; of its header in a zip.
    problem
        Why its bytes are not read, as the end of a sentence that begins with its name; empty if they are.
    """

    name: str
    offset: int
    size: int
    problem: str = ""


def state_of(file: BinaryIO) -> FileState:
    """The size and time of an open file."""
    return FileState.of(os.fstat(file.fileno()))


def check_unpacked(position: int, packed: int, name: str) -> None:
    """Raise :class:`ArchiveError` if an archive of ``packed`` bytes should not unpack to as many as ``position``."""
    limit = ALWAYS_UNPACKED + UNPACKED_PER_BYTE * packed
    if position > limit:
        raise ArchiveError(
            f"{name} unpacks, or claims to, to more than {limit:,} bytes, absurdly much for its size; if you trust it, "
            "unpack it yourself and name the folder."
        )


def check_unchanged(file: BinaryIO, opened: FileState, listed: FileState | None, name: str) -> None:
    """Raise :class:`ArchiveError` if an archive was written to since it was opened or listed."""
    if not opened == state_of(file) == (listed or opened):
        raise ArchiveError(f"{name} has changed since it was listed; start again.")


@contextmanager
def archive_errors(name: str) -> Iterator[None]:
    """Whatever opening, reading or unpacking raises becomes an :class:`ArchiveError` about ``name``."""
    try:
        yield
    except IgError:
        raise
    except FileNotFoundError:
        raise ArchiveError(f"{name} does not exist; check the spelling and the folder.") from None
    except PermissionError:
        raise ArchiveError(f"{name} may not be read; change its permissions, or copy it.") from None
    except MemoryError:
        raise ArchiveError(f"{name} does not fit into memory; make its pictures smaller.") from None
    except Exception as error:  # each way of packing has errors of its own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise ArchiveError(f"{name} is cut off or damaged ({reason}); copy or download it again.") from error
