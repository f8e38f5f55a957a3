"""Named choices: methods, rules, baselines, scores, styles, models.

A registry is filled by its own decorator. The command line's choices, the listings, the tables in the README and the
parametrised tests all read it, so that a new entry shows up everywhere at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Generic, TypeVar

from igcli.errors import UsageError

T = TypeVar("T")


@dataclass(frozen=True)
class Entry(Generic[T]):
    """One named choice and its one-line description."""

    name: str
    summary: str
    value: T


class Registry(Mapping[str, T], Generic[T]):
    """A mapping from name to value, filled by using the registry as a decorator.

    Parameters
    ----------
    noun
        What an entry is called in error messages: ``"method"``, ``"style"``.
    """

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._entries: dict[str, Entry[T]] = {}

    def __call__(self, name: str, *, summary: str) -> Callable[[T], T]:
        """Register the decorated object under ``name``; a name is taken once."""
        if name in self._entries:
            raise ValueError(f"there is already a {self.noun} called {name!r}")

        def register(value: T) -> T:
            self._entries[name] = Entry(name, summary, value)
            return value

        return register

    def __getitem__(self, name: str) -> T:
        try:
            return self._entries[name].value
        except KeyError:
            raise UsageError(self._unknown(name)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[Entry[T]]:
        """All entries, in the order of their registration."""
        return list(self._entries.values())

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._entries, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"There is no {self.noun} called {name!r}.{hint} Choose from: {', '.join(self._entries)}."
