"""The samples of pictures of which Pillow would keep 8 bits or read the wrong values.

The header says which these are: TIFFs of unusual samples (``tiff_samples``), PNGs of 16 bits, PNM files of two
bytes per sample. Sources: the PNG specification (W3C, third edition) and netpbm's pgm(5), ppm(5).
"""

from __future__ import annotations

import io
import re
import struct
import zlib
from dataclasses import dataclass

from PIL import Image, ImageFile

from igcli.images import tiff as tag
from igcli.images.guard import check_size, explained, pillow
from igcli.images.levels import Samples, unsigned
from igcli.images.options import ReadOptions
from igcli.images.orientation import TAG, orientation_of
from igcli.images.tiff import read_directory, refuse_raw, refuse_unread
from igcli.images.tiff_samples import is_special, read_samples, weight
from igcli.lazy import np


@dataclass(frozen=True)
class Deep:
    """Samples, and the EXIF orientation by which they still have to be rotated."""

    samples: Samples
    orientation: int = 1


def read_deep(data: bytes, options: ReadOptions, *, name: str, tolerant: bool) -> Deep | None:
    """The samples of a picture that Pillow would read wrongly; ``None`` for any other.

    Raises
    ------
    ImageError
        For a camera's raw file, a kind of TIFF that is not read, and a picture over ``options.max_pixels``.
    DamagedError
        For a picture that is not whole; with ``tolerant`` what is missing is 0.
    """
    limit = options.max_pixels
    if png_is_deep(data):
        check_size(png_size(data), name, limit)
        with pillow(name, max_pixels=limit, tolerant=tolerant):
            return Deep(*png_samples(data))
    pnm = deep_pnm(data)
    if pnm is not None:
        check_size(pnm.size, name, limit)
        with explained(name, max_pixels=limit, tolerant=tolerant):
            return Deep(pnm_samples(data, pnm, tolerant=tolerant))
    directory = read_directory(data)
    if directory is None:
        return None
    refuse_raw(directory, name)
    refuse_unread(directory, name)
    if not is_special(directory):
        return None
    check_size((directory.whole(tag.WIDTH), directory.whole(tag.HEIGHT)), name, limit, weight=weight(directory))
    with pillow(name, max_pixels=None, tolerant=tolerant):
        return Deep(read_samples(directory, name=name, tolerant=tolerant), directory.whole(TAG, 1))


_KINDS = _GREY, _RGB, _GREY_ALPHA, _RGBA = 0, 2, 4, 6


def png_is_deep(data: bytes) -> bool:
    """Whether this is a PNG of 16 bits per sample and one frame."""
    return (
        len(data) >= 33
        and data.startswith(b"\x89PNG\r\n\x1a\n")
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
    """The samples of a 16-bit PNG and its EXIF orientation; Pillow's own errors for a damaged one."""
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
        with _opened(data) as image:  # Pillow takes each sample's first byte, or of little-endian samples the second
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


@dataclass(frozen=True)
class Pnm:
    """The header: width and height, which may be absurd; samples per pixel, their maximum, where they start."""

    size: tuple[int, int]
    channels: int
    most: int
    start: int


def deep_pnm(data: bytes) -> Pnm | None:
    """The header of a binary PGM or PPM of two bytes per sample; ``None`` for anything else."""
    header = _PNM.match(data[:_HEAD])
    if header is None or len(header[4]) > 5 or not 255 < int(header[4]) <= 65535:
        return None
    size = int(header[2][:12]), int(header[3][:12])
    return Pnm(size, 3 if header[1] == b"6" else 1, int(header[4]), header.end())


def pnm_samples(data: bytes, pnm: Pnm, *, tolerant: bool) -> Samples:
    """The samples; their stated range is 0 to the file's own maximum.

    Raises
    ------
    EOFError
        Where pixels are missing and ``tolerant`` is false; else these are 0.
    """
    width, height = pnm.size
    size = 2 * width * height * pnm.channels
    pixels = data[pnm.start : pnm.start + size]
    if len(pixels) < size and not tolerant:
        raise EOFError(f"{size - len(pixels):,} bytes of pixels are missing")
    values = np.frombuffer(pixels.ljust(size, b"\0"), ">u2").reshape(height, width, pnm.channels)
    return Samples(values, "16-bit", unsigned(16), stated=(0.0, float(pnm.most)))
