"""What kind of file it is by its first bytes, whatever its name, and what to do with one that ``ig`` does not read."""

from __future__ import annotations

import re

from igcli.images.optional import DICOM, HEIF
from igcli.images.source import shown

HEAD = 1 << 16
"""Bytes from the beginning that are examined."""

_EXPORT = "save it as JPEG or PNG"
_UNPACK = "unpack it and name the folder, or make a zip or tar of the pictures"
_ZIP = "if there are pictures in it, give its name the ending .zip"
_VIDEO = "take a frame out of it, for example with ffmpeg -i FILE -frames:v 1 frame.png"
_DEEP = "save it as a PNG or TIFF of 8 or 16 bits"
_RAW = "export the photo as JPEG, PNG or TIFF with the camera's or any raw converter"
_DOWNLOAD = "download the picture itself, and check what the address returns"

_BEGINNINGS: tuple[tuple[bytes, str, str], ...] = (
    (b"\xff\x0a", "a JPEG XL picture", _EXPORT),
    (b"\x00\x00\x00\x0cJXL \r\n\x87\n", "a JPEG XL picture", _EXPORT),
    (b"II\xbc", "a JPEG XR picture", _EXPORT),
    (b"\x76\x2f\x31\x01", "an OpenEXR picture", _DEEP),
    (b"#?RADIANCE", "a Radiance HDR picture", _DEEP),
    (b"8BPS", "a Photoshop document", _EXPORT),
    (b"gimp xcf", "a GIMP document", _EXPORT),
    (b"\x00\x00\x01\x00", "a Windows icon", "save it as PNG"),
    (b"icns", "a macOS icon", "save it as PNG"),
    (b"DDS ", "a DDS texture", "save it as PNG"),
    (b"FUJIFILMCCD-RAW", "a camera's raw file", _RAW),
    (b"IIU\x00", "a camera's raw file", _RAW),
    (b"MMOR", "a camera's raw file", _RAW),
    (b"IIRO", "a camera's raw file", _RAW),
    (b"IIRS", "a camera's raw file", _RAW),
    (b"FOVb", "a camera's raw file", _RAW),
    (b"%PDF-", "a PDF document", "save the page or its picture as PNG, for example with pdftoppm -png"),
    (b"%!PS", "a PostScript document", "save it as PNG; ig starts no other program"),
    (b"\xc5\xd0\xd3\xc6", "a PostScript document", "save it as PNG; ig starts no other program"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file", _DEEP),
    (b"SIMPLE  =", "a FITS file", _DEEP),
    (b"PK\x03\x04", "a zip archive (or a document or NumPy arrays in one)", _ZIP),
    (b"PK\x05\x06", "an empty zip archive", _UNPACK),
    (b"\x1f\x8b", "a gzip archive", "unpack it with gunzip, or call a tar of pictures .tar.gz"),
    (b"BZh", "a bzip2 archive", "unpack it, or call a tar of pictures .tar.bz2"),
    (b"\xfd7zXZ\x00", "an xz archive", "unpack it, or call a tar of pictures .tar.xz"),
    (b"\x28\xb5\x2f\xfd", "a zstandard archive", _UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive", _UNPACK),
    (b"Rar!", "a RAR archive", _UNPACK),
    (b"\x00\x05\x16\x07", "what macOS writes next to a file (AppleDouble)", "name the file without ._"),
    (b"\x1aE\xdf\xa3", "a video (Matroska or WebM)", _VIDEO),
    (b"version https://git-lfs.github.com/spec/", "a Git LFS pointer", "fetch the picture itself with git lfs pull"),
)  # fmt: skip

_MARKS: tuple[tuple[int, bytes, str, str], ...] = (
    (12, b"CgBI", "a PNG changed for iPhone apps", "change it back with pngcrush -revert-iphone-optimizations"),
    (128, b"DICM", "a DICOM file", f"{DICOM.installing}, or {_DEEP}"),
    (344, b"n+1\x00", "a NIfTI volume", "save a slice of it as a 16-bit PNG or TIFF"),
    (344, b"ni1\x00", "a NIfTI volume", "save a slice of it as a 16-bit PNG or TIFF"),
    (257, b"ustar", "a tar archive", "give its name the ending .tar"),
)
"""Marks at later positions."""

_HEIC = frozenset({b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"})
_BRANDS: tuple[tuple[frozenset[bytes], str, str], ...] = (
    (frozenset({b"avif", b"avis"}), "an AVIF picture", f"{_EXPORT}, or install a Pillow that has AVIF"),
    (
        _HEIC,
        "a HEIC picture",
        f"{HEIF.installing}, or {_EXPORT} (an iPhone takes JPEGs under Settings, Camera, Formats, Most Compatible)",
    ),
    (frozenset({b"crx "}), "a camera's raw file", _RAW),
)

PICTURES: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xd8\xff", "JPEG"),
    (b"\x89PNG\r\n\x1a\n", "PNG"),
    (b"GIF87a", "GIF"),
    (b"GIF89a", "GIF"),
    (b"II*\x00", "TIFF"),
    (b"MM\x00*", "TIFF"),
    (b"II+\x00", "TIFF"),
    (b"MM\x00+", "TIFF"),
    (b"BM", "BMP"),
    (b"\x00\x00\x00\x0cjP  \r\n\x87\n", "JPEG2000"),
    (b"\xffO\xffQ", "JPEG2000"),
    (b"qoif", "QOI"),
    (b"\x93NUMPY", "NPY"),
)
"""The first bytes of formats that are read, by Pillow's names; the others are in :func:`picture_kind`."""


def picture_kind(head: bytes) -> str | None:
    """The format of bytes that begin like a picture: Pillow's name, or one of ``OPTIONAL_FORMATS``; else ``None``."""
    if head[12:16] == b"CgBI":  # what Xcode makes of PNGs
        return None
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "WEBP"
    if re.match(rb"P[1-7fF][\s#]", head):
        return "PPM"
    brands = set(_brands(head))
    if {b"avif", b"avis"} & brands:
        return "AVIF"
    if _HEIC & brands:
        return HEIF.kind
    if head[128:132] == b"DICM":
        return DICOM.kind
    return next((kind for start, kind in PICTURES if head.startswith(start)), None)


def odd_jpeg(data: bytes) -> str:
    """The kind of a JPEG that Pillow does not read, from its frame header (ITU-T T.81, B.1.1); else empty."""
    at = 2
    while data[at : at + 1] == b"\xff" and len(data) >= at + 5:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            if marker not in (0xC0, 0xC1, 0xC2, 0xC9, 0xCA):
                return "lossless or hierarchical"
            return "" if data[at + 4] == 8 else f"{data[at + 4]} bits per sample"
        if marker == 0xF7:
            return "JPEG-LS"
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return ""


def other_kind(head: bytes) -> tuple[str, str] | None:
    """The kind of a file that is not read as a picture, and what to do; ``None`` for unknown first bytes."""
    brands = _brands(head)
    for known, what, step in _BRANDS if brands else ():
        if known & set(brands):
            return what, step
    if brands:
        return "a video (MP4 or QuickTime)", _VIDEO
    for start, what, step in _BEGINNINGS:
        if head.startswith(start):
            return what, step
    for at, mark, what, step in _MARKS:
        if head.startswith(mark, at):
            return what, step
    if head and not head.strip(b"\x00"):
        return "a file that begins with nothing but zero bytes", "copy or download it again"
    return _text(head)


def _brands(head: bytes) -> list[bytes]:
    """The brands of an ISO media file, the main one first; none for anything else."""
    if head[4:8] != b"ftyp":
        return []
    size = min(int.from_bytes(head[:4], "big"), 256)
    return [head[8:12], *(head[at : at + 4] for at in range(16, size, 4))]


def _text(head: bytes) -> tuple[str, str] | None:
    """The kind of a text, and what to do: a web page, a drawing, a pointer, a list, something else."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:4096]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start.replace(b"\0", b"")[2:]
    small = start.lower()
    if small.startswith(b"<svg") or (small.startswith((b"<?xml", b"<!doctype svg", b"<!--")) and b"<svg" in small):
        return "an SVG drawing", "save it as PNG"
    if small.startswith((b"<!doctype html", b"<html", b"<head", b"<body")) or b"<html" in small[:1024]:
        return "a web page", _DOWNLOAD
    if small.startswith(b"<?xml") or re.match(rb"<[a-z]+[\s>]", small):
        return "an XML text", _DOWNLOAD
    if re.match(rb"(\.\./)*(/?\.git)?/annex/objects/", start) or start.startswith(b"/annex/"):
        return "a git-annex pointer", "fetch the picture itself with git annex get"
    if not start or any(byte < 9 or 13 < byte < 32 for byte in start):
        return None
    try:
        line = start.decode().splitlines()[0]
    except UnicodeDecodeError:
        return None
    if re.search(r"\.(jpe?g|png|gif|tiff?|bmp|webp)\s*$", line, re.IGNORECASE):
        return "a list of pictures", "give it on stdin, one path per line: ig explain - < FILE"
    begins = shown(line[:40])
    return f"a text that begins with {begins!r}", _DOWNLOAD
