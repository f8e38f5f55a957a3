"""Class names, and the class that a text or a number means."""

from __future__ import annotations

import operator
import unicodedata
from collections.abc import Sequence
from difflib import get_close_matches

from igcli.errors import LabelError

MOST_DIGITS = 18
"""Digits of an index; Python itself refuses to read numbers of some thousands."""

SHOWN = 10
"""Number of classes that a message lists."""

LONGEST = 200
"""Characters of the wanted text that are compared with the names and shown."""


class Labels(Sequence[str]):
    """The names of a model's classes, in the order of its outputs."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(map(_writable, names))
        self._by_name: dict[str, list[int]] = {}
        for index, name in enumerate(self._names):
            self._by_name.setdefault(plain_label(name), []).append(index)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def find(self, wanted: str | int) -> int:
        """The index of the class that ``wanted`` means.

        Parameters
        ----------
        wanted
            A number is an index. A text is a class name, matched exactly or else in any case; or an index in digits.
            ``name:TEXT`` is always a name, and ``index:N`` an index.

        Raises
        ------
        LabelError
            When the index is out of range, no class is called that, or several classes could be meant.
        """
        index = None if isinstance(wanted, (str, bool)) else _whole_number(wanted)
        return (
            self._by_text(str(wanted).strip())
            if index is None
            else self._by_index(str(max(min(index, 10**MOST_DIGITS), -1)))
        )

    def _by_text(self, text: str) -> int:
        text = _writable(text)
        named = self._called(text)
        if not named:
            kind, _, rest = text.partition(":")
            if kind == "index":
                return self._by_index(rest.strip())
            if kind == "name":
                return self._one_of(self._called(rest.strip()), rest.strip())
        if _is_number(text):
            return self._by_digits(text, named)
        return self._one_of(named, text)

    def _by_digits(self, text: str, named: list[int]) -> int:
        """The class of a text in digits, which may be a name, an index, or both, of two classes."""
        index = _as_index(text)
        other = index is not None and index < len(self) and index not in named
        numbered = all(map(_is_number, self._names))  # such as folders 1, 2, 3, 10: people mean the names
        if named and (numbered or not other):
            return self._one_of(named, text)
        if named:
            raise LabelError(
                f"{text} could mean class {named[0]}, which is called {self[named[0]]!r}, or the class with index "
                f"{text}, which is called {self[int(text)]!r}: say name:{text} or index:{text}."
            )
        if numbered and other:
            raise LabelError(
                f"No class is called {text!r}, and the classes of this model are called by numbers: give a name, or "
                f"index:{text} for the class with that index, which is called {self[int(text)]!r}."
            )
        return self._by_index(text)

    def _by_index(self, text: str) -> int:
        index = _as_index(text)
        if index is None or not index < len(self):
            raise LabelError(f"There is no class {text[:20]}: this model's classes are 0 to {len(self) - 1}.")
        return index

    def _called(self, text: str) -> list[int]:
        """The classes of exactly this name; else those of this name in any case."""
        near = self._by_name.get(plain_label(text), [])
        return [index for index in near if self[index] == text] or near

    def _one_of(self, found: list[int], text: str) -> int:
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(f"index:{i}" for i in found[:SHOWN]) + (", ..." if len(found) > SHOWN else "")
            raise LabelError(f"Several classes are called {text!r}: say which one you mean ({numbers}).")
        raise LabelError(f"No class is called {text[:LONGEST]!r}. {self._nearest(text[:LONGEST])}")

    def _nearest(self, text: str) -> str:
        plain = plain_label(text)
        near = get_close_matches(plain, self._by_name, n=5, cutoff=0.6)
        near += [name for name in self._by_name if plain and plain in name and name not in near][: 5 - len(near)]
        if not near:
            return f"Give a class name or an index from 0 to {len(self) - 1}."
        return "The closest names: " + ", ".join(self._names[self._by_name[name][0]] for name in near) + "."


def _writable(name: str) -> str:
    """Without control characters and surrogates, which not every file or terminal accepts."""
    if name.isprintable():
        return name
    return "".join(
        c.encode("unicode_escape", "backslashreplace").decode() if unicodedata.category(c) in ("Cc", "Cs") else c
        for c in name
    )


def _is_number(text: str) -> bool:
    return text.removeprefix("-").isdecimal()


def _as_index(text: str) -> int | None:
    """The index in digits; ``None`` if it cannot be one."""
    return int(text) if text.isdecimal() and len(text) <= MOST_DIGITS else None


def _whole_number(wanted: object) -> int | None:
    """The integer that the object represents, such as a tensor with one integer; else ``None``."""
    try:
        return operator.index(wanted)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return None


def plain_label(name: str) -> str:
    """The name by which labels are compared: in any case, with spaces or underscores."""
    return " ".join(name.replace("_", " ").split()).casefold()
