"""Named choices: methods, rules, baselines, scores, styles, models; and the packages that add to them.

A registry is filled by its own decorator. The command line's choices, the listings, the tables in the README and the
parametrised tests all read it, so that a new entry shows up everywhere at once.

Another package is a plug-in if it names a module, or a function without arguments, in the entry-point group
``igcli.plugins``; importing the one or calling the other registers, by the same decorators:

    [project.entry-points."igcli.plugins"]
    mine = "my_package.for_igcli"

Plug-ins are loaded once, before choices are read. Heavy packages should be imported in them as :mod:`igcli.lazy` does,
so that ``ig --help`` stays quick. One that fails is passed over, and ``ig plugins`` says why.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from contextvars import ContextVar
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Generic, TypeVar

from igcli.errors import UsageError, first_line

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

PLUGINS = "igcli.plugins"
"""The entry-point group."""

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
    check
        Raises ``TypeError`` for what cannot be an entry, so that a plug-in's mistake is found when it is loaded.
    """

    def __init__(self, noun: str, *, check: Callable[[T], None] | None = None) -> None:
        self.noun = noun
        self._check = check
        self._entries: dict[str, Entry[T]] = {}
        self._of_one_kind: dict[str, Entry[T]] = {}

    def __call__(self, name: str, *, summary: str, listed: bool = True) -> Callable[[T], T]:
        """Register the decorated object under ``name``; a name is taken once.

        What serves samples of one kind only is not ``listed``: it is found by its name, which the command for that kind
        offers, and no one who goes through the registry meets it.
        """
        if name in self:
            raise ValueError(f"there is already a {self.noun} called {name!r}")
        module = sys._getframe(1).f_globals.get("__name__", "")

        def register(value: T) -> T:
            if self._check is not None:
                self._check(value)
            (self._entries if listed else self._of_one_kind)[name] = Entry(name, summary, value)
            if (notes := _NOTES.get()) is not None:
                notes.append((f"{self.noun} {name}", module))
            return value

        return register

    def __getitem__(self, name: str) -> T:
        try:
            return (self._entries.get(name) or self._of_one_kind[name]).value
        except KeyError:
            raise UsageError(self._unknown(name)) from None

    def __contains__(self, name: object) -> bool:
        return name in self._entries or name in self._of_one_kind

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def entries(self) -> list[Entry[T]]:
        """All that are listed, in the order of their registration."""
        return list(self._entries.values())

    def _unknown(self, name: str) -> str:
        near = get_close_matches(name, self._entries, n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        return f"There is no {self.noun} called {name!r}.{hint} Choose from: {', '.join(self._entries)}."


@dataclass(frozen=True)
class Plugin:
    """One entry point and what came of it.

    Attributes
    ----------
    name, value
        As the package's metadata has them.
    package, version
        Who brings it.
    registered
        ``"model my-net"`` and the like.
    error
        Why it could not be loaded, or nothing.
    """

    name: str
    value: str
    package: str
    version: str
    registered: tuple[str, ...] = ()
    error: str = ""


def load_plugins() -> list[Plugin]:
    """All plug-ins that are installed, by name; loaded the first time that this is called."""
    global _loaded
    if _loaded is None:
        from importlib.metadata import entry_points

        _loaded = []  # a plug-in that uses igcli comes back here before it is done
        points = sorted(set(entry_points(group=PLUGINS)), key=lambda point: (point.name, point.value))
        _loaded += map(_load, points)
    return _loaded


_loaded: list[Plugin] | None = None

_NOTES: ContextVar[list[tuple[str, str]] | None] = ContextVar("notes", default=None)
"""Where plug-ins' entries are noted while they are loaded: what it is and the module that registers it."""


def _load(point: EntryPoint) -> Plugin:
    package, version = ("unknown", "unknown") if point.dist is None else (point.dist.name, point.dist.version)
    error = ""
    notes: list[tuple[str, str]] = []
    token = _NOTES.set(notes)
    try:
        with redirect_stdout(sys.stderr):  # stdout is data only
            found = point.load()
            if callable(found):
                found()
    except Exception as problem:  # a stranger's code can raise anything, and must not take ig with it
        first = first_line(problem)
        error = f"It could not be loaded ({type(problem).__name__}: {first}). Update or uninstall {package}."
    finally:
        _NOTES.reset(token)
    # igcli's own modules may be imported on the way for the first time, and register theirs
    registered = tuple(entry for entry, module in notes if not f"{module}.".startswith("igcli."))
    return Plugin(point.name, point.value, package, version, registered, error)
