"""One photo of a run, on its way from the plan to the record: what it is called, and what became of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from igcli.attribution.result import Explanation
from igcli.errors import ImageError
from igcli.images.opening import contents_of
from igcli.images.source import FileState, Found
from igcli.jobs.naming import output_stems

T = TypeVar("T")


@dataclass(frozen=True)
class Item:
    """A photo to work on.

    Attributes
    ----------
    number
        Its place among the inputs.
    found
        The file.
    stem
        What its files are called below the output folder.
    ours
        Whether files of these names may be replaced: they are from an earlier attempt at this very photo, or the
        user has said so.
    """

    number: int
    found: Found
    stem: Path
    ours: bool = False


@dataclass(frozen=True)
class Explained:
    """One photo and one class, explained.

    Attributes
    ----------
    stem
        What its files are called below the output folder.
    ours
        Whether files of these names may be replaced.
    timing
        Seconds by step.
    """

    found: Found
    stem: Path
    ours: bool
    explanation: Explanation
    timing: Mapping[str, float]


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """What became of one photo.

    Attributes
    ----------
    results
        One a class, in order; what was made of it.
    failures
        One a class that could not be explained, or one for the whole photo: sentences.
    gradients
        Gradients taken for it: its share of what its group took.
    busy
        Its share of the seconds in which the model was at work.
    occupied
        Whether it failed since a file stood in the way that may not be replaced.
    """

    item: Item
    results: tuple[T, ...] = ()
    failures: tuple[str, ...] = ()
    gradients: float = 0.0
    busy: float = 0.0
    occupied: bool = False


def items_of(files: Sequence[Found], *, name: str | None = None) -> list[Item]:
    """The photos under names of their own, in order; ``name`` is that of an only photo."""
    stems = [Path(name)] if name and len(files) == 1 else output_stems([found.relative for found in files])
    return [Item(number, found, stem) for number, (found, stem) in enumerate(zip(files, stems, strict=True))]


#: Of what cannot be compared: a file that is gone, a pipe.
UNKNOWN = (-1, -1)


def owner_of(found: Found) -> str:
    """What distinguishes a photo from others, and from itself where a list says something else of it."""
    place = 0 if found.member is None else found.member.offset
    said = json.dumps(dict(found.columns), ensure_ascii=False) if found.columns else ""
    listed = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16] if said else ""
    return json.dumps([os.path.abspath(found.path), place, found.target, listed])  # noqa: PTH100


def source_of(found: Found) -> tuple[int, int]:
    """What changes when the file does: its size and when it was written; of a member, the archive's."""
    path = found.path if found.member is None else found.member.archive
    try:
        state = FileState.of(path.stat())
    except OSError:
        return UNKNOWN
    return (state.size, state.modified_ns)


def source_read(image: Mapping[str, Any]) -> tuple[int, int]:
    """The same as of the moment when the bytes were read, from the ``image`` of a record."""
    file = image.get("file")
    return UNKNOWN if file is None else (int(file["size"]), int(file["modified_ns"]))


def sha256_of(found: Found) -> str | None:
    """The SHA-256 of the file's bytes, in hexadecimal; ``None`` where they cannot be read."""
    if found.member is None and not found.path.is_file():  # a pipe gives its bytes only once
        return None
    try:
        return hashlib.sha256(contents_of(found).data).hexdigest()
    except ImageError:
        return None
