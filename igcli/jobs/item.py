"""One input of a run: what its files are called, what identifies it, and its results.

Names are safe, predictable, and never the same for two inputs. An input is a photo that was found as a file, or an
entry of a list (a text, a molecule): both go through the same pipeline, ledger and records, and this module has all
that distinguishes them. What is read of an input is its model's (:meth:`igcli.models.model.Model.read`).
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass
from functools import lru_cache
from pathlib import Path, PurePath
from typing import Any, Generic, TypeVar

from igcli.attribution.result import Explanation
from igcli.attribution.targets import TrueClass
from igcli.errors import ImageError
from igcli.images.addresses import absolute
from igcli.images.opening import contents_of
from igcli.images.source import FileState, Found
from igcli.inputs import TextInput

T = TypeVar("T")

#: What a run is over.
Input = Found | TextInput


@dataclass(frozen=True)
class Item:
    """A photo, or an entry of a list, to work on.

    Attributes
    ----------
    number
        Its place among the inputs.
    found
        The file, or the entry.
    stem
        What its files are called below the output folder.
    ours
        Whether files of these names may be replaced: they are from an earlier attempt at this very photo, or the
        user has said so.
    """

    number: int
    found: Input
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
    truth
        The true class, where it was said.
    """

    found: Input
    stem: Path
    ours: bool
    explanation: Explanation
    timing: Mapping[str, float]
    truth: TrueClass | None = None


@dataclass(frozen=True)
class Outcome(Generic[T]):
    """The result of one photo.

    Attributes
    ----------
    results
        One per class, in order: what was written.
    failures
        Sentences: one per class that could not be explained, or one for the whole photo.
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


def items_of(files: Sequence[Input], *, name: str | None = None) -> list[Item]:
    """The inputs in order, each with a stem of its own; ``name`` replaces that of a single photo."""
    stems = [Path(name)] if name and len(files) == 1 else output_stems([found.relative for found in files])
    return [Item(number, found, stem) for number, (found, stem) in enumerate(zip(files, stems, strict=True))]


#: The source of what cannot be compared: a file that is missing, a pipe.
UNKNOWN = (-1, -1)


def owner_of(found: Input) -> str:
    """A text that is the same for the same file with the same box and entries in a list, and for the same entry."""
    if isinstance(found, TextInput):
        return found.owner
    place = 0 if found.member is None else found.member.offset
    said = json.dumps(dict(found.columns), ensure_ascii=False) if found.columns else ""
    listed = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16] if said else ""
    box = [] if found.crop is None else [list(astuple(found.crop))]
    return json.dumps([absolute(found.path), place, found.target, listed, *box])


def file_stamp(found: Input) -> tuple[int, int]:
    """Size in bytes and modification time in ns of the file, or of the archive that it is in; of an entry its own.

    What lies at an address counts as unchanged.
    """
    if isinstance(found, TextInput):
        return found.stamp
    if found.url is not None:
        return (0, 0)
    path = found.path if found.member is None else found.member.archive
    try:
        state = FileState.of(path.stat())
    except OSError:
        return UNKNOWN
    return (state.size, state.modified_ns)


def source_read(image: Mapping[str, Any]) -> tuple[int, int]:
    """Size and modification time when the bytes were read, from the ``image`` of a record."""
    file = image.get("file")
    return UNKNOWN if file is None else (int(file["size"]), int(file["modified_ns"]))


def photo_sha256(found: Input) -> str | None:
    """The SHA-256 of the file's bytes, in hexadecimal, or of the entry; ``None`` where they cannot be read."""
    if isinstance(found, TextInput):
        return found.sha256
    if found.member is None and found.url is None and not found.path.is_file():  # a pipe gives its bytes only once
        return None
    try:
        return hashlib.sha256(contents_of(found).data).hexdigest()
    except ImageError:
        return None


#: What the files of means over photos are called.
MEAN = "mean"
#: Stems that a run's own files have.
RESERVED = ("index", "failures", "run", "report", MEAN)
_RUN_FILES = {f"{stem}.{end}" for stem in RESERVED for end in ("json", "jsonl", "interior.json", "interior.jsonl")}

#: The longest name of a file or folder, in bytes: what is added to it must still fit into the usual 255.
LONGEST = 100


def output_stems(relatives: Sequence[PurePath]) -> list[Path]:
    """A stem below the output folder for every picture, in order.

    ``a/photo.jpg`` becomes ``a/photo``. Where that would not be unique (``photo.jpg`` next to ``photo.png``, or names
    that differ only in case) the whole file name is kept, and if need be a number is added. No stem is absolute or
    climbs out of the folder.
    """
    plain = [_safe(relative.parent) / _safe_name(relative.stem) for relative in relatives]
    seen = Counter(_folded(stem) for stem in plain)
    seen.update(RESERVED)  # a photo called run.jpg keeps its ending
    taken: set[str] = set()
    numbers: Counter[str] = Counter()  # the last number tried for a name: thousands may share one
    stems = []
    for relative, stem in zip(relatives, plain, strict=True):
        chosen = stem if seen[_folded(stem)] == 1 else stem.parent / _safe_name(relative.name)
        if any(_folded(stem.parent / start) in seen for start in _beginnings(stem.name)):
            chosen = chosen.parent / chosen.name.replace(".", "_")  # photo.b next to photo: photo's files end in .b too
        candidate, name = chosen, _folded(chosen)
        while _folded(candidate) in taken:
            numbers[name] += 1
            candidate = chosen.parent / f"{chosen.name}-{numbers[name] + 1}"
        taken.add(_folded(candidate))
        stems.append(candidate)
    return stems


def _beginnings(name: str) -> Iterator[str]:
    """``a`` and ``a.b`` of ``a.b.c``."""
    parts = name.split(".")
    return (".".join(parts[:count]) for count in range(1, len(parts)))


def with_target(stem: Path, index: int, labels: Sequence[str]) -> Path:
    """The stem of one of several classes of the same picture: ``photo.cougar_face``.

    Where another of the network's ``labels`` gives the same word, as ImageNet's two cranes do, it is
    ``photo.crane-134``.
    """
    word = _word(labels[index])
    return stem.parent / (f"{stem.name}.{word}-{index}" if word in _ambiguous(tuple(labels)) else f"{stem.name}.{word}")


@lru_cache(maxsize=8)
def _ambiguous(labels: tuple[str, ...]) -> frozenset[str]:
    return frozenset(word for word, count in Counter(map(_word, labels)).items() if count > 1)


def _word(label: str) -> str:
    return _short(re.sub(r"\W+", "_", unicodedata.normalize("NFKC", label)).strip("_").lower()) or "class"


def _safe(folder: PurePath) -> Path:
    parts = [_safe_name(part) for part in folder.parts if part not in ("", ".", "..", folder.anchor)]
    return Path(*(f"{part}_" if part.casefold() in _RUN_FILES else part for part in parts))


def _safe_name(name: str) -> str:
    name = name.encode("utf-8", "replace").decode()  # bytes that are no UTF-8 arrive as lone surrogates
    name = "".join("_" if unicodedata.category(c).startswith("C") or c in '/\\:*?"<>|' else c for c in name)
    return _short(name.lstrip(".").strip()).rstrip(".") or "picture"


def _short(name: str) -> str:
    """The beginning of a name, at most ``LONGEST`` bytes of UTF-8."""
    return name.encode()[:LONGEST].decode(errors="ignore")


def _folded(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
