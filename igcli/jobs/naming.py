"""What the output files are called: safe, predictable, and never the same for two pictures."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePath

#: Stems that a run's own files have.
RESERVED = ("index", "failures", "run", "report")
_RUN_FILES = {f"{stem}.{end}" for stem in RESERVED for end in ("json", "jsonl", "interior.json", "interior.jsonl")}

#: The longest name of a file or folder, in bytes: what is added to it must still fit into the usual 255.
LONGEST = 100


def output_stems(relatives: Sequence[PurePath]) -> list[Path]:
    """A stem below the output folder for every picture, in order.

    ``a/photo.jpg`` becomes ``a/photo``. Where that would not be unique (``photo.jpg`` beside ``photo.png``, or names
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
            chosen = chosen.parent / chosen.name.replace(".", "_")  # photo.b beside photo: photo's files end in .b too
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

    Where another of the network's ``labels`` looks the same there, as ImageNet's two cranes do, it is
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
    """As much of the beginning as ``LONGEST`` bytes hold."""
    return name.encode()[:LONGEST].decode(errors="ignore")


def _folded(path: PurePath) -> str:
    return unicodedata.normalize("NFC", str(path)).casefold()
