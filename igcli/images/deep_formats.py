"""The samples of PNG and PNM files of more than 8 bits, of which Pillow keeps 8 where there is colour or alpha.

Sources: the PNG specification (W3C, third edition) and netpbm's pgm(5), ppm(5). TIFF is in ``tiff_samples``.
"""

from __future__ import annotations

import io
import re
import struct
import zlib

from PIL import Image, ImageFile

from igcli.images.levels import Samples, unsigned
from igcli.images.orientation import orientation_of
from igcli.lazy import np

PNG = b"\x89PNG\r\n\x1a\n"
_KINDS = _GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6


def png_is_deep(data: bytes) -> bool:
    """Whether this is a PNG of 16 bits a sample and one frame."""
    return (
        len(data) >= 33
        and data.startswith(PNG)
        and data[24:25] == b"\x10"
        and data[25] in _KINDS
        and b"acTL" not in data[:_HEAD]
    )


_HEAD = 1 << 16


def png_size(data: bytes) -> tuple[int, int]:
    """Width and height, which may be absurd."""
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def png_samples(data: bytes) -> tuple[Samples, int]:
    """The samples of a 16-bit PNG and its EXIF orientation; Pillow raises what it raises for a damaged one."""
    colour = data[25]
    with _opened(data) as image:
        high = np.asarray(image)
        key, orientation = image.info.get("transparency"), orientation_of(image)
        if colour == _GREY:
            values = high[:, :, None]
    if colour == _GREY_ALPHA:
        # Two samples of two bytes are laid out as four of one byte, so that their low bytes are there as well.
        header = data[12:24] + bytes([8, _RGBA]) + data[26:29]
        as_rgba = data[:12] + header + struct.pack(">I", zlib.crc32(header)) + data[33:]
        with _opened(as_rgba) as image:
            four = np.asarray(image).astype(np.uint16)
        values = four[:, :, 0::2] << 8 | four[:, :, 1::2]
    elif colour in (_RGB, _RGBA):
        with _opened(
            data
        ) as image:  # Pillow takes a sample's first byte; told that the order is little-endian, the other
            image.tile = [tile._replace(args=str(tile.args).replace(";16B", ";16L")) for tile in image.tile]
            low = np.asarray(image)
        values = high.astype(np.uint16) << 8 | low
    alpha = None
    if colour in (_GREY_ALPHA, _RGBA):
        alpha = (values[:, :, -1] >> 8).astype(np.uint8)
        values = values[:, :, :-1]
    elif isinstance(key, (int, tuple)):  # the one colour that is transparent
        alpha = np.where((values == np.array(key)).all(axis=2), 0, 255).astype(np.uint8)
    return Samples(values, "16-bit", unsigned(16), alpha=alpha), orientation


def _opened(data: bytes) -> ImageFile.ImageFile:
    return Image.open(io.BytesIO(data), formats=["PNG"])


_PNM = re.compile(rb"P([56])(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)(?:\s|#[^\n]*\n)+(\d+)\s")


def pnm_is_deep(data: bytes) -> bool:
    """Whether this is a binary PGM or PPM of two bytes a sample."""
    header = _PNM.match(data[:_HEAD])
    return header is not None and len(header[4]) <= 5 and 255 < int(header[4]) <= 65535


def pnm_size(data: bytes) -> tuple[int, int]:
    """Width and height, which may be absurd."""
    header = _PNM.match(data[:_HEAD])
    assert header is not None  # noqa: S101  # for what pnm_is_deep
    return int(header[2][:12]), int(header[3][:12])


def pnm_samples(data: bytes, *, tolerant: bool) -> Samples:
    """The samples, whose range is stated: 0 to the file's own maximum.

    Raises
    ------
    EOFError
        Where pixels are missing and ``tolerant`` is false; else these are 0.
    """
    header = _PNM.match(data[:_HEAD])
    assert header is not None  # noqa: S101  # for what pnm_is_deep
    (width, height), channels, most = pnm_size(data), 3 if header[1] == b"6" else 1, int(header[4])
    size = 2 * width * height * channels
    pixels = data[header.end() : header.end() + size]
    if len(pixels) < size and not tolerant:
        raise EOFError(f"{size - len(pixels):,} bytes of pixels are missing")
    values = np.frombuffer(pixels.ljust(size, b"\0"), ">u2").reshape(height, width, channels)
    return Samples(values, "16-bit", unsigned(16), stated=(0.0, float(most)))
