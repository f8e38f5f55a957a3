"""The members of a zip, by Python's ``zipfile``: any of them at any time, within bounds."""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from igcli.images.archive_bounds import ArchiveEntry, ArchiveError, archive_errors, check_unpacked, state_of
from igcli.images.source import shown

MOST_DIRECTORY = 32 << 20
"""Bytes of the list of members at the end of a zip, about 100 for each; Python needs some ten times the memory."""

_PIECE = 1 << 20


class ZipArchive:
    """An open zip; every method raises :class:`ArchiveError` for what cannot be read."""

    form = "zip"

    def __init__(self, path: Path) -> None:
        self.name = shown(path)
        with archive_errors(self.name):
            self.file = _Bounded(io.FileIO(path))
        try:
            with archive_errors(self.name):
                self.state = state_of(self.file)
                self._zip = zipfile.ZipFile(self.file)
        except ArchiveError:
            self.file.close()
            raise

    def entries(self) -> Iterator[ArchiveEntry]:
        """The members in the order of the zip's own list, without folders."""
        infos = self._zip.infolist()
        check_unpacked(sum(info.file_size for info in infos), self.state.size, self.name)
        names: set[str] = set()
        offsets: set[int] = set()
        for info in infos:
            if not info.is_dir():
                is_double = info.filename in names or info.header_offset in offsets
                problem = "is in the archive more than once; only the first is read." if is_double else _problem(info)
                yield ArchiveEntry(_name(info), info.header_offset, info.file_size, problem)
            names.add(info.filename)
            offsets.add(info.header_offset)

    def text(self, entry: ArchiveEntry) -> bytes:
        """The bytes of a small member."""
        return self.read(entry.offset)

    def head(self, entry: ArchiveEntry, size: int) -> bytes:
        """The first ``size`` bytes of a member, or as many as it has; none where it is damaged."""
        try:
            with archive_errors(self.name), self._zip.open(self._infos[entry.offset]) as member:
                return member.read(size)
        except ArchiveError:  # said of this member when it is read, and no reason to end the list
            return b""

    def read(self, offset: int) -> bytes:
        """The bytes of the member whose header is at ``offset``: as many as the zip says, and of its checksum."""
        info = self._infos.get(offset)
        if info is None:
            raise ArchiveError(f"{self.name} has changed since it was listed; start again.")
        name = f"{self.name}/{shown(_name(info))}"
        with archive_errors(name), self._zip.open(info) as member:
            data = b"".join(iter(lambda: member.read(_PIECE), b""))
        if len(data) != info.file_size:
            raise ArchiveError(
                f"{name} has {len(data):,} bytes and should have {info.file_size:,}; pack or download it again."
            )
        return data

    def close(self) -> None:
        """Close the file."""
        self._zip.close()
        self.file.close()

    @cached_property
    def _infos(self) -> dict[int, zipfile.ZipInfo]:
        return {info.header_offset: info for info in reversed(self._zip.infolist())}


class _Bounded(io.BufferedReader):
    """A file of which no long piece is read at once."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MOST_DIRECTORY:
            raise zipfile.BadZipFile(f"its list of members has more than {MOST_DIRECTORY:,} bytes; split it")
        return super().read(size)


def _name(info: zipfile.ZipInfo) -> str:
    """The name with slashes, where old programs on Windows write backslashes; as UTF-8, marked as such or not."""
    name = info.filename.replace("\\", "/")
    if info.flag_bits & 0x800:
        return name
    try:
        return name.encode("cp437").decode()
    except UnicodeError:
        return name


def _problem(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 1:
        return "is encrypted; unpack the archive with its password and name the folder."
    if stat.S_ISLNK(info.external_attr >> 16):
        return "is a link, and links in archives are not followed; pack the picture itself."
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return f"is compressed by method {info.compress_type}, which is not read; pack it by deflate, as zip does."
    return ""
