"""The headers of a tar, read one after the other; nothing is extracted, and nothing is kept.

ustar, GNU and pax (POSIX.1-2008, "pax Interchange Format"), giving the members that Python's ``tarfile`` gives. That
module takes a header's word for sizes: it reads as much into memory as is claimed, and turns in circles where a size is
negative (CVE-2025-8194). Here no claim is followed before it is bounded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from igcli.images.unpacking import ArchiveError, Stream

BLOCK = 512

LONGEST_EXTENSION = 1 << 20
"""Bytes that the records before a member (its long name, its times and owners) may have."""


@dataclass(frozen=True)
class Entry:
    """A member as its header describes it.

    Attributes
    ----------
    name
        Whatever was written there; bytes that are no UTF-8 as lone surrogates.
    kind
        ``"file"``, ``"folder"``, ``"link"``, ``"sparse"``, or ``"other"``: a device, a pipe, or unknown.
    offset, size
        Of its bytes, in the unpacked archive.
    """

    name: str
    kind: str
    offset: int
    size: int


def entries(stream: Stream) -> Iterator[Entry]:
    """The members, in their order; before asking for the next, one may read this one's bytes from ``stream``.

    Raises
    ------
    ArchiveError
        Where the archive cannot be followed any further; the members before that are good.
    """
    extension = _Extension()
    while (block := stream.read(BLOCK)).strip(b"\0"):  # zeros are the end, and so is the end of the file
        kind, name, size = _header(block, stream)
        if kind == b"S":
            _skip_map(block, stream)
        start = stream.position
        if kind in (b"L", b"x", b"X"):
            extension = _extended(extension, kind, size, stream)
        elif kind not in (b"g", b"K"):  # records for all members, and long targets of links: nothing needed here
            name, size = extension.name or name, size if extension.size is None else extension.size
            yield Entry(name, "sparse" if extension.sparse else _kind(kind, name), start, size)
            extension = _Extension()
        if kind not in _WITHOUT_DATA:
            stream.skip_to(start + _whole_blocks(size))
    if extension != _Extension():
        raise stream.cut()


@dataclass(frozen=True)
class _Extension:
    """What is said of the next member beside its own header."""

    name: str | None = None
    size: int | None = None
    sparse: bool = False


_WITHOUT_DATA = frozenset({b"1", b"2", b"3", b"4", b"5", b"6"})
"""Links, devices, folders and pipes, whatever size they claim."""


def _kind(kind: bytes, name: str) -> str:
    if kind == b"\0" and name.endswith("/"):  # how folders were told before they had a sign of their own
        return "folder"
    return _KINDS.get(kind, "other")


_KINDS = {
    b"0": "file", b"\0": "file", b"7": "file", b"1": "link", b"2": "link", b"5": "folder", b"S": "sparse",
}  # fmt: skip


def _header(block: bytes, stream: Stream) -> tuple[bytes, str, int]:
    """The kind, the name and the size that a member's header gives."""
    if len(block) < BLOCK:
        raise stream.cut()
    size = _number(block[124:136])
    if size is None or not _checks(block):
        raise _damaged(stream)
    name = _text(block[:100])
    if block[257:263] == b"ustar\0" and block[345] != 0:
        name = f"{_text(block[345:500])}/{name}"
    return block[156:157], name, size


def _checks(block: bytes) -> bool:
    fields = block[:148] + b" " * 8 + block[156:]
    stated, added = _number(block[148:156]), sum(fields)
    # Some old programs added the bytes up as signed numbers.
    return stated == added or stated == added - 256 * sum(byte > 127 for byte in fields)


def _number(field: bytes) -> int | None:
    """Octal digits, or for large sizes a binary number behind a set bit; ``None`` for anything else."""
    if field[0] == 0x80:
        return int.from_bytes(field[1:], "big")
    digits = field.partition(b"\0")[0].strip()
    return int(digits or b"0", 8) if re.fullmatch(rb"[0-7]*", digits) else None


def _extended(before: _Extension, kind: bytes, size: int, stream: Stream) -> _Extension:
    """``before`` and what a GNU long name or a block of pax records adds."""
    if size > LONGEST_EXTENSION:
        raise _damaged(stream)
    data = stream.read(size)
    if len(data) < size:
        raise stream.cut()
    if kind == b"L":
        return replace(before, name=_text(data))
    records = _records(data, stream)
    name, length = records.get(b"GNU.sparse.name", records.get(b"path")), records.get(b"size")
    if length is not None and not re.fullmatch(rb"[0-9]{1,20}", length):
        raise _damaged(stream)
    return _Extension(
        name=before.name if name is None else _text(name).rstrip("/"),
        size=before.size if length is None else int(length),
        sparse=before.sparse or any(key.startswith(b"GNU.sparse.") for key in records),
    )


def _records(data: bytes, stream: Stream) -> dict[bytes, bytes]:
    """``"%d %s=%s\\n"``, where the number counts the whole record."""
    records, position = {}, 0
    while match := _RECORD.match(data, position):
        end = position + int(match[1])
        if not match.end() < end <= len(data):
            raise _damaged(stream)
        records[match[2]] = data[match.end() : end - 1]
        position = end
    return records


_RECORD = re.compile(rb"([0-9]{1,7}) ([^=\n]{1,256})=")


def _skip_map(block: bytes, stream: Stream) -> None:
    """Leave out the map of a GNU sparse file, which goes on for as many blocks as it says."""
    more = block[482]
    while more:
        block = stream.read(BLOCK)
        if len(block) < BLOCK:
            raise stream.cut()
        more = block[504]


def _text(field: bytes) -> str:
    return field.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def _whole_blocks(size: int) -> int:
    return -(-size // BLOCK) * BLOCK


def _damaged(stream: Stream) -> ArchiveError:
    if stream.position <= BLOCK:
        return ArchiveError(f"{stream.name} is no tar archive, or its beginning is damaged; copy or download it again.")
    return ArchiveError(f"{stream.name} is damaged after {stream.position:,} bytes; copy or download it again.")
