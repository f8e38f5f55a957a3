"""Box and Annotated: the content of a file of boxes. Each format is read by a module next to this one."""

from __future__ import annotations

import errno
import math
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from igcli.bounded import read_bounded
from igcli.errors import IgError
from igcli.evaluation.exclusions import Exclusion


class AnnotationError(IgError):
    """A file of boxes, or a folder of masks, that cannot be understood."""


@dataclass(frozen=True)
class Box:
    """A rectangle around an object.

    ``left``, ``top``, ``right`` and ``bottom`` are edges in pixels of the upright original, that is, after its EXIF
    rotation: 0 is the photo's left and top edge, its width and height are the right and bottom one. ``source`` says
    where the box is written.
    """

    left: float
    top: float
    right: float
    bottom: float
    label: str | None = None
    source: str = ""

    def flaw(self) -> Exclusion | None:
        """Why no photo can have this box."""
        edges = (self.left, self.top, self.right, self.bottom)
        if not all(math.isfinite(edge) for edge in edges):
            return Exclusion(
                self.source, "box without numbers", f"{self.source}: an edge is no finite number, or missing."
            )
        if self.right <= self.left or self.bottom <= self.top:
            sides = f"{self.right - self.left:g} x {self.bottom - self.top:g}"
            sentence = f"{self.source}: the box is {sides} pixels; xmax must be above xmin and ymax above ymin."
            return Exclusion(self.source, "box without area", sentence)
        return None


@dataclass(frozen=True)
class Annotated:
    """What a file says about one photo.

    Attributes
    ----------
    photo
        The photo's name as written, perhaps with folders before it or without an ending.
    boxes
        Its boxes, in the file's order; none for a photo in which nothing was found.
    size
        (width, height) of the photo on which they were drawn, in pixels, where the file says it.
    """

    photo: PurePosixPath
    boxes: tuple[Box, ...] = ()
    size: tuple[int, int] | None = None


def named(written: str) -> PurePosixPath:
    """A photo's name as it was written, on whatever system."""
    return PurePosixPath(written.strip().replace("\\", "/"))


def read_text(path: Path, *, limit: int) -> str:
    """The file's text, in UTF-8 with or without a byte order mark.

    Parameters
    ----------
    limit
        Bytes above which a file is refused unread.

    Raises
    ------
    AnnotationError
        For a file that is missing, too large, empty or no text.
    """
    return _decoded(read_bytes(path, limit=limit), path)


def read_bytes(path: Path, *, limit: int) -> bytes:
    """The file's bytes; as :func:`read_text`."""
    try:
        data = read_bounded(path, limit=limit)
    except FileNotFoundError:
        raise AnnotationError(f"{path} does not exist; check the spelling and the folder.") from None
    except OSError as error:
        remedy = "split it" if error.errno == errno.EFBIG else "check the path and its permissions"
        raise AnnotationError(f"{path} cannot be read ({error.strerror}); {remedy}.") from error
    if not data.strip():
        raise AnnotationError(f"{path} is empty; export it again, or remove it.")
    return data


def _decoded(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise AnnotationError(f"{path} line {line} is not UTF-8 text; save the file as UTF-8.") from None
