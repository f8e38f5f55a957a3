"""The bytes of one picture in an archive. A compressed one is unpacked as seldom as can be, and never as a whole."""

from __future__ import annotations

import atexit
import os
import threading
from contextlib import closing

from igcli.images.source import Found, Member, shown
from igcli.images.unpacking import ArchiveError, Stream

BEHIND = 64 << 20
"""Bytes behind its place that a reader of a compressed archive remembers: threads ask a little out of order."""

MOST_READERS = 2
"""Compressed archives that are open at a time, or places in one: drawing may lag behind reading."""

_PIECE = 1 << 20


def read_member(member: Member) -> bytes:
    """All that there is of the member; less than ``member.size`` where the archive was cut off.

    A plain tar's members are read in any order. In a compressed one, all that comes before has to be unpacked: asked
    for in about their order, by any thread, its members cost one pass.

    Raises
    ------
    ArchiveError
        For an archive that is gone, damaged or another one than was listed.
    """
    if member.compressed:
        return _READERS.read(member)
    with closing(_opened(member)) as stream:
        stream.skip_to(member.offset)
        data = stream.read(member.size)
        stream.check_unchanged(member.state)
    return data


def is_sequential(found: Found) -> bool:
    """Whether reading it means unpacking all that comes before, so that each of several processes would do all that."""
    return found.member is not None and found.member.compressed


def _opened(member: Member) -> Stream:
    stream = Stream(member.archive)
    if stream.compressed == member.compressed:
        return stream
    stream.close()
    raise ArchiveError(f"{shown(member.archive)} has changed since it was listed; start again.")


class _Reader:
    """A compressed archive, open at one place, and the bytes just before that place."""

    def __init__(self, member: Member, version: object) -> None:
        self.stream = _opened(member)
        self.version = version
        self.start = 0
        self._kept = bytearray()

    def read(self, member: Member) -> bytes:
        """The member's bytes; it must not begin before ``start``."""
        end = member.offset + member.size
        while self.stream.position < end:
            piece = self.stream.read(min(_PIECE, end - self.stream.position))
            if not piece:
                break
            self._kept += piece
            self._forget(self.stream.position - max(BEHIND, self.stream.position - member.offset))
        data = bytes(self._kept[member.offset - self.start : end - self.start])
        self._forget(self.stream.position - BEHIND)
        return data

    def _forget(self, position: int) -> None:
        """All before ``position``."""
        if position > self.start:
            del self._kept[: position - self.start]
            self.start = position


class _Readers:
    """The compressed archives that are open in this process, the one used last at the end."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._open: list[_Reader] = []

    def read(self, member: Member) -> bytes:
        with self._lock:
            reader = self._take(member)
            try:
                data = reader.read(member)
                reader.stream.check_unchanged(member.state)
            except BaseException:  # wherever it now is
                reader.stream.close()
                raise
            self._open.append(reader)
            return data

    def close(self) -> None:
        while self._open:
            self._open.pop().stream.close()

    def _take(self, member: Member) -> _Reader:
        """The nearest one that need not go back, else a new one."""
        version = _version(member)
        able = [reader for reader in self._open if reader.version == version and reader.start <= member.offset]
        if able:
            nearest = max(able, key=lambda reader: reader.start)
            self._open.remove(nearest)
            return nearest
        while len(self._open) >= MOST_READERS:
            self._open.pop(0).stream.close()
        return _Reader(member, version)


_READERS = _Readers()
atexit.register(_READERS.close)


def _version(member: Member) -> object:
    """The same as long as the archive is; a forked process, which shares its parent's place, has one of its own."""
    try:
        status = member.archive.stat()
    except (OSError, ValueError):
        return None  # opening it says what is wrong
    return os.getpid(), member.archive, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns
