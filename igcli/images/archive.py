"""The pictures in an archive, a tar or a zip: a folder that need not be unpacked.

Only headers are read here, and ``.cls`` members: a picture's class is the text of the one with the same key, which is
everything up to the first dot of the name, folders included (the layout of WebDataset). Links are not followed and
nothing is written to disk, so that a name like ``../../x`` leads nowhere. ``members`` reads the pictures' bytes.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePath

from igcli.images.archive_bounds import ArchiveEntry, ArchiveError
from igcli.images.members import open_archive
from igcli.images.npy_header import LONGEST_HEAD, has_picture_shape
from igcli.images.optional import picture_suffixes
from igcli.images.passed_over import PassedOver
from igcli.images.source import ArchiveMember, Found, shown
from igcli.images.tar_archive import TarArchive
from igcli.images.zip_archive import ZipArchive
from igcli.inputs import Missing

ARCHIVE_SUFFIXES = (
    ".tar", ".tar.bz2", ".tar.gz", ".tar.xz", ".tar.zst", ".tbz", ".tbz2", ".tgz", ".txz", ".tzst", ".zip",
)  # fmt: skip
"""Endings, in lower case, by which an archive is recognised; its first bytes say of which kind it is."""

LARGEST_PICTURE = 1 << 30
"""Bytes of the largest member that is read into memory."""

LARGEST_CLASS = 512
"""Bytes of the largest ``.cls``: an index or a label."""

LONGEST_NAME = 1024
"""Bytes of a member's name; with the output folder before it, it must still be a path."""

MOST_MEMBERS = 500_000
"""Pictures and classes that one archive may hold."""

MOST_NAMED = 20
"""Members that are named one by one when they are refused; the others are counted."""


def pictures_in(path: Path, passed_over: PassedOver | None = None) -> Iterator[Found | Missing]:
    """The pictures in the archive, in its order, and a sentence for each that cannot be read.

    Where the archive is damaged or cut off, the pictures before that are given, and a sentence says so. Its other files
    are counted in ``passed_over``, by their endings.
    """
    contents, end = _Contents(path), ""
    try:
        with closing(open_archive(path)) as archive:
            for entry in archive.entries():
                contents.add(entry, archive)
    except ArchiveError as error:
        end = str(error)
    found = list(contents.pictures())
    yield from found
    yield from contents.refusals()
    if passed_over is not None and (found or contents.refused):
        passed_over.add(contents.others)
    if end:
        yield Missing(str(path), f"{end} The pictures before that are read." if found else end)
    elif not found and not contents.refused:
        reason = "has no images in it; a picture needs an ending such as .jpg or .png."
        if contents.others:
            reason = f"has no images that are read: {contents.others.summary()}."
        yield Missing(str(path), f"{shown(path)} {reason}")


class _Contents:
    """What is gathered from the headers; a class may come after its picture."""

    def __init__(self, archive: Path) -> None:
        self.refused = 0
        self.others = PassedOver()
        self._archive = archive
        self._named: list[Missing] = []
        self._members: list[tuple[ArchiveMember, int]] = []
        self._classes: dict[str | int, str | None] = {}
        self._counted = 0
        self._suffixes = picture_suffixes()
        self._key, self._run = "", 0

    def add(self, entry: ArchiveEntry, archive: TarArchive | ZipArchive) -> None:
        """Add a picture or a class, whose text is read; count anything else."""
        key, ending = _key(entry.name)
        if key != self._key:
            self._key, self._run = key, self._run + 1
        is_class = ending == "cls"
        if _hidden(entry.name):
            return
        if not is_class and not self._is_picture(entry, archive):
            self.others.take(PurePath(self._archive / _inside(entry.name)))
            return
        self._counted += 1
        if self._counted > MOST_MEMBERS:
            raise ArchiveError(f"{archive.name} has more than {MOST_MEMBERS:,} pictures and classes; split it.")
        if problem := _problem(entry, LARGEST_CLASS if is_class else LARGEST_PICTURE):
            self._refuse(entry.name, problem)
        elif is_class:
            self._add_class(archive.text(entry).decode("utf-8", "replace").strip())
        else:
            member = ArchiveMember(self._archive, entry.name, entry.offset, entry.size, archive.form, archive.state)
            self._members.append((member, self._run))

    def _is_picture(self, entry: ArchiveEntry, archive: TarArchive | ZipArchive) -> bool:
        suffix = posixpath.splitext(entry.name)[1].lower()
        if suffix == ".npy" and not entry.problem:
            return has_picture_shape(archive.head(entry, LONGEST_HEAD))
        return suffix in self._suffixes

    def pictures(self) -> Iterator[Found]:
        """Each with its class, except those that have several."""
        for member, run in self._members:
            key = _key(member.name)[0]
            # Neighbours with one key are one sample, even if the key comes again; else the key alone must do.
            sample = next((sample for sample in (run, key) if sample in self._classes), None)
            target = None if sample is None else self._classes[sample]
            if sample is not None and target is None:
                self._refuse(member.name, "has several .cls files that differ; keep one.")
                continue
            relative = _inside(member.name)
            yield Found(self._archive / relative, relative, target, member=member)

    def refusals(self) -> Iterator[Missing]:
        """The first ``MOST_NAMED``, and how many more there are."""
        yield from self._named
        if more := self.refused - len(self._named):
            reason = f"{shown(self._archive)} has {more:,} more members that are refused like those before."
            yield Missing(str(self._archive), reason)

    def _add_class(self, text: str) -> None:
        for sample in (self._run, self._key) if text else ():
            self._classes[sample] = text if self._classes.get(sample, text) == text else None

    def _refuse(self, name: str, problem: str) -> None:
        self.refused += 1
        if self.refused <= MOST_NAMED:
            path = self._archive / _inside(name[:LONGEST_NAME])
            self._named.append(Missing(str(path), f"{shown(path)} {problem}"))


def _key(name: str) -> tuple[str, str]:
    """The key, and in lower case the ending that says which part of the sample this is."""
    folder, slash, own = name.rpartition("/")
    key, _, ending = own.partition(".")
    return folder + slash + key, ending.lower()


def _hidden(name: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in name.split("/"))


def _inside(name: str) -> Path:
    """The name as a path that is relative and does not climb."""
    return Path(*(part for part in name.split("/") if part not in ("", ".", "..")))


def _problem(entry: ArchiveEntry, largest: int) -> str:
    """Why this member is refused; empty if it is not."""
    length = len(entry.name.encode("utf-8", "surrogateescape"))
    if length > LONGEST_NAME:
        return f"and so on is a name of {length:,} bytes, more than {LONGEST_NAME:,}; shorten it."
    if not entry.problem and entry.size > largest:
        return f"has {entry.size:,} bytes, more than {largest:,}; make it smaller, or unpack it."
    return entry.problem
