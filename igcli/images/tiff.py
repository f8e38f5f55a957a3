"""The tags of a TIFF's first directory and the chain of its directories, read before any pixel.

Source: TIFF 6.0 (Adobe, 1992), sections 2 and 8; BigTIFF's wider offsets. What the tags mean for the samples is in
``tiff_samples``. Nothing is decoded here, and no more is read than the file holds.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from igcli.errors import ImageError

NEW_SUBFILE_TYPE, WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, FILL_ORDER = 254, 256, 257, 258, 259, 262, 266
STRIP_OFFSETS, SAMPLES, ROWS_PER_STRIP, STRIP_SIZES, LOWEST, HIGHEST, PLANAR = 273, 277, 278, 279, 280, 281, 284
PREDICTOR, COLOUR_MAP, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_SIZES = 317, 320, 322, 323, 324, 325
SUB_DIRECTORIES, EXTRA_SAMPLES, SAMPLE_FORMAT, S_LOWEST, S_HIGHEST, DNG_VERSION = 330, 338, 339, 340, 341, 50706

MOST_NUMBERS = 1 << 20
"""Tags of more numbers are ignored: even one row per strip needs fewer."""

Values = tuple[float, ...]


@dataclass(frozen=True)
class Tiff:
    """A TIFF's bytes and the tags of its first directory.

    Attributes
    ----------
    order
        ``"<"`` or ``">"``, as ``struct`` and numpy spell byte orders.
    tags
        The numbers of each tag that holds any.
    following
        Where the next directory begins; 0 where there is none.
    """

    data: bytes
    order: str
    tags: Mapping[int, Values]
    following: int

    def values(self, tag: int, *default: float) -> Values:
        """A tag's numbers, or the default."""
        return self.tags.get(tag) or default

    def whole(self, tag: int, default: int = 0) -> int:
        """A tag's first number as an integer."""
        return int(self.values(tag, default)[0])


def read_directory(data: bytes) -> Tiff | None:
    """The first directory; ``None`` where ``data`` is no TIFF or its directory cannot be read."""
    layout, order = _layout(data)
    if layout is None:
        return None
    try:
        (start,) = struct.unpack_from(order + layout.offset, data, layout.first)
        tags, following = _directory(data, order, layout, start)
    except struct.error:
        return None
    return Tiff(data, order, tags, following)


def pages_of(data: bytes, *, most: int) -> list[Tiff]:
    """The directories of the chain, each once and no more than ``most``; none where the first cannot be read."""
    layout, order = _layout(data)
    page = read_directory(data)
    pages: list[Tiff] = []
    seen: set[int] = set()
    while page is not None and layout is not None:
        pages.append(page)
        place = page.following
        if not place or place in seen or len(pages) == most:
            break
        seen.add(place)
        try:
            page = Tiff(data, order, *_directory(data, order, layout, place))
        except struct.error:  # the chain leads out of the file
            break
    return pages


def count_directories(data: bytes, *, most: int) -> int:
    """How many pictures the chain of directories has; no more than ``most`` are counted."""
    layout, order = _layout(data)
    if layout is None:
        return 1
    seen: set[int] = set()
    try:
        (place,) = struct.unpack_from(order + layout.offset, data, layout.first)
        while place and place not in seen and len(seen) < most:
            (entries,) = struct.unpack_from(order + layout.count, data, place)
            seen.add(place)
            end = place + struct.calcsize("<" + layout.count) + entries * layout.entry
            (place,) = struct.unpack_from(order + layout.offset, data, end)
    except struct.error:  # the chain leads out of the file
        pass
    return max(1, len(seen))


def refuse_raw(tiff: Tiff, name: str) -> None:
    """Raise ``ImageError`` for a camera's raw file, of which Pillow would read a small preview."""
    preview = tiff.whole(NEW_SUBFILE_TYPE) & 1 and (tiff.values(SUB_DIRECTORIES) or tiff.following)
    canon = tiff.data[8:10] == b"CR"
    raw = tiff.whole(PHOTOMETRIC) in _RAW_PHOTOMETRIC
    if tiff.values(DNG_VERSION) or preview or canon or raw:
        raise ImageError(
            f"{name} is a camera's raw file, or begins with a small preview of its picture, and raw data are not "
            "read; export the photo as JPEG, PNG or TIFF with the camera's or any raw converter."
        )


_RAW_PHOTOMETRIC = (32803, 34892)  # a colour filter array, and linear raw


def refuse_unread(tiff: Tiff, name: str) -> None:
    """Raise ``ImageError`` for colours and compressions that are read neither here nor by Pillow, or read wrongly."""
    packing, photometric, bits = tiff.whole(COMPRESSION, 1), tiff.whole(PHOTOMETRIC), set(tiff.values(BITS, 1))
    reason = "" if packing in _READ_PACKINGS else f"compression {packing}"
    if photometric not in _READ_DEPTHS:
        reason = f"PhotometricInterpretation {photometric}"
    elif not bits <= _READ_DEPTHS[photometric]:
        reason = f"PhotometricInterpretation {photometric} in samples of {max(bits):g} bits"
    elif photometric == _CMYK and bits != {8} and tiff.whole(PLANAR, 1) == 2:  # Pillow mixes the planes up
        reason = f"CMYK of {max(bits):g} bits in planes"
    if reason:
        raise ImageError(f"{name} is a TIFF with {reason}, which is not read; save it as RGB or grey, 8 or 16 bits.")


_CMYK = 5
_READ_PACKINGS = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 32771, 32773, 32946, 34925, 50000})
_READ_DEPTHS = {**dict.fromkeys(range(4), frozenset(range(1, 65))), 5: {8, 16}, 6: {8}, 8: {8}}
"""Bits per sample that are read, by PhotometricInterpretation: grey, RGB and palette, CMYK, YCbCr, LAB."""


@dataclass(frozen=True)
class _TiffLayout:
    """The widths of a directory's numbers as ``struct`` letters, and the position of the first directory's offset."""

    count: str
    offset: str
    length: str
    first: int
    entry: int


def _layout(data: bytes) -> tuple[_TiffLayout | None, str]:
    """How the directories are laid out, and the byte order."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2], "")
    if not order or len(data) < 8:
        return None, order
    return _LAYOUTS.get(struct.unpack_from(f"{order}H", data, 2)[0]), order


_LAYOUTS = {42: _TiffLayout("H", "I", "I", 4, 12), 43: _TiffLayout("Q", "Q", "Q", 8, 20)}
_TYPES = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i", 11: "f", 12: "d", 13: "I", 16: "Q", 17: "q", 18: "Q"}
"""The ``struct`` letters of the types that hold numbers; rationals and texts are not needed here."""


def _directory(data: bytes, order: str, layout: _TiffLayout, start: int) -> tuple[dict[int, Values], int]:
    (entries,) = struct.unpack_from(order + layout.count, data, start)
    place = start + struct.calcsize("<" + layout.count)
    tags: dict[int, Values] = {}
    for entry in range(place, min(place + entries * layout.entry, len(data)), layout.entry):
        tag, kind, count = struct.unpack_from(f"{order}HH{layout.length}", data, entry)
        letter = _TYPES.get(kind)
        width = struct.calcsize("<" + layout.offset)
        value = entry + layout.entry - width
        if letter is None or tag not in _KNOWN:
            continue
        size = count * struct.calcsize("<" + letter)
        if count > MOST_NUMBERS:
            continue
        if size > width:
            (value,) = struct.unpack_from(order + layout.offset, data, value)
        if value + size <= len(data):  # else its numbers lie beyond the end of the file
            tags.setdefault(tag, struct.unpack_from(f"{order}{count}{letter}", data, value))
    try:
        (following,) = struct.unpack_from(order + layout.offset, data, place + entries * layout.entry)
    except struct.error:
        following = 0
    return tags, following


_KNOWN = frozenset(range(NEW_SUBFILE_TYPE, S_HIGHEST + 1)) | {DNG_VERSION}
