"""Inputs that are no files of their own: an entry of a list, an argument, a line on stdin; and inputs that are missing.

A picture that was found as a file is :class:`igcli.images.source.Found`; all else is a :class:`TextInput`, whatever its
text stands for (words, the SMILES of a molecule). A run treats both alike: :mod:`igcli.jobs.item`.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from igcli.errors import InputError
from igcli.lazy import np

#: Characters of all inputs that are kept at once.
MOST_CHARACTERS = 1 << 28


@dataclass(frozen=True)
class Missing:
    """An input, or a part of one, that cannot be used, and a sentence that says why and what to do."""

    argument: str
    reason: str


@dataclass(frozen=True)
class TextInput:
    """An input that is a text: an argument, a line, a cell of a table.

    Attributes
    ----------
    text
        What is to be explained.
    source
        The file that it stands in, as it was given; ``-`` for stdin, empty for an argument.
    line
        Where in the file, from 1; ``None`` for an argument, and where the file as a whole is the entry.
    label
        What its output files are called, before it is made safe; by default the beginning of the text.
    target
        This entry's own class, an index or a label; ``None`` where the list names none.
    columns
        The other columns of its row: (column, value), in the list's order.
    """

    text: str
    source: str = ""
    line: int | None = None
    label: str = ""
    target: str | None = None
    columns: tuple[tuple[str, str], ...] = ()

    @property
    def path(self) -> Path:
        """Where it stands, for messages: ``reviews.csv:3``; of an argument its beginning."""
        place = self.source if self.line is None else f"{self.source or '-'}:{self.line}"
        return Path(place or self.text[:60].strip() or "-")

    @property
    def relative(self) -> Path:
        """What its output files are called, unless another entry is called the same."""
        return Path(f"{_slug(self.label or self.text)}.txt")

    @cached_property
    def sha256(self) -> str:
        """Of the text, in UTF-8."""
        return hashlib.sha256(self.text.encode("utf-8", "backslashreplace")).hexdigest()

    @property
    def stamp(self) -> tuple[int, int]:
        """Two numbers that differ for different texts, as size and time do for files."""
        return len(self.text), int(self.sha256[:12], 16)

    @property
    def owner(self) -> str:
        """A text that is the same for the same entry, wherever in a list it stands."""
        said = json.dumps(self.columns, ensure_ascii=False) if self.columns else ""
        listed = hashlib.sha256(said.encode("utf-8", "replace")).hexdigest()[:16] if said else ""
        return json.dumps([self.sha256, 0, self.target, listed])

    @property
    def record(self) -> dict[str, Any]:
        """The entry ``input`` of records."""
        text = self.text.encode("utf-8", "replace").decode()
        return {"text": text, "source": self.source or None, "line": self.line, "sha256": self.sha256}


def bounded_list(inputs: Iterable[TextInput | Missing], *, most: int, unit: str) -> list[TextInput | Missing]:
    """All inputs, for what needs them all.

    Raises
    ------
    InputError
        When there are more than ``most``, or more than :data:`MOST_CHARACTERS` in them: no more are read then.
    """
    found: list[TextInput | Missing] = []
    characters = 0
    for each in inputs:
        characters += len(each.text) if isinstance(each, TextInput) else 0
        if len(found) == most or characters > MOST_CHARACTERS:
            amount = f"{most:,} {unit}s" if len(found) == most else f"{MOST_CHARACTERS:,} characters in the {unit}s"
            raise InputError(
                f"There are more than {amount}: split them into several runs, each with a folder of its own."
            )
        found.append(each)
    return found


def drawn_by_lot(inputs: Iterable[TextInput | Missing], *, most: int, seed: int) -> tuple[list[TextInput], int]:
    """At most ``most`` of the inputs, each with the same chance and in random order; and how many there were.

    They are read once, and no more than these are kept (Vitter 1985, algorithm R). What is missing does not count.
    """
    generator, kept, count = np.random.default_rng(seed), list[TextInput](), 0
    for each in inputs:
        if isinstance(each, Missing):
            continue
        count += 1
        if len(kept) < most:
            kept.append(each)
        elif (place := int(generator.integers(count))) < most:
            kept[place] = each
    return [kept[place] for place in generator.permutation(len(kept)).tolist()], count


def _slug(text: str) -> str:
    """The first words of a text, joined by ``-``; its beginning where it has none."""
    words = re.findall(r"\w+", text[:200].lower())
    return "-".join(words)[:60].strip("-") or text[:20].strip() or "empty"
