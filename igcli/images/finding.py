"""From arguments to pictures: files, folders, globs, lists, archives, ``-`` for stdin.

No picture is opened here. An input that leads to none becomes a :class:`Missing` in its place, and the others go
on. ``listing`` reads lists, ``archive`` archives.
"""

from __future__ import annotations

import glob
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

from igcli.images.addresses import LONGEST_URL, address_of, ending_at, found_at, is_address
from igcli.images.archive import ARCHIVE_SUFFIXES, pictures_in
from igcli.images.list_rows import LIST_SUFFIXES
from igcli.images.listing import MOST_ROWS, is_metadata, pictures_listed, pictures_listed_at
from igcli.images.optional import picture_suffixes
from igcli.images.passed_over import PassedOver, begins_as_picture, is_picture
from igcli.images.remote import is_offline, refused_offline
from igcli.images.source import Found, kind_of, shown
from igcli.inputs import Missing

MOST_PIPED = 256 << 20
"""Characters that are read of a list on stdin, where anything may come."""


def find_images(
    arguments: Sequence[str],
    *,
    recursive: bool = False,
    null_separated: bool = False,
    stdin: TextIO | None = None,
    exclude: Callable[[Path], bool] | None = None,
    passed_over: PassedOver | None = None,
    offline: bool = False,
) -> list[Found | Missing]:
    """The pictures that ``arguments`` mean, in their order, each once.

    Parameters
    ----------
    arguments
        Files (of any ending), folders (their pictures, sorted, without hidden ones), globs that the shell did not
        expand (``**`` for any depth), lists (``.csv``, ``.tsv``, ``.jsonl``), archives (``.zip``, ``.tar``, ``.tgz``,
        ...), addresses of pictures or lists (``addresses.SCHEMES``), or ``-`` for one path per line on stdin. A
        folder's pictures have the columns of its ``metadata.csv`` or ``metadata.jsonl``.
    recursive
        Search the folders' sub-folders too, each once even if links form a loop.
    null_separated
        On stdin a NUL ends each path, as ``find -print0`` writes them, so that names may contain line breaks.
    exclude
        Which files of folders and globs to leave out.
    passed_over
        Counts the files of folders, globs and archives that are not read.
    offline
        Whether what lies at an address is missing, and no list is fetched.
    """
    others = PassedOver() if passed_over is None else passed_over
    search = _Search(recursive, exclude or (lambda _: False), others, offline or is_offline())
    seen: set[object] = set()
    folders: dict[Path, Path] = {}
    unique: list[Found | Missing] = []
    for argument in arguments:
        if argument == "-":
            items = _piped(stdin or sys.stdin, search, null_separated=null_separated)
        else:
            items = _expand(argument, search)
        for item in items:
            if search.offline and isinstance(item, Found) and item.url is not None:
                item = Missing(str(item.path), refused_offline(shown(item.path)))
            key = _identity(item, folders) if isinstance(item, Found) else item
            if key not in seen:
                seen.add(key)
                unique.append(item)
    return unique


@dataclass(frozen=True)
class _Search:
    """How folders and globs are searched."""

    recursive: bool
    exclude: Callable[[Path], bool]
    passed_over: PassedOver
    offline: bool


def _piped(stdin: TextIO, search: _Search, *, null_separated: bool) -> Iterator[Found | Missing]:
    """The pictures of each non-empty line, read as bytes where possible, since a file's name need not be text."""
    buffer = getattr(stdin, "buffer", None)
    try:
        text = stdin.read(MOST_PIPED + 1) if buffer is None else os.fsdecode(buffer.read(MOST_PIPED + 1))
    except (OSError, ValueError) as error:  # closed, or open for writing alone
        yield Missing("-", f"stdin cannot be read ({error}); give paths there, one per line, or name the files.")
        return
    if begins_as_picture(os.fsencode(text[:200])):
        yield Missing("-", "A picture came on stdin, where - takes paths: use ig explain /dev/stdin, or name the file.")
        return
    if len(text) > MOST_PIPED:
        yield Missing("-", f"More than {MOST_PIPED:,} characters came on stdin; give paths, not pictures.")
        return
    if "\0" in text and not null_separated:
        yield Missing("-", "The input on stdin has NUL bytes; if find -print0 wrote it, add -0, else give paths.")
        return
    if text.count("\0" if null_separated else "\n") > MOST_ROWS:
        yield Missing("-", f"More than {MOST_ROWS:,} paths came on stdin; give them in several runs.")
        return
    lines = text.split("\0") if null_separated else [line.rstrip("\r") for line in text.split("\n")]
    names = [line for line in lines if line.strip()]
    for name in names:
        yield from _expand(name, search)
    if not names:
        yield Missing("-", "No paths came on stdin; give one per line, for example from find or ls.")


def _expand(argument: str, search: _Search) -> Iterator[Found | Missing]:
    if is_address(argument):
        yield from _address(argument, search)
        return
    path = Path(argument)
    kind = kind_of(path)
    if not argument.strip():
        yield Missing(argument, "An empty path was given; name a file or a folder.")
    elif kind == "folder":
        yield from _folder(path, argument, search)
    elif kind == "file":
        yield from _file(path, Path(path.name), search.passed_over)
    elif kind == "other":
        yield Found(path, Path(path.name))
    elif glob.has_magic(argument):
        yield from _glob(argument, search)
    elif kind == "dangling":
        yield _dangling(argument)
    else:
        yield Missing(argument, f"{shown(argument)} does not exist; check the spelling and the folder.")


def _address(url: str, search: _Search) -> Iterator[Found | Missing]:
    """The picture at an address, or those of the list there."""
    try:
        found = found_at(url)
    except ValueError as error:
        name = shown(address_of(url[:LONGEST_URL]))
        yield Missing(name, f"{name} {error}")
        return
    if url.strip().lower().partition("?")[0].endswith(ARCHIVE_SUFFIXES):
        yield Missing(str(found.path), f"{shown(found.path)} is an archive; download it and name the file.")
    elif ending_at(url) in LIST_SUFFIXES and not search.offline:
        yield from pictures_listed_at(url.strip())
    else:
        yield found


def _dangling(link: str) -> Missing:
    return Missing(link, f"{shown(link)} is a link to a file that does not exist; name the file itself.")


def _file(path: Path, relative: Path, passed_over: PassedOver) -> Iterator[Found | Missing]:
    """A picture, or the pictures of a list or an archive."""
    name = path.name.lower()
    if name.endswith(LIST_SUFFIXES):
        yield from pictures_listed(path)
    elif name.endswith(ARCHIVE_SUFFIXES):
        yield from pictures_in(path, passed_over)
    else:
        yield Found(path, relative)


def _folder(folder: Path, argument: str, search: _Search) -> Iterator[Found | Missing]:
    name, own = shown(argument.rstrip("/") + "/"), PassedOver()
    items = list(_walk(folder, search, own, recursive=search.recursive))
    paths = [item for item in items if isinstance(item, Path)]
    files = {path: [Found(path, path.relative_to(folder))] for path in paths if not is_metadata(path)}
    unreadable = [item for item in items if isinstance(item, Missing)]
    for metadata in [path for path in paths if path not in files]:
        rows: dict[Path, list[Found]] = {}
        for item in pictures_listed(metadata):
            if isinstance(item, Missing):
                unreadable.append(item)
            else:
                described = _in_folder(item, folder)
                rows.setdefault(described.path, []).append(described)  # each row counts, as of any list
        files |= rows
    yield from (found for path in sorted(files) for found in files[path])
    yield from unreadable
    if files or unreadable:
        search.passed_over.add(own)
        return
    if own:
        yield Missing(argument, f"{name} has no images that are read: {own.summary()}.")
    elif search.recursive:
        yield Missing(argument, f"{name} has no images in it or in its sub-folders; check that it is the right one.")
    elif any(isinstance(item, Path) for item in _walk(folder, search, own, recursive=True)):
        yield Missing(argument, f"{name} has no images directly in it; add --recursive to search its sub-folders.")
    else:
        yield Missing(argument, f"{name} has no images in it; check that it is the right folder.")


def _in_folder(item: Found, folder: Path) -> Found:
    """What a list of the folder names, under the name that the folder's own search gives it; an address as it is."""
    if item.url is not None:
        return item
    path = Path(os.path.normpath(item.path))
    relative = path.relative_to(folder) if path.is_relative_to(folder) else item.relative
    return replace(item, path=path, relative=relative)


def _walk(folder: Path, search: _Search, others: PassedOver, *, recursive: bool) -> Iterator[Path | Missing]:
    """The pictures under a folder and the lists that describe them (:func:`is_metadata`).

    Each folder is visited once, since symbolic links can make cycles.

    Other files are counted in ``others``.
    """
    visited: set[tuple[int, int]] = set()
    suffixes = picture_suffixes()
    ahead = [folder]
    while ahead:
        folder = ahead.pop()
        try:
            status, entries = folder.stat(), _visible(folder)
        except OSError as error:
            reason = f"{shown(folder)} cannot be listed ({error.strerror}); change its permissions."
            yield Missing(str(folder), reason)
            continue
        if (status.st_dev, status.st_ino) in visited:
            continue
        visited.add((status.st_dev, status.st_ino))
        inner = []
        for entry in entries:
            kind = kind_of(entry)
            if kind == "folder" and recursive:
                inner.append(entry)
            elif entry.suffix.lower() in suffixes and kind == "dangling":
                yield _dangling(str(entry))
            elif kind == "file" and not search.exclude(entry):
                if is_picture(entry, suffixes) or is_metadata(entry):
                    yield entry
                else:
                    others.take(entry)
        ahead += reversed(inner)


def _visible(folder: Path) -> list[Path]:
    entries = (entry for entry in folder.iterdir() if not entry.name.startswith("."))
    return sorted(entries, key=lambda entry: (entry.is_symlink(), entry))  # the real folder before a link to it


def _glob(pattern: str, search: _Search) -> Iterator[Found | Missing]:
    """The pictures among the files that match; all of these if there are no pictures."""
    parts = Path(pattern).parts
    fixed = next(i for i, part in enumerate(parts) if glob.has_magic(part))
    base = Path(*parts[:fixed])
    try:
        # Not the glob module: its ** follows links, and does not end where they form a loop.
        matches = sorted(set(base.glob(str(Path(*parts[fixed:])))))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"{shown(pattern)} is no pattern that can be searched ({error}); quote a simpler one."
        yield Missing(pattern, reason)
        return
    files = [match for match in matches if kind_of(match) == "file" and not _hidden(match, base, pattern)]
    files = [file for file in files if not search.exclude(file)]
    suffixes = picture_suffixes()
    pictures = [file for file in files if is_picture(file, suffixes)]
    for file in set(files).difference(pictures) if pictures else ():
        search.passed_over.take(file)
    files = pictures or files
    for file in files:
        yield from _file(file, file.relative_to(base), search.passed_over)
    if not files:
        yield Missing(pattern, f"No file matches {shown(pattern)}; check the pattern, or name the folder instead.")


def _hidden(match: Path, base: Path, pattern: str) -> bool:
    """Whether a name has a leading dot and, as in a shell, is not matched since the pattern has none."""
    asked = any(part.startswith(".") and glob.has_magic(part) for part in Path(pattern).parts)
    return not asked and any(part.startswith(".") for part in match.relative_to(base).parts)


def _identity(found: Found, folders: dict[Path, Path]) -> object:
    """Equal for two paths to one file in one folder, not for two names of it. ``folders`` caches resolved folders."""
    if found.url is not None:
        return found.url, found.target, found.columns
    file = found.path if found.member is None else found.member.archive
    folder = folders.get(file.parent) or folders.setdefault(file.parent, file.parent.resolve())
    place = None if found.member is None else found.member.offset
    return folder / file.name, place, found.target, found.columns
