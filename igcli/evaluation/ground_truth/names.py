"""Which entry of a file, or which mask, belongs to which photo: by their names, and never two photos to one entry."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PurePosixPath

from igcli.images.optional import picture_suffixes


@dataclass(frozen=True)
class Match:
    """The place of what belongs to a photo; ``by_name`` where only the base name or the stem says so."""

    entry: int
    by_name: bool


@dataclass(frozen=True)
class Ambiguous:
    """Several entries could belong to a photo, or several photos to its entry; ``others`` are their names."""

    others: tuple[str, ...]
    photos: bool


def pair(photos: Sequence[Path], entries: Sequence[PurePosixPath]) -> dict[Path, Match | Ambiguous]:
    """The entry that belongs to each photo; photos without one are missing from the result.

    An entry belongs to the photo whose path ends with it (``cats/1.jpg``, or ``1.jpg``, to ``/data/cats/1.jpg``), and
    of several the longest one; else, to the photo whose path ends with it but for the ending; else, to that of the
    same base name, whatever the folders; else, to that of the same stem. An entry that several photos claim belongs
    to the one that claims it in the earliest of these ways; where there are several such photos, to none of them.

    Parameters
    ----------
    photos
        Paths of all the photos that there are: two of one base name can only be distinguished where both are known.
    entries
        Names of photos as written in a file of boxes, or the masks' paths below their folder.
    """
    by_stem: defaultdict[str, list[tuple[int, tuple[str, ...]]]] = defaultdict(list)
    for number, entry in enumerate(entries):
        if parts := _parts(entry):
            by_stem[_stem(parts[-1])].append((number, parts))
    claims = {photo: claim for photo in photos if (claim := _claim(photo, by_stem)) is not None}
    claimants = _claimants(claims)
    found: dict[Path, Match | Ambiguous] = {}
    for photo, claim in claims.items():
        own = [entry for entry in claim.entries if photo in claimants[entry]]
        if len(own) > 1:
            found[photo] = Ambiguous(tuple(str(entries[entry]) for entry in own), photos=False)
        elif own and len(claimants[own[0]]) > 1:
            found[photo] = Ambiguous(tuple(str(other) for other in claimants[own[0]] if other != photo), photos=True)
        elif own:
            found[photo] = Match(own[0], by_name=claim.way in _BY_NAME)
    return found


_BY_NAME = (2, 3)


@dataclass(frozen=True)
class _Claim:
    """A photo's candidates among the entries, and in which of the four ways, from 0, they were found."""

    way: int
    entries: tuple[int, ...]


def _claim(photo: Path, by_stem: dict[str, list[tuple[int, tuple[str, ...]]]]) -> _Claim | None:
    parts = _parts(photo.absolute())
    by_way: defaultdict[int, dict[int, int]] = defaultdict(dict)
    for stem in {PurePath(parts[-1]).stem, parts[-1]}:  # an entry without an ending may have a dot in it
        for number, entry in by_stem.get(stem, []):
            by_way[_way(parts, entry)][number] = len(entry)
    if not by_way:
        return None
    way = min(by_way)
    longest = 0 if way in _BY_NAME else max(by_way[way].values())
    return _Claim(way, tuple(number for number, length in by_way[way].items() if length >= longest))


def _way(photo: tuple[str, ...], entry: tuple[str, ...]) -> int:
    tail = photo[-len(entry) :]
    if tail == entry:
        return 0
    if tail[:-1] == entry[:-1] and len(tail) == len(entry):
        return 1
    return 2 if photo[-1] == entry[-1] else 3


def _claimants(claims: dict[Path, _Claim]) -> dict[int, list[Path]]:
    """For each entry the photos that claim it in the earliest way in which it is claimed at all."""
    earliest: dict[int, int] = {}
    for claim in claims.values():
        earliest.update({entry: min(claim.way, earliest.get(entry, claim.way)) for entry in claim.entries})
    claimants: defaultdict[int, list[Path]] = defaultdict(list)
    for photo, claim in claims.items():
        for entry in claim.entries:
            if claim.way == earliest[entry]:
                claimants[entry].append(photo)
    return claimants


def _parts(path: PurePath) -> tuple[str, ...]:
    """Its components, in one spelling of accents: file systems differ in theirs."""
    return tuple(unicodedata.normalize("NFC", part) for part in path.parts)


def _stem(name: str) -> str:
    """Without the ending of a picture, if it has one: of ``n01440764_18.5`` nothing is taken off."""
    pure = PurePosixPath(name)
    return pure.stem if pure.suffix.lower() in picture_suffixes() else name
