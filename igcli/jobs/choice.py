"""Which photos of a large folder a run works on: those predicted wrongly, the doubtful, a subset that can grow."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from igcli.images.source import Found
from igcli.jobs.outputs.record import Record
from igcli.models.labels import plain_label


@dataclass(frozen=True)
class Choice:
    """The inputs of a run that it works on.

    Attributes
    ----------
    numbers
        Their places among all inputs, which names of files are given to as well: they do not change with the choice.
    failures
        Inputs that failed while the choice was made, each with the sentences that say why.
    facts
        Entries of ``run.json``: how the choice was made, and what was found on the way.
    """

    numbers: frozenset[int]
    failures: Mapping[int, tuple[str, ...]] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Criterion:
    """Which predictions are wanted: wrong ones, or those of a probability below a limit in (0, 1]."""

    below: float | None = None

    def fits(self, record: Record) -> bool:
        """Whether the record of a prediction is wanted."""
        if self.below is not None:
            return bool(record["prediction"][0]["probability"] < self.below)
        return record.get("truth", {}).get("correct") is False

    def __str__(self) -> str:
        return "wrong" if self.below is None else f"below:{self.below:g}"


def sampled(photos: Mapping[int, Found], count: int, *, seed: int) -> frozenset[int]:
    """``count`` of the photos, by a seed; a larger subset contains every smaller one.

    Where true classes are known, each class gives as many as every other one as long as it has any; photos without
    one are a class of their own. Which photos of a class come first depends on their paths and the seed alone, so that
    a folder to which photos are added keeps most of its subset.

    Parameters
    ----------
    photos
        By their places among the inputs.

    Returns
    -------
    frozenset
        Places of the photos in the subset; of all, if there are no more than ``count``.
    """
    classes: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for number, found in photos.items():
        classes[plain_label(found.truth or "")].append((_lot(found, seed), number))
    drawn = [(rank, lot, number) for members in classes.values() for rank, (lot, number) in enumerate(sorted(members))]
    return frozenset(number for *_, number in sorted(drawn)[:count])


def _lot(found: Found, seed: int) -> str:
    named = "\0".join((str(seed), found.relative.as_posix(), found.target or "", *map("=".join, found.columns)))
    return hashlib.sha256(named.encode("utf-8", "surrogateescape")).hexdigest()


def spread_over(photos: Sequence[Found]) -> int:
    """Over how many true classes photos are spread; 0 where none is known."""
    return len({plain_label(found.truth) for found in photos if found.truth is not None})
