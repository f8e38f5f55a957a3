"""One photo of a run, on its way from the plan to the record: what it is called, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from igcli.attribution.result import Explanation
from igcli.images.source import Found
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
    """One photo and one class, explained; ``stem`` is what its files are called below the output folder."""

    item: Item
    stem: Path
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
