"""The samples of a TIFF that Pillow does not read or reads wrongly, from its tags.

That is all except 1 to 8 unsigned bits in one of the usual arrangements: from 16 bits upwards Pillow ignores
PhotometricInterpretation 0 (white is 0), and it reads planar 16-bit colour as chunky and 32-bit integers as signed.
Source: TIFF 6.0 (Adobe, 1992). How the samples get out of strips and tiles is in ``tiff_strips``.
"""

from __future__ import annotations

from igcli.errors import ImageError
from igcli.images import tiff as tag
from igcli.images.levels import Range, Samples, opacity_levels, type_range, unsigned
from igcli.images.tiff import Tiff
from igcli.images.tiff_strips import FLOATING, PLAIN, SIGNED, UNDEFINED, UNSIGNED, Shape, read_bands, shape_of
from igcli.lazy import np

MOST_BYTES_PER_PIXEL, MOST_BYTES_OF_BANDS = 64, 2048
"""Wider pixels are not read: of pictures of which some bands are left out, and of those of which all are read."""

_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB, _PALETTE = 0, 1, 2, 3
_PACKINGS = frozenset({5, 8, 32773, 32946, 34925, 50000})  # LZW, deflate, PackBits, deflate, LZMA, zstandard


def weight(tiff: Tiff) -> int:
    """How many pixels of a usual picture one pixel counts for: one for every 8 bytes of it."""
    return -(-tiff.whole(tag.SAMPLES, 1) * tiff.whole(tag.BITS, 1) // 64)


def is_special(tiff: Tiff) -> bool:
    """Whether the samples are to be read here and not by Pillow."""
    shape = shape_of(tiff)
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
    shape = shape_of(tiff)
    colours = 3 if shape.photometric == _RGB else 1
    _check(tiff, shape, colours, name)
    extra = tiff.values(tag.EXTRA_SAMPLES)
    opacity = next((colours + i for i, kind in enumerate(extra) if kind in (1, 2) and colours + i < shape.count), None)
    kept = [*range(colours), *([] if opacity is None else [opacity])]
    bands = read_bands(tiff, shape, kept, tolerant=tolerant)
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


def read_every_sample(tiff: Tiff, *, name: str, tolerant: bool) -> Samples:
    """All samples of a directory, for networks that take them as they are; raises as :func:`read_samples` does."""
    shape = shape_of(tiff)
    _check(tiff, shape, shape.count, name)
    kind, nominal = _meaning(shape)
    return Samples(
        read_bands(tiff, shape, range(shape.count), tolerant=tolerant),
        kind,
        nominal,
        _stated(tiff, shape.count),
        inverted=shape.photometric == _WHITE_IS_ZERO,
    )


def _check(tiff: Tiff, shape: Shape, colours: int, name: str) -> None:
    """Raise ``ImageError`` for what is legal and not read."""
    packing = tiff.whole(tag.COMPRESSION, PLAIN)
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
    elif packing != PLAIN and packing not in _PACKINGS:
        reason = f"samples of {shape.bits} bits under compression {packing}"
    elif shape.count < colours:
        reason = f"colour with {shape.count} sample{'s' * (shape.count > 1)} a pixel"
    elif shape.count * shape.bits > 8 * (MOST_BYTES_PER_PIXEL if colours < shape.count else MOST_BYTES_OF_BANDS):
        reason = f"{shape.count} bands"
    elif colours == 1 and shape.count > 2:
        reason = f"{shape.count} bands and no word on which are red, green and blue"
    elif tiff.whole(tag.PREDICTOR, 1) not in (1, 2, 3) or (tiff.whole(tag.PREDICTOR, 1) > 1 and shape.bits % 8):
        reason = f"predictor {tiff.whole(tag.PREDICTOR)} on samples of {shape.bits} bits"
    if reason:
        raise ImageError(f"{name} is a TIFF with {reason}, which is not read; save it as RGB or grey, 8 or 16 bits.")


def _meaning(shape: Shape) -> tuple[str, tuple[Range, ...]]:
    """The name of the samples' type, and the ranges that it suggests."""
    return type_range({FLOATING: "f", SIGNED: "i"}.get(shape.format, "u"), shape.bits)


def _stated(tiff: Tiff, colours: int) -> Range | None:
    """The range that the file states for its colours, by the tags of the sample's own type or else the older ones."""
    for lowest, highest in ((tag.S_LOWEST, tag.S_HIGHEST), (tag.LOWEST, tag.HIGHEST)):
        if tiff.values(highest):
            low = min(tiff.values(lowest, 0)[:colours])
            high = max(tiff.values(highest)[:colours])
            return (float(low), float(high)) if low < high else None
    return None


def _opacity(band: np.ndarray, shape: Shape) -> np.ndarray:
    full = 1.0 if shape.format == FLOATING else 2.0 ** (shape.bits - (shape.format == SIGNED)) - 1
    return opacity_levels(band, full)


def _looked_up(tiff: Tiff, shape: Shape, index: np.ndarray, notes: tuple[str, ...], name: str) -> Samples:
    """A palette's colours, of 16 bits each: all red ones, all green ones, all blue ones."""
    table = np.array(tiff.values(tag.COLOUR_MAP), dtype=np.uint16)
    if table.size != 3 * 2**shape.bits or shape.format not in (UNSIGNED, UNDEFINED):
        raise ImageError(f"{name} is a TIFF whose palette does not fit its samples; save it again as RGB.")
    values = table.reshape(3, -1).T[index]
    return Samples(values, "16-bit", unsigned(16), notes=(*notes, "palette expanded"))
