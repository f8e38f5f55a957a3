"""Pillow within limits: one thread at a time, silent, and every exception a sentence that names the file.

Pillow's limits and Python's warning filters are process-wide; here they are set, used and restored (PITFALLS D4, D5).
"""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile, UnidentifiedImageError

from igcli.errors import IgError, ImageError


class DamagedError(ImageError):
    """A picture whose beginning is good and that cannot be read to its end."""


@contextmanager
def pillow(name: str, *, max_pixels: int | None, tolerant: bool = False) -> Iterator[None]:
    """Pillow for this thread alone, within a limit; whatever it raises becomes an :class:`ImageError`."""
    with _LOCK, explained(name, max_pixels=max_pixels, tolerant=tolerant), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before = Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES
        Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = max_pixels, tolerant
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES = before


_LOCK = threading.RLock()
logging.getLogger("PIL").addHandler(logging.NullHandler())  # else Python prints Pillow's complaints on stderr


@contextmanager
def explained(name: str, *, max_pixels: int | None, tolerant: bool) -> Iterator[None]:
    """Whatever a decoder raises becomes an :class:`ImageError` about ``name``."""
    try:
        yield
    except IgError:
        raise
    except Exception as error:
        raise _sentence(error, name, max_pixels, tolerant=tolerant) from error


def _sentence(error: Exception, name: str, max_pixels: int | None, *, tolerant: bool) -> ImageError:
    """The error as a sentence: what is wrong, and what to do next."""
    if isinstance(error, Image.DecompressionBombError):
        return ImageError(f"{name} has more than {max_pixels:,} pixels; raise --max-pixels to read it anyway.")
    if isinstance(error, MemoryError):
        return ImageError(f"{name} does not fit into memory; make the picture smaller.")
    if "MAX_TEXT" in str(error):
        return ImageError(f"{name} carries text that unpacks to an absurd size; save the picture again without it.")
    reason = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):  # its text names an object in memory
        reason = "its beginning is unreadable"
    if "nsupported" in reason:
        return ImageError(f"{name} is of a kind that is not read ({reason}); save it as a PNG.")
    if tolerant:
        return ImageError(f"{name} cannot be turned into pixels ({reason}); copy it again, or save it as a PNG.")
    return DamagedError(
        f"{name} is cut off or damaged ({reason}); copy it again, or use --allow-truncated to read the rest."
    )


def check_size(size: tuple[int, int], name: str, limit: int, *, weight: int = 1) -> None:
    """Raise ``ImageError`` for a picture of no pixels or of more than ``limit``, each counted ``weight`` times."""
    width, height = size
    if width < 1 or height < 1:
        raise ImageError(f"{name} is {width} x {height} pixels, an empty picture; export it again.")
    if width * height * weight > limit:
        wide = f", each counted {weight} times for its width" if weight > 1 else ""
        raise ImageError(
            f"{name} has {width * height:,} pixels ({width} x {height}{wide}), more than {limit:,}; "
            "make it smaller, or raise --max-pixels to read it anyway."
        )
