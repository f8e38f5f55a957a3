"""The strips and tiles of a TIFF joined: bytes unpacked, differences added up, bits converted to numbers.

What the numbers mean is in ``tiff_samples``. Source: TIFF 6.0 (Adobe, 1992), sections 3, 14 and 15; for differences of
floats Adobe's Technical Note 3 (2005).
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from PIL import Image

from igcli.images import tiff as tag
from igcli.images.tiff import Tiff
from igcli.lazy import np

UNSIGNED, SIGNED, FLOATING, UNDEFINED = 1, 2, 3, 4
"""Values of SampleFormat."""

PLAIN = 1
"""The value of Compression for none."""

MOST_PIECES = 1 << 17
"""Strips and tiles that are read of one picture: each costs time, and a small file can name very many."""


@dataclass(frozen=True)
class Shape:
    """How the samples lie in the file.

    Attributes
    ----------
    count
        Samples per pixel.
    depths, formats
        The bits and the SampleFormats that occur among them; one of each in all files that are read.
    photometric
        The value of PhotometricInterpretation; -1 where there is none.
    planar
        Whether each sample of the pixels has a plane of its own.
    """

    width: int
    height: int
    count: int
    depths: frozenset[int]
    formats: frozenset[int]
    photometric: int
    planar: bool

    @property
    def bits(self) -> int:
        """Bits per sample."""
        return min(self.depths)

    @property
    def format(self) -> int:
        """The SampleFormat."""
        return min(self.formats)


def shape_of(tiff: Tiff) -> Shape:
    """How the samples of the first directory lie, by its tags and their defaults."""
    return Shape(
        tiff.whole(tag.WIDTH),
        tiff.whole(tag.HEIGHT),
        tiff.whole(tag.SAMPLES, 1),
        frozenset(map(int, tiff.values(tag.BITS, 1))),
        frozenset(map(int, tiff.values(tag.SAMPLE_FORMAT, UNSIGNED))),
        tiff.whole(tag.PHOTOMETRIC, -1),
        tiff.whole(tag.PLANAR, 1) == 2 and tiff.whole(tag.SAMPLES, 1) > 1,
    )


def read_bands(tiff: Tiff, shape: Shape, kept: Sequence[int], *, tolerant: bool) -> np.ndarray:
    """(H, W, len(kept)) samples, put together from the strips or tiles."""
    own = np.dtype(f"{tiff.order}{_letter(shape)}{_bytes(shape.bits)}")
    whole = np.zeros((shape.height, shape.width, len(kept)), own.newbyteorder("="))
    for piece in _pieces(tiff, shape, tolerant=tolerant):
        if shape.planar and piece.band not in kept:
            continue
        bits = piece.width * piece.count * shape.bits
        data = _unpacked(tiff, piece, (bits + 7) // 8, tolerant=tolerant)
        samples = _parsed(data, piece, tiff, shape).reshape(piece.height, piece.width, piece.count)
        place = whole[piece.top : piece.top + piece.height, piece.left : piece.left + piece.width]
        part = samples[: place.shape[0], : place.shape[1]]
        if shape.planar:
            place[:, :, kept.index(piece.band)] = part[:, :, 0]
        else:
            place[:] = part[:, :, kept]
    return whole


@dataclass(frozen=True)
class _Piece:
    """A strip or a tile: where it lies in the picture and in the file, and how many samples a pixel it holds."""

    top: int
    left: int
    height: int
    width: int
    band: int
    count: int
    offset: int
    size: int


def _pieces(tiff: Tiff, shape: Shape, *, tolerant: bool) -> Iterator[_Piece]:
    tiled = bool(tiff.values(tag.TILE_WIDTH))
    width = tiff.whole(tag.TILE_WIDTH) if tiled else shape.width
    height = tiff.whole(tag.TILE_HEIGHT) if tiled else min(tiff.whole(tag.ROWS_PER_STRIP, shape.height), shape.height)
    if min(width, height) < 1 or width * height > 4 * max(1 << 24, shape.width * shape.height):
        raise EOFError("tiles or strips of an impossible size")
    offsets = tiff.values(tag.TILE_OFFSETS) if tiled else tiff.values(tag.STRIP_OFFSETS)
    sizes = tiff.values(tag.TILE_SIZES) if tiled else tiff.values(tag.STRIP_SIZES)
    sizes = sizes or (len(tiff.data),) * len(offsets)
    planes, count = (shape.count, 1) if shape.planar else (1, shape.count)
    rows, columns = (range(0, side, step) for side, step in ((shape.height, height), (shape.width, width)))
    pieces = planes * len(rows) * len(columns)
    if pieces > MOST_PIECES:
        raise ValueError(f"unsupported: {pieces:,} strips or tiles in one picture, more than {MOST_PIECES:,}")
    if min(len(offsets), len(sizes)) < pieces and not tolerant:
        raise EOFError("strips or tiles are missing")
    places = itertools.product(range(planes), rows, columns)
    for (band, top, left), offset, size in zip(places, offsets, sizes, strict=False):
        height_here = height if tiled else min(height, shape.height - top)
        yield _Piece(top, left, height_here, width, band, count, int(offset), int(size))


def _unpacked(tiff: Tiff, piece: _Piece, row: int, *, tolerant: bool) -> bytes:
    """The piece's bytes, ``row`` of them per row.

    Packed ones are given to libtiff as an 8-bit grey picture that is as wide as a row has bytes.
    """
    packed = tiff.data[piece.offset : piece.offset + piece.size]
    packing, size = tiff.whole(tag.COMPRESSION, PLAIN), row * piece.height
    fill = tiff.whole(tag.FILL_ORDER, 1)
    if fill == 2:  # the bits of each byte the other way round
        packed = packed.translate(_REVERSED)
    if packing == PLAIN:
        data = packed[:size]
    elif not packed:
        data = b""
    else:
        try:
            with Image.open(io.BytesIO(_grey(packed, row, piece.height, packing)), formats=["TIFF"]) as image:
                data = image.tobytes()
        except Exception:
            if not tolerant:
                raise
            data = b""
    if len(data) < size and not tolerant:
        raise EOFError(f"{size - len(data):,} bytes of pixels are missing")
    return data.ljust(size, b"\0")


_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def _grey(packed: bytes, width: int, height: int, packing: int) -> bytes:
    """A TIFF around one strip."""
    tags = (
        (tag.WIDTH, width), (tag.HEIGHT, height), (tag.BITS, 8), (tag.COMPRESSION, packing),
        (tag.PHOTOMETRIC, 1), (tag.STRIP_OFFSETS, 8), (tag.SAMPLES, 1), (tag.ROWS_PER_STRIP, height),
        (tag.STRIP_SIZES, len(packed)),
    )  # fmt: skip
    even = packed + b"\0" * (len(packed) % 2)
    entries = b"".join(struct.pack("<HHII", number, 4, 1, value) for number, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(even)) + even + struct.pack("<H", len(tags)) + entries + bytes(4)


def _parsed(data: bytes, piece: _Piece, tiff: Tiff, shape: Shape) -> np.ndarray:
    """(rows, samples a row), the predictor undone."""
    per_row = piece.width * piece.count
    predictor = tiff.whole(tag.PREDICTOR, 1) if tiff.whole(tag.COMPRESSION, PLAIN) != PLAIN else 1
    letter, width = _letter(shape), shape.bits // 8
    if shape.bits not in (8, 16, 32, 64):
        return _from_bits(data, piece.height, per_row, shape.bits, order=tiff.order)
    if predictor == 3:  # differences of bytes, the highest bytes of all samples first
        rows = np.frombuffer(data, np.uint8).reshape(piece.height, -1, piece.count)
        rows = np.cumsum(rows, axis=1, dtype=np.uint8).reshape(piece.height, width, per_row)
        return np.ascontiguousarray(rows.transpose(0, 2, 1)).view(f">{letter}{width}").reshape(piece.height, per_row)
    if predictor == 2:  # differences of samples, modulo their width
        rows = np.frombuffer(data, f"{tiff.order}u{width}").reshape(piece.height, -1, piece.count)
        summed = np.cumsum(rows, axis=1, dtype=f"u{width}")
        return summed.view(f"{letter}{width}").reshape(piece.height, per_row)
    return np.frombuffer(data, f"{tiff.order}{letter}{width}").reshape(piece.height, per_row)


def _from_bits(data: bytes, rows: int, per_row: int, bits: int, *, order: str) -> np.ndarray:
    """Samples that do not fill bytes: highest bit first, each row from a byte of its own; of 24 bits in file order."""
    lines = np.frombuffer(data, np.uint8).reshape(rows, -1)
    if bits == 24:
        triples = lines[:, : 3 * per_row].reshape(rows, per_row, 3)
        high, middle, low = (triples[:, :, i].astype(np.uint32) for i in ((2, 1, 0) if order == "<" else (0, 1, 2)))
        return high << 16 | middle << 8 | low
    samples = np.zeros((rows, per_row), f"u{_bytes(bits)}")
    for start in range(0, rows, _ROWS):
        single = np.unpackbits(lines[start : start + _ROWS], axis=1)[:, : per_row * bits]
        single = single.reshape(len(single), per_row, bits)
        for bit in range(bits):
            samples[start : start + _ROWS] = samples[start : start + _ROWS] << 1 | single[:, :, bit]
    return samples


_ROWS = 64


def _letter(shape: Shape) -> str:
    return {FLOATING: "f", SIGNED: "i"}.get(shape.format, "u")


def _bytes(bits: int) -> int:
    """The width of the smallest numpy integer that holds so many bits."""
    return next(width for width in (1, 2, 4, 8) if bits <= 8 * width)
