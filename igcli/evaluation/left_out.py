"""What an evaluation leaves out, and why: nothing drops out of a mean without being counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Omission:
    """One thing that is left out.

    Attributes
    ----------
    subject
        What is left out: a photo, a box, a class, by the name a person knows it by.
    reason
        A few words, the same for all that are left out for this reason: what is counted.
    sentence
        What is wrong with this one, and what to do about it.
    """

    subject: str
    reason: str
    sentence: str


class LeftOut:
    """Counts what is left out, by reason.

    Parameters
    ----------
    noun
        What is counted: ``"photo"``, ``"box"``, ``"class"``.
    omissions
        Those known already.
    """

    def __init__(self, noun: str = "photo", omissions: Iterable[Omission] = ()) -> None:
        self.noun = noun
        self._omissions = list(omissions)

    def add(self, *omissions: Omission) -> None:
        """Count these too."""
        self._omissions += omissions

    def __len__(self) -> int:
        return len(self._omissions)

    def __iter__(self) -> Iterator[Omission]:
        return iter(self._omissions)

    @property
    def counts(self) -> dict[str, int]:
        """Reason to number, the most frequent first, then in order of appearance."""
        return dict(Counter(omission.reason for omission in self._omissions).most_common())

    def summary(self) -> str:
        """One line for a person, or nothing when nothing is left out."""
        if not self._omissions:
            return ""
        reasons = "; ".join(f"{reason} ({number})" for reason, number in self.counts.items())
        return f"{counted(len(self), self.noun)} left out: {reasons}."


def counted(number: int, noun: str) -> str:
    """``1 box``, ``3 boxes``, ``2 photos``."""
    ending = "" if number == 1 else "es" if noun.endswith(("x", "s")) else "s"
    return f"{number} {noun}{ending}"
