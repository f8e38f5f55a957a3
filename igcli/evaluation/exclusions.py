"""What an evaluation excludes, and why: nothing is missing from a mean without being counted.

The reasons that boxes and masks share are here, each with its sentence.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from igcli.evaluation.ground_truth.names import Ambiguous
    from igcli.images.picture import Picture


@dataclass(frozen=True)
class Exclusion:
    """One thing that does not count.

    Attributes
    ----------
    subject
        A photo, a box or a class, by its usual name.
    reason
        A few words, the same for all with this reason: what is counted.
    sentence
        What is wrong with this one, and what to do about it.
    """

    subject: str
    reason: str
    sentence: str


class Exclusions:
    """What does not count, by reason.

    Parameters
    ----------
    noun
        What is counted: ``"photo"``, ``"box"``, ``"class"``.
    exclusions
        Those known already.
    """

    def __init__(self, noun: str = "photo", exclusions: Iterable[Exclusion] = ()) -> None:
        self.noun = noun
        self._exclusions = list(exclusions)

    def add(self, *exclusions: Exclusion) -> None:
        """Count these too."""
        self._exclusions += exclusions

    def __len__(self) -> int:
        return len(self._exclusions)

    def __iter__(self) -> Iterator[Exclusion]:
        return iter(self._exclusions)

    @property
    def counts(self) -> dict[str, int]:
        """Reason to number, the most frequent first, then in order of appearance."""
        return dict(Counter(exclusion.reason for exclusion in self._exclusions).most_common())

    def summary(self) -> str:
        """One line of text; empty where nothing is excluded."""
        if not self._exclusions:
            return ""
        reasons = "; ".join(f"{reason} ({number})" for reason, number in self.counts.items())
        return f"{counted(len(self), self.noun)} left out: {reasons}."


def counted(number: int, noun: str) -> str:
    """``1 box``, ``3 boxes``, ``2 photos``."""
    ending = "" if number == 1 else "es" if noun.endswith(("x", "s")) else "s"
    return f"{number} {noun}{ending}"


def ambiguous(picture: Picture, found: Ambiguous, source: Path) -> Exclusion:
    """The names do not show which entry belongs to it."""
    if found.photos:
        which = f"what {source} says could also be meant for {_some(found.others)}"
    else:
        which = f"several entries in {source} could be its own: {_some(found.others)}"
    sentence = f"{picture.name}: {which}; distinguish them by their folders."
    return Exclusion(picture.name, "ambiguous name", sentence)


def resized(picture: Picture, size: tuple[int, int], source: Path) -> Exclusion:
    """Its boxes or its mask were drawn on a photo of another ``size`` (width, height)."""
    width, height = picture.original_size
    turned = size == (height, width) and "rotated by EXIF" in picture.notes
    remedy = (
        "they were drawn before its EXIF rotation: draw them on the upright photo, or use --no-exif-rotate"
        if turned
        else "draw them on this very photo"
    )
    sentence = (
        f"{picture.name} is {width} x {height} pixels, but {source} speaks of {size[0]} x {size[1]} for it; {remedy}."
    )
    return Exclusion(picture.name, "drawn at another size", sentence)


def unseen(picture: Picture, inside: float) -> Exclusion:
    """No pixel of the model's shows the object, of which a share ``inside`` lies in the crop."""
    if inside > 0:
        sentence = f"{picture.name}: its object is smaller than a pixel of what the model sees; use a larger input."
        return Exclusion(picture.name, "object smaller than a pixel", sentence)
    sentence = f"{picture.name}: its object lies outside the part that the model sees; try --fit pad."
    return Exclusion(picture.name, "object outside the crop", sentence)


def _some(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
