"""The bytes of one picture in an archive. A compressed tar is unpacked as seldom as possible, and never as a whole."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import closing
from pathlib import Path

from igcli.images.archive_bounds import ArchiveError, archive_errors, check_unchanged
from igcli.images.source import ArchiveMember, Found, shown
from igcli.images.tar_archive import TarArchive
from igcli.images.zip_archive import ZipArchive

BEHIND = 64 << 20
"""Bytes before its position that a reader of a compressed tar remembers: threads ask a little out of order."""

MOST_READERS = 2
"""Zips and compressed tars that are open at a time, or positions in one: drawing may come long after reading."""

_PIECE = 1 << 20


def open_archive(path: Path) -> TarArchive | ZipArchive:
    """Open an archive by its first bytes, whatever its name says.

    Raises
    ------
    ArchiveError
        For a file that cannot be opened, and a zip whose list of members cannot be read.
    """
    with archive_errors(shown(path)), path.open("rb") as file:
        is_zip = file.read(2) == b"PK"
    return ZipArchive(path) if is_zip else TarArchive(path)


def read_member(member: ArchiveMember) -> bytes:
    """All bytes of the member; fewer than ``member.size`` where a tar was cut off.

    The members of plain tars and zips are read in any order. In a compressed tar, everything before has to be unpacked:
    asked for in about their order, by any thread, its members cost one pass.

    Raises
    ------
    ArchiveError
        For an archive that is gone, damaged or not the one that was listed.
    """
    if member.form != "tar":
        return _READERS.read(member)
    with closing(_opened(member)) as archive:
        assert isinstance(archive, TarArchive)  # noqa: S101  # by its form
        archive.seek(member.offset)
        data = archive.read(member.size)
        check_unchanged(archive.file, archive.state, member.state, archive.name)
    return data


def is_sequential(found: Found) -> bool:
    """Whether reading it means unpacking everything before, which each of several processes would have to do."""
    return found.member is not None and found.member.form == "compressed tar"


def _opened(member: ArchiveMember) -> TarArchive | ZipArchive:
    archive = ZipArchive(member.archive) if member.form == "zip" else TarArchive(member.archive)
    if archive.form == member.form:
        return archive
    archive.close()
    raise ArchiveError(f"{shown(member.archive)} has changed since it was listed; start again.")


class _Reader:
    """An open zip, or a compressed tar at one position with the bytes just before it."""

    def __init__(self, member: ArchiveMember, version: object) -> None:
        self.archive = _opened(member)
        self.version = version
        self.start = 0
        self._recent = bytearray()

    def read(self, member: ArchiveMember) -> bytes:
        """The member's bytes; it must not begin before ``start``."""
        archive = self.archive
        data = archive.read(member.offset) if isinstance(archive, ZipArchive) else self._unpacked(archive, member)
        check_unchanged(archive.file, archive.state, member.state, archive.name)
        return data

    def _unpacked(self, archive: TarArchive, member: ArchiveMember) -> bytes:
        end = member.offset + member.size
        while archive.position < end:
            piece = archive.read(min(_PIECE, end - archive.position))
            if not piece:
                break
            self._recent += piece
            self._forget(min(archive.position - BEHIND, member.offset))
        data = bytes(self._recent[member.offset - self.start : end - self.start])
        self._forget(archive.position - BEHIND)
        return data

    def _forget(self, position: int) -> None:
        """Everything before ``position``."""
        if position > self.start:
            del self._recent[: position - self.start]
            self.start = position


class _Readers:
    """The archives that are open in this process, the one used last at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[_Reader] = []

    def read(self, member: ArchiveMember) -> bytes:
        with self._lock:
            reader = self._take(member)
            try:
                data = reader.read(member)
            except BaseException:  # its position is unknown
                reader.archive.close()
                raise
            self._open.append(reader)
            return data

    def close(self) -> None:
        while self._open:
            self._open.pop().archive.close()

    def _take(self, member: ArchiveMember) -> _Reader:
        """The nearest one that need not go back, else a new one."""
        version = _version(member)
        able = [reader for reader in self._open if reader.version == version and reader.start <= member.offset]
        if able:
            nearest = max(able, key=lambda reader: reader.start)
            self._open.remove(nearest)
            return nearest
        while len(self._open) >= MOST_READERS:
            self._open.pop(0).archive.close()
        return _Reader(member, version)


_READERS = _Readers()
atexit.register(_READERS.close)


def _version(member: ArchiveMember) -> object:
    """The same as long as the archive is; a forked process shares its parent's position, and so opens its own."""
    try:
        status = member.archive.stat()
    except (OSError, ValueError):
        return None  # opening it says what is wrong
    return os.getpid(), member.archive, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
