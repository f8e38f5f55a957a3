"""The classes for inputs: a picture that was found, and where its bytes lie. Nothing is opened."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path

from igcli.images.crop import Crop

# fmt: off
IMAGE_SUFFIXES = frozenset({
    ".apng", ".avif", ".avifs", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2",
    ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".npy", ".pbm", ".pfm", ".pgm", ".png",
    ".pnm", ".ppm", ".qoi", ".tif", ".tiff", ".webp",
})
# fmt: on
"""Endings, in lower case, by which a picture in a folder or an archive is recognised."""


@dataclass(frozen=True)
class FileState:
    """A file's size in bytes, and when it was last written, in nanoseconds, at the moment it was read."""

    size: int
    modified_ns: int

    @classmethod
    def of(cls, status: os.stat_result) -> FileState:
        """The state in the result of a ``stat``."""
        return cls(status.st_size, status.st_mtime_ns)


@dataclass(frozen=True)
class ArchiveMember:
    """Where a picture lies inside an archive.

    Attributes
    ----------
    name
        As the archive spells it. It may be absolute or climb: for messages, never for opening anything.
    offset
        Of its bytes in the unpacked tar; of its header in a zip.
    form
        What the archive is: ``"tar"``, ``"zip"``, or ``"compressed tar"``, which has to be unpacked up to there.
    state
        Of the archive when it was listed; one that has changed is refused, as the picture may lie elsewhere in it.
    """

    archive: Path
    name: str
    offset: int
    size: int
    form: str = "tar"
    state: FileState | None = None


@dataclass(frozen=True)
class Found:
    """A picture that was found by its name; it has not been read and may be something else.

    Attributes
    ----------
    path
        The file. Of a member, the archive's path and ``relative`` joined: for messages and records.
    relative
        The path below the folder, the fixed part of the glob, the list or the archive that was given.
    target
        This picture's own class, an index or a label; ``None`` where the input names none.
    columns
        The other columns of its row in a list: (column, value), in the list's order.
    member
        Where its bytes lie, for a picture in an archive.
    truth
        Its true class as a list or a folder calls it; ``None`` where nothing says it.
    crop
        The part of it that is read; ``None`` for all of it.
    url
        The address that it is fetched from, secrets included; ``path`` is what is shown of it. ``None`` for a file.
    """

    path: Path
    relative: Path
    target: str | None = None
    columns: tuple[tuple[str, str], ...] = ()
    member: ArchiveMember | None = None
    truth: str | None = None
    crop: Crop | None = None
    url: str | None = field(default=None, repr=False)


def kind_of(path: Path) -> str:
    """``"file"``, ``"folder"``, ``"other"`` (a pipe, a device), ``"dangling"`` (a link) or ``"nothing"``."""
    try:
        link = stat.S_ISLNK(path.lstat().st_mode)
    except (OSError, ValueError):
        link = False
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "other"  # it may exist; the error comes when it is read
    except (OSError, ValueError):
        return "dangling" if link else "nothing"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


def shown(path: str | os.PathLike[str]) -> str:
    """The path in printable characters on one line, whatever is in its name."""
    text = os.fspath(path).encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
