"""The members of a tar, plain or compressed, by Python's ``tarfile``: from its beginning to its end, within bounds.

``tarfile`` takes a header's word for sizes. It reads as much into memory as is claimed, goes round in circles where a
size is negative (CVE-2025-8194), takes hours over a megabyte of digits (CVE-2024-6232), and ends without a word where a
header is damaged. Here it reads through :class:`_Headers`, which goes forwards only and gives it a limited number of
bytes per member.
"""

from __future__ import annotations

import importlib
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, BinaryIO, cast

from igcli.errors import IgError
from igcli.images.archive_bounds import ArchiveEntry, ArchiveError, archive_errors, check_unpacked, state_of
from igcli.images.source import shown

MOST_HEADER = 1 << 20
"""Bytes of the headers of one member: its long name, its times and owners, the map of its holes."""

XZ_MEMORY = 256 << 20
"""Bytes that unpacking xz may need; ``xz -9`` needs 65 MiB, a header can ask for 4 GiB."""

SECONDS, BYTES_PER_SECOND = 60, 1 << 20
"""Processor time for listing an archive: so many seconds, and one more for so many bytes. Usual is a fiftieth."""


class TarArchive:
    """A tar's bytes, unpacked on the way; every method raises :class:`ArchiveError` where it cannot go on.

    Attributes
    ----------
    position
        Bytes read or skipped so far, unpacked.
    form
        ``"tar"``, or ``"compressed tar"``: then going forward means unpacking.
    """

    def __init__(self, path: Path) -> None:
        self.name, self.position = shown(path), 0
        with archive_errors(self.name):
            self.file: BinaryIO = path.open("rb")
        try:
            with archive_errors(self.name):
                self.state = state_of(self.file)
                unpacked = _unpacked(self.file, self.name)
        except ArchiveError:
            self.file.close()
            raise
        self._bytes = unpacked or self.file
        self.form = "compressed tar" if unpacked else "tar"

    def entries(self) -> Iterator[ArchiveEntry]:
        """The members in their order, without folders. Those before an error are good."""
        headers, tar = _Headers(self), None
        started = time.thread_time()
        while True:
            headers.left = MOST_HEADER
            try:
                tar = tar or tarfile.TarFile(fileobj=cast("IO[bytes]", headers), encoding="utf-8")
                info = tar.next()
                tar.members.clear()  # type: ignore[attr-defined]  # or it keeps them all
                tar.pax_headers.clear()  # type: ignore[attr-defined]  # what one says of all that follow
            except IgError:
                raise
            except Exception as error:  # also of hostile headers: RecursionError, ValueError, IndexError
                if self.position == 0 and not headers.last:
                    return
                raise self.cut() if headers.is_short else self.damaged() from error
            if info is None:
                break
            if info.size < 0:
                raise self.damaged()
            if time.thread_time() - started > SECONDS + self.position / BYTES_PER_SECOND:
                raise ArchiveError(f"{self.name} takes absurdly long to list; unpack it yourself and name the folder.")
            if not info.isdir():
                yield ArchiveEntry(info.name.partition("\0")[0], info.offset_data, info.size, _problem(info))
        if headers.last.strip(b"\0"):  # zeros are the end, and so is the end of the file
            raise self.cut() if headers.is_short else self.damaged()

    def text(self, entry: ArchiveEntry) -> bytes:
        """The bytes of a small member, before the next one is asked for."""
        self.seek(entry.offset)
        data = self.read(entry.size)
        if len(data) < entry.size:  # the half of an index is another index
            raise self.cut()
        return data

    def head(self, entry: ArchiveEntry, size: int) -> bytes:
        """The first ``size`` bytes of a member, or as many as it has, before the next one is asked for."""
        self.seek(entry.offset)
        return self.read(min(size, entry.size))

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only where the archive ends."""
        self._check(self.position + size)
        if self.form == "tar":
            size = min(size, max(0, self.state.size - self.position))  # what is not there takes no memory
        with archive_errors(self.name):
            data = self._bytes.read(size)
        self.position += len(data)
        return data

    def seek(self, position: int) -> None:
        """Go forward to ``position``, or to the end if that comes first."""
        self._check(position)
        with archive_errors(self.name):
            self._bytes.seek(position)
            self.position = self._bytes.tell()

    def close(self) -> None:
        """Close the file."""
        self._bytes.close()
        self.file.close()

    def _check(self, position: int) -> None:
        if position < self.position:
            raise self.damaged()
        if self.form != "tar":
            check_unpacked(position, self.state.size, self.name)
        elif position >= 1 << 63:  # more than a file can have
            raise self.cut()

    def cut(self) -> ArchiveError:
        """What to raise where the archive ends and should not."""
        return ArchiveError(f"{self.name} is cut off in the middle of a member; copy or download it again.")

    def damaged(self) -> ArchiveError:
        """What to raise where no header can be."""
        if self.position <= tarfile.BLOCKSIZE:
            return ArchiveError(
                f"{self.name} is no tar or zip archive, or its beginning is damaged; copy or download it again."
            )
        return ArchiveError(f"{self.name} is damaged after {self.position:,} bytes; copy or download it again.")


class _Headers:
    """The file that ``tarfile`` reads headers from.

    Attributes
    ----------
    left
        Bytes that it may still read of this member's headers.
    last
        What it read last.
    is_short
        Whether that was less than it asked for.
    """

    def __init__(self, archive: TarArchive) -> None:
        self._archive = archive
        self.left, self.last, self.is_short = MOST_HEADER, b"", False

    def tell(self) -> int:
        return self._archive.position

    def seek(self, position: int) -> None:
        self._archive.seek(position)

    def read(self, size: int) -> bytes:
        if not 0 <= size <= self.left:
            raise self._archive.damaged()
        self.left -= size
        self.last = self._archive.read(size)
        self.is_short = len(self.last) < size
        if _DIGITS.search(self.last):
            raise self._archive.damaged()
        return self.last


_DIGITS = re.compile(rb"[0-9]{1025}")
"""More in a row than the longest name that is read has."""


def _problem(info: tarfile.TarInfo) -> str:
    if info.issparse():
        return "is stored as a sparse file; pack it again without --sparse."
    if info.issym() or info.islnk():
        return "is a link, and links in archives are not followed; pack it with --dereference --hard-dereference."
    if not info.isreg():
        return "is a device, or of an unknown kind; pack the picture itself."
    return ""


def _unpacked(packed: BinaryIO, name: str) -> BinaryIO | None:
    """What unpacks ``packed``, by its first bytes; ``None`` where nothing needs to."""
    start = packed.read(4096)
    packed.seek(0)
    packing = next((module for signature, module in _PACKINGS.items() if start.startswith(signature)), None)
    if packing is None:
        return None
    try:
        module = importlib.import_module(packing)
    except ImportError:
        tool = packing.rpartition(".")[2]
        raise ArchiveError(
            f"{name} is packed with {tool}, which this Python cannot unpack (zstd needs Python 3.14); "
            "unpack it yourself and name the folder."
        ) from None
    if packing == "lzma":  # lzma.open has no limit of its own
        module.LZMADecompressor(module.FORMAT_XZ, memlimit=XZ_MEMORY).decompress(start, 1)
    return cast("BinaryIO", module.open(packed))


_PACKINGS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "lzma", b"\x28\xb5\x2f\xfd": "compression.zstd"}
"""The first bytes of what is packed, and the module that unpacks it; any of these can be missing from a Python."""
