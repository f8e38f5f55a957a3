"""GIF, APNG and WebP files read by their specifications: a second reader besides Pillow, which wrote them.

Only the container is read: how many frames there are, how long each stays, how often all of them play.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field


@dataclass
class Container:
    size: tuple[int, int] = (0, 0)
    plays: int = 1  # 0 is without end
    durations: list[int] = field(default_factory=list)  # ms
    bytes_read: int = 0


def read_gif(data: bytes) -> Container:
    assert data[:6] == b"GIF89a"
    width, height, flags = struct.unpack("<HHB", data[6:11])
    found = Container((width, height))
    at = 13 + (3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0)
    while data[at] != 0x3B:
        if data[at] == 0x21:
            kind = data[at + 1]
            if kind == 0xF9:
                found.durations.append(10 * struct.unpack("<H", data[at + 4 : at + 6])[0])
            if kind == 0xFF and data[at + 3 : at + 14] == b"NETSCAPE2.0":
                repeats = struct.unpack("<H", data[at + 16 : at + 18])[0]
                found.plays = repeats + 1 if repeats else 0
            at = _after_blocks(data, at + 2)
        else:
            assert data[at] == 0x2C
            local = data[at + 9]
            left, top, across, down = struct.unpack("<HHHH", data[at + 1 : at + 9])
            assert left + across <= width
            assert top + down <= height
            at = _after_blocks(data, at + 11 + (3 * 2 ** ((local & 7) + 1) if local & 0x80 else 0))
            found.bytes_read += 1
    assert found.bytes_read == len(found.durations), "an image without a duration"
    found.bytes_read = at + 1
    return found


def _after_blocks(data: bytes, at: int) -> int:
    while data[at]:
        at += data[at] + 1
    return at + 1


def read_apng(data: bytes) -> Container:
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    found, at, promised = Container(), 8, 0
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            found.size = struct.unpack(">II", body[:8])
        if kind == b"acTL":
            promised, found.plays = struct.unpack(">II", body)
        if kind == b"fcTL":
            numerator, denominator = struct.unpack(">HH", body[20:24])
            assert numerator * 1000 % (denominator or 100) == 0
            found.durations.append(numerator * 1000 // (denominator or 100))
        at += 12 + length
    assert promised == len(found.durations)
    found.bytes_read = at
    return found


def read_webp(data: bytes) -> Container:
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WEBP"
    found, at = Container(), 12
    while at < len(data):
        kind, length = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        body = data[at + 8 : at + 8 + length]
        if kind == b"VP8X":
            found.size = tuple(1 + int.from_bytes(body[i : i + 3], "little") for i in (4, 7))
        if kind == b"ANIM":
            found.plays = struct.unpack("<H", body[4:6])[0]
        if kind == b"ANMF":
            found.durations.append(int.from_bytes(body[12:15], "little"))
        at += 8 + length + length % 2
    found.bytes_read = at
    return found


READERS = {".gif": read_gif, ".png": read_apng, ".webp": read_webp}
