"""From a file's bytes to an upright Pillow image, whatever is wrong with them.

Only raster formats are tried: EPS, for example, would start another program. The size in the header is checked before
anything is decoded (PITFALLS D1). ``guard`` handles Pillow's limits and exceptions, ``modes`` its modes, ``deep`` the
depths that it does not read or cuts to 8 bits, ``reading`` files and paths.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError

from igcli.errors import ImageError
from igcli.images import npy
from igcli.images.bitfields import bitfields_of, read_bitfields
from igcli.images.deep import read_deep
from igcli.images.dicom import read_dicom
from igcli.images.frames import count_frames, frames_note
from igcli.images.guard import DamagedError, check_size, pillow
from igcli.images.heif import read_heif
from igcli.images.levels import to_levels
from igcli.images.modes import DEEP_MODES, not_windowed
from igcli.images.optional import DICOM, HEIF, readable_optional
from igcli.images.options import ReadOptions
from igcli.images.orientation import orientation_of, upright
from igcli.images.signatures import HEAD, odd_jpeg, other_kind, picture_kind

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")
"""The formats, by Pillow's names, that are always read; all hold pixels and need no other program."""


@dataclass(frozen=True)
class Decoded:
    """An image in its own mode, upright, fully in memory, and notes on what was done to it.

    More than 8 bits per sample have been scaled to 8 already, except in the modes that only Pillow reads.
    """

    image: Image.Image
    notes: tuple[str, ...] = ()


def decode(data: bytes, options: ReadOptions, *, name: str) -> Decoded:
    """Read the first picture in ``data``.

    Raises
    ------
    ImageError
        For anything that is not a whole picture within ``options.max_pixels``, ``name`` being its subject.
    """
    check_beginning(data, name)
    try:
        return _decode(data, options, name, tolerant=False)
    except DamagedError:
        if not options.allow_truncated:
            raise
    whole = _decode(data, options, name, tolerant=True)
    return Decoded(whole.image, ("truncated, the missing part is filled in", *whole.notes))


def check_beginning(data: bytes, name: str) -> None:
    """Raise ``ImageError`` naming the kind of file if the first bytes are those of something other than a picture."""
    head = data[:HEAD]
    if _is_read(picture_kind(head)):
        return
    if found := other_kind(head):
        what, step = found
        raise ImageError(f"{name} is {what}, which is not read as a picture; {step}.")


def _decode(data: bytes, options: ReadOptions, name: str, *, tolerant: bool) -> Decoded:
    kind = picture_kind(data[:HEAD])
    if kind in _OTHERS:
        return Decoded(*_OTHERS[kind](data, options, name=name, tolerant=tolerant))
    frames = count_frames(data, kind)
    deep = read_deep(data, options, name=name, tolerant=tolerant)
    if deep is not None:
        image, notes = to_levels(deep.samples, options, name=name)
        stated = pending = deep.orientation
    else:
        with pillow(name, max_pixels=options.max_pixels, tolerant=tolerant):
            image = _opened(data, name, options.max_pixels, tolerant=tolerant)
            frames = frames or int(getattr(image, "n_frames", 1))
            stated = orientation_of(image)  # before loading: Pillow rotates TIFFs itself, and then forgets it
            image.load()
            check_size(image.size, name, options.max_pixels)
            pending = orientation_of(image)
        notes = () if image.mode in DEEP_MODES else not_windowed(options)
    image, turned = upright(image, stated=stated, pending=pending, rotate=options.exif_rotate)
    several = (frames_note(frames),) if frames and frames > 1 else ()
    return Decoded(image, (*several, *turned, *notes))


_OTHERS = {DICOM.kind: read_dicom, HEIF.kind: read_heif, npy.KIND: npy.read_npy}


def _opened(data: bytes, name: str, limit: int, *, tolerant: bool) -> Image.Image:
    """The picture within the limit, its pixels perhaps not read yet."""
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=_readable())
    except UnidentifiedImageError:
        raise _unidentified(data, name, tolerant=tolerant) from None
    except OSError:
        fields = bitfields_of(data)
        if fields is None:
            raise
        check_size((fields.width, fields.height), name, limit)
        return read_bitfields(data, fields, tolerant=tolerant)
    check_size(image.size, name, limit)
    return image


def _readable() -> list[str]:
    Image.init()
    return [kind for kind in FORMATS if kind in Image.OPEN]  # older Pillows lack some


def _is_read(kind: str | None) -> bool:
    return kind == npy.KIND or kind in _readable() or any(kind == form.kind for form in readable_optional())


def _unidentified(data: bytes, name: str, *, tolerant: bool) -> ImageError:
    """The error for bytes in which Pillow recognises no picture."""
    kind = picture_kind(data[:HEAD])
    if kind is None:
        formats = ", ".join(FORMATS)
        return ImageError(
            f"{name} is not a picture, or its beginning is damaged; convert it to one of the formats that are read: "
            f"{formats}."
        )
    odd = odd_jpeg(data) if kind == "JPEG" else ""
    if odd:
        return ImageError(f"{name} is a JPEG of a kind that is not read ({odd}); save it as a PNG.")
    what = f"{name} begins as a {kind} picture and is damaged there, or of a kind that is not read"
    if tolerant:
        return ImageError(f"{what}; copy it again, or save it as a PNG.")
    return DamagedError(f"{what}; copy it again, save it as a PNG, or use --allow-truncated to read the rest.")
