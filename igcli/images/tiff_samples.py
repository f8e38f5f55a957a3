"""The samples of a TIFF that Pillow does not read or reads wrongly, from its tags.

That is all that is not 1 to 8 unsigned bits in one of the usual arrangements: from 16 bits upwards Pillow passes over
PhotometricInterpretation 0 (white is 0), and it takes planar 16-bit colour for chunky and 32-bit integers for signed.
Source: TIFF 6.0 (Adobe, 1992); predictors: section 14, and Adobe's Technical Note 3 (2005) for floating point.
"""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image

from igcli.errors import ImageError
from igcli.images import tiff as tag
from igcli.images.levels import FLOAT, Range, Samples, signed, unsigned
from igcli.images.tiff import Tiff
from igcli.lazy import np

MOST_BYTES_PER_PIXEL = 64
"""Wider pixels, of hundreds of bands, are no photo."""

UNSIGNED, SIGNED, FLOATING, UNDEFINED = 1, 2, 3, 4
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3
_PLAIN = 1
_PACKINGS = frozenset({5, 8, 32773, 32946, 34925, 50000})  # LZW, deflate, PackBits, deflate, LZMA, zstandard


def weight(tiff: Tiff) -> int:
    """How many pixels of a usual picture one pixel counts for: one for every 8 bytes of it."""
    return -(-tiff.whole(tag.SAMPLES, 1) * tiff.whole(tag.BITS, 1) // 64)


def is_special(tiff: Tiff) -> bool:
    """Whether the samples are to be read here and not by Pillow."""
    shape = _shape(tiff)
    if shape.photometric not in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE) or tiff.whole(tag.WIDTH) < 1:
        return False
    usual = shape.formats <= {UNSIGNED, UNDEFINED} and shape.depths <= {1, 2, 4, 8}
    if not usual or len(shape.depths) > 1:
        return True
    colours = 3 if shape.photometric == _RGB else 1
    if shape.depths == {8}:
        extras = len(tiff.values(tag.EXTRA_SAMPLES))
        return shape.count > colours + 1 or (shape.planar and shape.count != colours) or extras > 1
    return shape.count > 1


def read_samples(tiff: Tiff, *, name: str, tolerant: bool) -> Samples:
    """The samples of the first directory.

    Raises
    ------
    ImageError
        For arrangements that are not read, naming them.
    EOFError
        Where pixels are missing and ``tolerant`` is false; else these are 0.
    """
    shape = _shape(tiff)
    colours = 3 if shape.photometric == _RGB else 1
    _check(tiff, shape, colours, name)
    extra = tiff.values(tag.EXTRA_SAMPLES)
    opacity = next((colours + i for i, kind in enumerate(extra) if kind in (1, 2) and colours + i < shape.count), None)
    kept = [*range(colours), *([] if opacity is None else [opacity])]
    bands = _bands(tiff, shape, kept, tolerant=tolerant)
    values, notes = bands[:, :, :colours], []
    unread = shape.count - len(kept)
    if unread:
        notes.append(f"{unread} more band{'s' * (unread > 1)} not read")
    if shape.photometric == _PALETTE:
        return _looked_up(tiff, shape, values[:, :, 0], tuple(notes), name)
    kind, nominal = _meaning(shape)
    return Samples(
        values,
        kind,
        nominal,
        _stated(tiff, colours),
        inverted=shape.photometric == _WHITE_IS_ZERO,
        alpha=None if opacity is None else _opacity(bands[:, :, -1], shape),
        premultiplied=opacity is not None and extra[opacity - colours] == 1,
        notes=tuple(notes),
    )


@dataclass(frozen=True)
class _Shape:
    """How the samples lie in the file."""

    width: int
    height: int
    count: int
    depths: frozenset[int]
    formats: frozenset[int]
    photometric: int
    planar: bool

    @property
    def bits(self) -> int:
        return min(self.depths)

    @property
    def format(self) -> int:
        return min(self.formats)


def _shape(tiff: Tiff) -> _Shape:
    return _Shape(
        tiff.whole(tag.WIDTH),
        tiff.whole(tag.HEIGHT),
        tiff.whole(tag.SAMPLES, 1),
        frozenset(map(int, tiff.values(tag.BITS, 1))),
        frozenset(map(int, tiff.values(tag.SAMPLE_FORMAT, UNSIGNED))),
        tiff.whole(tag.PHOTOMETRIC, -1),
        tiff.whole(tag.PLANAR, 1) == 2 and tiff.whole(tag.SAMPLES, 1) > 1,
    )


def _check(tiff: Tiff, shape: _Shape, colours: int, name: str) -> None:
    """Raise ``ImageError`` for what is legal and not read."""
    packing = tiff.whole(tag.COMPRESSION, _PLAIN)
    depths = {
        FLOATING: {16, 32, 64},
        SIGNED: {8, 16, 32, 64},
        UNSIGNED: {*range(1, 33), 64},
        UNDEFINED: {*range(1, 33), 64},
    }
    reason = ""
    if len(shape.depths) > 1 or len(shape.formats) > 1:
        reason = "samples of different types in one pixel"
    elif shape.bits not in depths.get(shape.format, ()):
        reason = f"samples of {shape.bits} bits and SampleFormat {shape.format}"
    elif packing != _PLAIN and packing not in _PACKINGS:
        reason = f"samples of {shape.bits} bits under compression {packing}"
    elif shape.count < colours:
        reason = f"colour with {shape.count} sample{'s' * (shape.count > 1)} a pixel"
    elif shape.count * shape.bits > 8 * MOST_BYTES_PER_PIXEL:
        reason = f"{shape.count} bands"
    elif colours == 1 and shape.count > 2:
        reason = f"{shape.count} bands and no word on which are red, green and blue"
    elif tiff.whole(tag.PREDICTOR, 1) not in (1, 2, 3) or (tiff.whole(tag.PREDICTOR, 1) > 1 and shape.bits % 8):
        reason = f"predictor {tiff.whole(tag.PREDICTOR)} on samples of {shape.bits} bits"
    if reason:
        raise ImageError(f"{name} is a TIFF with {reason}, which is not read; save it as RGB or grey, 8 or 16 bits.")


def _meaning(shape: _Shape) -> tuple[str, tuple[Range, ...]]:
    """What the samples are called, and the ranges that their type suggests."""
    if shape.format == FLOATING:
        return "float", FLOAT
    if shape.format == SIGNED:
        return f"signed {shape.bits}-bit", signed(shape.bits)
    return f"{shape.bits}-bit", unsigned(shape.bits)


def _stated(tiff: Tiff, colours: int) -> Range | None:
    """The range that the file states for its colours, by the tags of the sample's own type or else the older ones."""
    for lowest, highest in ((tag.S_LOWEST, tag.S_HIGHEST), (tag.LOWEST, tag.HIGHEST)):
        if tiff.values(highest):
            low = min(tiff.values(lowest, 0)[:colours])
            high = max(tiff.values(highest)[:colours])
            return (float(low), float(high)) if low < high else None
    return None


def _opacity(band: np.ndarray, shape: _Shape) -> np.ndarray:
    full = 1.0 if shape.format == FLOATING else 2.0 ** (shape.bits - (shape.format == SIGNED)) - 1
    scaled = np.nan_to_num(band.astype(np.float64) * (255 / full))
    levels: np.ndarray = np.rint(scaled.clip(0, 255)).astype(np.uint8)
    return levels


def _looked_up(tiff: Tiff, shape: _Shape, index: np.ndarray, notes: tuple[str, ...], name: str) -> Samples:
    """A palette's colours, of 16 bits each: all red ones, all green ones, all blue ones."""
    table = np.array(tiff.values(tag.COLOUR_MAP), dtype=np.uint16)
    if table.size != 3 * 2**shape.bits or shape.format not in (UNSIGNED, UNDEFINED):
        raise ImageError(f"{name} is a TIFF whose palette does not fit its samples; save it again as RGB.")
    values = table.reshape(3, -1).T[index]
    return Samples(values, "16-bit", unsigned(16), notes=(*notes, "palette expanded"))


def _bands(tiff: Tiff, shape: _Shape, kept: list[int], *, tolerant: bool) -> np.ndarray:
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


def _pieces(tiff: Tiff, shape: _Shape, *, tolerant: bool) -> Iterator[_Piece]:
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
    if min(len(offsets), len(sizes)) < planes * len(rows) * len(columns) and not tolerant:
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
    packing, size = tiff.whole(tag.COMPRESSION, _PLAIN), row * piece.height
    fill = tiff.whole(tag.FILL_ORDER, 1)
    if fill == 2:  # the bits of each byte the other way round
        packed = packed.translate(_REVERSED)
    if packing == _PLAIN:
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
        (tag.PHOTOMETRIC, _BLACK_IS_ZERO), (tag.STRIP_OFFSETS, 8), (tag.SAMPLES, 1), (tag.ROWS_PER_STRIP, height),
        (tag.STRIP_SIZES, len(packed)),
    )  # fmt: skip
    even = packed + b"\0" * (len(packed) % 2)
    entries = b"".join(struct.pack("<HHII", number, 4, 1, value) for number, value in tags)
    return struct.pack("<2sHI", b"II", 42, 8 + len(even)) + even + struct.pack("<H", len(tags)) + entries + bytes(4)


def _parsed(data: bytes, piece: _Piece, tiff: Tiff, shape: _Shape) -> np.ndarray:
    """(rows, samples a row), the predictor undone."""
    per_row = piece.width * piece.count
    predictor = tiff.whole(tag.PREDICTOR, 1) if tiff.whole(tag.COMPRESSION, _PLAIN) != _PLAIN else 1
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


def _letter(shape: _Shape) -> str:
    return {FLOATING: "f", SIGNED: "i"}.get(shape.format, "u")


def _bytes(bits: int) -> int:
    """The width of the smallest numpy integer that holds so many bits."""
    return next(width for width in (1, 2, 4, 8) if bits <= 8 * width)
