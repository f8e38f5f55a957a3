"""BMP files whose pixels are split into red, green and blue by bit masks of any kind; Pillow reads only the usual ones.

Source: Microsoft's BITMAPINFOHEADER and BITMAPV4HEADER, compression BI_BITFIELDS and BI_ALPHABITFIELDS.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from PIL import Image

from igcli.lazy import np

_BITFIELDS, _ALPHA_BITFIELDS = 3, 6
_MASKS_IN_HEADER = 56
"""Bytes from which the header itself contains four masks; a shorter one is followed by three or four."""


@dataclass(frozen=True)
class Bitfields:
    """The header: size, whether the last row comes first, bits per pixel, one mask per channel, where pixels start."""

    width: int
    height: int
    upwards: bool
    bits: int
    masks: tuple[int, ...]
    start: int


def bitfields_of(data: bytes) -> Bitfields | None:
    """The header of a BMP with bit masks; ``None`` for anything else."""
    if data[:2] != b"BM" or len(data) < 70:
        return None
    start, size, width, height, _, bits, packing = struct.unpack_from("<IIiiHHI", data, 10)
    if size < 40 or packing not in (_BITFIELDS, _ALPHA_BITFIELDS) or bits not in (16, 32) or width < 1 or not height:
        return None
    masks = struct.unpack_from("<4I" if size >= _MASKS_IN_HEADER or packing == _ALPHA_BITFIELDS else "<3I", data, 54)
    if not all(masks[:3]) or max(masks) >= 2**bits or not all(map(_in_one_piece, masks)):
        return None
    return Bitfields(width, abs(height), height > 0, bits, tuple(mask for mask in masks if mask), start)


def read_bitfields(data: bytes, header: Bitfields, *, tolerant: bool) -> Image.Image:
    """The picture in RGB, or RGBA where there is a mask for opacity.

    Raises
    ------
    EOFError
        Where pixels are missing and ``tolerant`` is false; else these are 0.
    """
    step = header.bits // 8
    row = -(-header.width * step // 4) * 4  # rows begin at multiples of four bytes
    pixels = data[header.start : header.start + row * header.height]
    if len(pixels) < row * header.height and not tolerant:
        raise EOFError(f"{row * header.height - len(pixels):,} bytes of pixels are missing")
    packed = np.frombuffer(pixels.ljust(row * header.height, b"\0"), f"<u{step}").reshape(header.height, -1)
    packed = packed[:: -1 if header.upwards else 1, : header.width]
    levels = np.empty((*packed.shape, len(header.masks)), np.uint8)
    for channel, mask in enumerate(header.masks):
        shift = (mask & -mask).bit_length() - 1
        values = (packed & np.uint32(mask)) >> np.uint32(shift)
        levels[:, :, channel] = np.rint(values * (255 / (mask >> shift)))
    mode = "RGBA" if len(header.masks) == 4 else "RGB"
    return Image.frombytes(mode, (header.width, header.height), levels.tobytes())


def _in_one_piece(mask: int) -> bool:
    """Whether the bits of a mask are adjacent."""
    lowest = mask & -mask
    return mask + lowest & mask == 0
