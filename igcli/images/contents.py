"""The bytes of one picture and how its file was when they were read: what a later run compares is what was seen."""

from __future__ import annotations

from dataclasses import dataclass

from igcli.errors import ImageError
from igcli.images.members import read_member
from igcli.images.opening import check_length, file_bytes
from igcli.images.source import FileState, Found, shown


@dataclass(frozen=True)
class Contents:
    """A file's or a member's bytes; ``state`` is the file's or the archive's, ``None`` for a pipe."""

    data: bytes
    state: FileState | None


def contents_of(source: Found) -> Contents:
    """All of the file or the member, read once.

    Raises
    ------
    ImageError
        Where there is nothing to read, too much, or a file that is being written to.
    """
    name = shown(source.path)
    if source.member is None:
        contents = Contents(*file_bytes(source.path, name))
    else:
        check_length(source.member.size, name)
        contents = Contents(read_member(source.member), source.member.state)
    if not contents.data:
        raise ImageError(f"{name} is empty (zero bytes); copy or download it again.")
    return contents
