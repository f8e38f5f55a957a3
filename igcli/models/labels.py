"""Class names, and finding one by what a person types."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from difflib import get_close_matches

from igcli.errors import LabelError


class Labels(Sequence[str]):
    """The names of a model's classes, in the order of its outputs."""

    def __init__(self, names: Sequence[str]) -> None:
        self._names = tuple(names)
        self._by_name: dict[str, list[int]] = {}
        for index, name in enumerate(self._names):
            self._by_name.setdefault(_plain(name), []).append(index)

    def __getitem__(self, index: int) -> str:  # type: ignore[override]
        return self._names[index]

    def __len__(self) -> int:
        return len(self._names)

    def find(self, wanted: str | int) -> int:
        """The index of the class that ``wanted`` names: an index, or a name in any case.

        Raises
        ------
        LabelError
            When the index is out of range, no class is called that, or several are.
        """
        text = str(wanted if isinstance(wanted, (str, bool)) else _index(wanted)).strip()
        if text.removeprefix("-").isdecimal():
            index = int(text)
            if not 0 <= index < len(self):
                raise LabelError(f"There is no class {index}: this model's classes are 0 to {len(self) - 1}.")
            return index
        found = self._by_name.get(_plain(text), [])
        if len(found) == 1:
            return found[0]
        if found:
            numbers = ", ".join(str(i) for i in found)
            raise LabelError(f"Several classes are called {text!r}: give the index of the one you mean ({numbers}).")
        raise LabelError(f"No class is called {text!r}. {self._nearest(text)}")

    def _nearest(self, text: str) -> str:
        plain = _plain(text)
        near = get_close_matches(plain, self._by_name, n=5, cutoff=0.6)
        near += [name for name in self._by_name if plain and plain in name and name not in near][: 5 - len(near)]
        if not near:
            return f"Give a class name or an index from 0 to {len(self) - 1}."
        return "The closest names: " + ", ".join(self._names[self._by_name[name][0]] for name in near) + "."


def _index(wanted: object) -> object:
    """What stands for a whole number, such as a tensor of one, as that number; anything else as it is."""
    try:
        return operator.index(wanted)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return wanted


def _plain(name: str) -> str:
    return " ".join(name.replace("_", " ").split()).casefold()
