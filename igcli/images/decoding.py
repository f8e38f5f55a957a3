"""A file's bytes to an upright Pillow image, whatever is wrong with them.

Only raster formats are tried: EPS, for one, would start another program. The size in the header is checked before
anything is decoded, and every exception of Pillow's becomes one sentence that names the file (PITFALLS D1, D4, D5).
Pixel modes are the business of ``modes``, files and paths of ``reading``.
"""

from __future__ import annotations

import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageFile, UnidentifiedImageError

from igcli.errors import IgError, ImageError
from igcli.images.options import ReadOptions

FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "QOI", "TIFF", "WEBP")
"""The formats, by Pillow's names, that are read; all hold pixels and need no other program."""


@dataclass(frozen=True)
class Decoded:
    """An image in its own mode, upright, fully in memory, and what was done to it."""

    image: Image.Image
    notes: tuple[str, ...] = ()


def decode(data: bytes, options: ReadOptions, *, name: str) -> Decoded:
    """Read the first picture in ``data``.

    Raises
    ------
    ImageError
        For anything that is not a whole picture within ``options.max_pixels``, ``name`` being its subject.
    """
    try:
        return _decode(data, options, name, tolerant=False)
    except DamagedError:
        if not options.allow_truncated:
            raise
    whole = _decode(data, options, name, tolerant=True)
    return Decoded(whole.image, ("truncated, the missing part is filled in", *whole.notes))


class DamagedError(ImageError):
    """A picture that begins well and cannot be read to its end."""


@contextmanager
def pillow(name: str, *, max_pixels: int | None, tolerant: bool = False) -> Iterator[None]:
    """Pillow to ourselves, silent, within a limit; whatever it raises becomes an :class:`ImageError`.

    Its limits and Python's warning filters are process-wide, so that readers in several threads take turns.
    """
    with _TURN, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = max_pixels, tolerant
        try:
            yield
        except IgError:
            raise
        except Exception as error:
            raise _explained(error, name, max_pixels, tolerant=tolerant) from error
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


_TURN = threading.RLock()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # or Python prints Pillow's complaints on stderr


_OTHER_KINDS = (
    ((".zip", ".7z", ".rar"), "unpack it and name the folder, or make a tar of it"),
    ((".txt", ".lst"), "if it has one path a line, give it on stdin: ig explain - < FILE"),
    ((".heic", ".heif"), "save it as JPEG or PNG: HEIC is not read"),
)
"""Files that are given for pictures by mistake, by their endings, and what to do."""


def _explained(error: Exception, name: str, max_pixels: int | None, *, tolerant: bool) -> ImageError:
    """One sentence for what Pillow raised, and what to do next."""
    if isinstance(error, Image.DecompressionBombError):
        return ImageError(f"{name} has more than {max_pixels:,} pixels; raise --max-pixels to read it anyway.")
    if isinstance(error, UnidentifiedImageError):
        next_step = next((step for endings, step in _OTHER_KINDS if name.lower().endswith(endings)), None)
        next_step = next_step or f"convert it to one of the formats that are read: {', '.join(FORMATS)}"
        return ImageError(f"{name} is not a picture, or its beginning is damaged; {next_step}.")
    if isinstance(error, MemoryError):
        return ImageError(f"{name} does not fit into memory; make the picture smaller.")
    if "MAX_TEXT" in str(error):
        return ImageError(f"{name} carries text that unpacks to an absurd size; save the picture again without it.")
    reason = " ".join(str(error).split()) or type(error).__name__
    if tolerant:
        return ImageError(f"{name} cannot be turned into pixels ({reason}); copy it again, or save it as a PNG.")
    return DamagedError(
        f"{name} is cut off or damaged ({reason}); copy it again, or use --allow-truncated to take what is left."
    )


def _decode(data: bytes, options: ReadOptions, name: str, *, tolerant: bool) -> Decoded:
    limit = options.max_pixels
    with pillow(name, max_pixels=limit, tolerant=tolerant):
        image: Image.Image = _open(data)
        _check_size(image, name, limit)
        frames = _count_frames(data)
        turned = _orientation(image)  # asked before loading: Pillow turns TIFFs itself, and then forgets it
        image.load()
        _check_size(image, name, limit)
        notes = [f"first of {frames} frames"] if frames > 1 else []
        pending = _orientation(image)
        if options.exif_rotate and pending in _TURNS:
            image = image.transpose(_TURNS[pending])
        if turned in _TURNS or pending in _TURNS:
            acted = options.exif_rotate or pending not in _TURNS
            notes.append("rotated by EXIF" if acted else "EXIF rotation ignored")
        return Decoded(image, tuple(notes))


def _open(data: bytes) -> ImageFile.ImageFile:
    Image.init()
    known = [kind for kind in FORMATS if kind in Image.OPEN]  # older Pillows lack some
    return Image.open(io.BytesIO(data), formats=known)


def _check_size(image: Image.Image, name: str, limit: int) -> None:
    width, height = image.size
    if width < 1 or height < 1:
        raise ImageError(f"{name} is {width} x {height} pixels, an empty picture; export it again.")
    if width * height > limit:
        raise ImageError(
            f"{name} has {width * height:,} pixels ({width} x {height}), more than {limit:,}; "
            "make it smaller, or raise --max-pixels to read it anyway."
        )


def _count_frames(data: bytes) -> int:
    """How many frames there are, counted on a second handle: seeking would disturb the first."""
    try:
        return int(getattr(_open(data), "n_frames", 1))
    except Exception:  # a damaged later frame is no reason to refuse the first one
        return 1


_ORIENTATION = 0x0112
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except Exception:  # the pixels are fine without their EXIF data
        return 1
    return value if isinstance(value, int) else 1
