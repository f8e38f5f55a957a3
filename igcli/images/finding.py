"""From what a person typed to the files that are meant: names, folders, globs, and ``-`` for a list on stdin.

Nothing is opened here. What leads nowhere becomes a :class:`Missing` in its place, so that the other inputs go on.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

# fmt: off
IMAGE_SUFFIXES = frozenset({
    ".apng", ".avif", ".avifs", ".bmp", ".gif", ".j2c", ".j2k", ".jfif", ".jp2",
    ".jpc", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".pbm", ".pfm", ".pgm", ".png",
    ".pnm", ".ppm", ".qoi", ".tif", ".tiff", ".webp",
})
# fmt: on
"""Endings, in lower case, by which a picture in a folder is recognised."""


@dataclass(frozen=True)
class Found:
    """A file, and its path below the folder (or the glob's fixed part) that was given."""

    path: Path
    relative: Path


@dataclass(frozen=True)
class Missing:
    """An argument that leads to no file, and one sentence on why and what to do."""

    argument: str
    reason: str


def find_images(
    arguments: Sequence[str], *, recursive: bool = False, stdin: TextIO | None = None
) -> list[Found | Missing]:
    """The files that ``arguments`` mean, in their order, each file once.

    Parameters
    ----------
    arguments
        Files (of any ending), folders (their pictures, sorted, hidden ones left out), globs that the shell left as
        they were (``**`` for any depth), or ``-`` for one path a line on stdin.
    recursive
        Look in the folders' sub-folders too, each once even if links form a loop.
    stdin
        Where ``-`` reads; the process's own by default.
    """
    seen: set[Path | str] = set()
    unique: list[Found | Missing] = []
    for argument in arguments:
        listed = _lines(stdin or sys.stdin) if argument == "-" else [argument]
        for name in listed:
            for item in _expand(name, recursive=recursive):
                key = _identity(item.path) if isinstance(item, Found) else item.argument
                if key not in seen:
                    seen.add(key)
                    unique.append(item)
        if not listed:
            unique.append(Missing("-", "No paths came on stdin; give one a line, for example from find or ls."))
    return unique


def _lines(stdin: TextIO) -> list[str]:
    """The non-empty lines; taken as bytes where possible, since a file's name need not be text."""
    buffer = getattr(stdin, "buffer", None)
    text = stdin.read() if buffer is None else os.fsdecode(buffer.read())
    return [line for line in (line.rstrip("\r") for line in text.split("\n")) if line.strip()]


def _expand(argument: str, *, recursive: bool) -> Iterator[Found | Missing]:
    path = Path(argument)
    kind = _kind(path)
    if not argument.strip():
        yield Missing(argument, "An empty path was given; name a file or a folder.")
    elif kind == "folder":
        yield from _folder(path, argument, recursive=recursive)
    elif kind in ("file", "other"):
        yield Found(path, Path(path.name))
    elif glob.has_magic(argument):
        yield from _glob(argument)
    elif kind == "dangling":
        yield Missing(argument, f"{argument} is a link to something that is gone; name the file itself.")
    else:
        yield Missing(argument, f"{argument} does not exist; check the spelling and the folder.")


def _folder(folder: Path, argument: str, *, recursive: bool) -> Iterator[Found | Missing]:
    shown = argument.rstrip("/") + "/"
    items = list(_walk(folder, set(), recursive=recursive))
    files = sorted(item.path for item in items if isinstance(item, Found))
    yield from (Found(file, file.relative_to(folder)) for file in files)
    unreadable = [item for item in items if isinstance(item, Missing)]
    yield from unreadable
    if files or unreadable:
        return
    if recursive:
        yield Missing(argument, f"{shown} has no images in it or in its sub-folders; check that it is the right one.")
    elif any(isinstance(item, Found) for item in _walk(folder, set(), recursive=True)):
        yield Missing(argument, f"{shown} has no images directly in it; add --recursive to look in its sub-folders.")
    else:
        yield Missing(argument, f"{shown} has no images in it; check that it is the right folder.")


def _walk(folder: Path, visited: set[tuple[int, int]], *, recursive: bool) -> Iterator[Found | Missing]:
    """The pictures under a folder; ``visited`` holds the folders seen, since links can lead back to them."""
    try:
        status = folder.stat()
        entries = sorted(folder.iterdir(), key=lambda entry: (entry.is_symlink(), entry))  # the real folder first
    except OSError as error:
        yield Missing(str(folder), f"{folder} cannot be listed ({error.strerror}); change its permissions.")
        return
    if (status.st_dev, status.st_ino) in visited:
        return
    visited.add((status.st_dev, status.st_ino))
    for entry in entries:
        if entry.name.startswith("."):
            continue
        kind = _kind(entry)
        if kind == "folder" and recursive:
            yield from _walk(entry, visited, recursive=recursive)
        elif kind == "file" and entry.suffix.lower() in IMAGE_SUFFIXES:
            yield Found(entry, entry)


def _glob(pattern: str) -> Iterator[Found | Missing]:
    """Files that match; only the pictures among them, unless the pattern's own ending asks for something else."""
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed])
    try:
        # Not the glob module: its ** follows links, and so runs in circles where they form a loop.
        matches = sorted(set(base.glob(str(Path(*parts[fixed:])))))
    except (OSError, ValueError) as error:
        yield Missing(pattern, f"{pattern} is no pattern that can be searched ({error}); quote a simpler one.")
        return
    files = [match for match in matches if _kind(match) == "file" and not _hidden(match, base, pattern)]
    files = [file for file in files if file.suffix.lower() in IMAGE_SUFFIXES] or files
    yield from (Found(file, file.relative_to(base)) for file in files)
    if not files:
        yield Missing(pattern, f"No file matches {pattern}; check the pattern, or name the folder instead.")


def _hidden(match: Path, base: Path, pattern: str) -> bool:
    """As in a shell: a name with a leading dot is only matched by a pattern with one."""
    asked = any(part.startswith(".") and glob.has_magic(part) for part in Path(pattern).parts)
    return not asked and any(part.startswith(".") for part in match.relative_to(base).parts)


def _kind(path: Path) -> str:
    """``"file"``, ``"folder"``, ``"other"`` (a pipe, a device), ``"dangling"`` (a link) or ``"nothing"``."""
    try:
        link = stat.S_ISLNK(path.lstat().st_mode)
    except (OSError, ValueError):
        link = False
    try:
        mode = path.stat().st_mode
    except PermissionError:
        return "other"  # it may exist; reading it will say what is wrong
    except (OSError, ValueError):
        return "dangling" if link else "nothing"
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


def _identity(path: Path) -> Path:
    """The same for two ways to one folder; two names of one file stay two."""
    return path.parent.resolve() / path.name
