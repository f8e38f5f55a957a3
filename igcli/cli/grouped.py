"""Groups of options, each passed to its command as one noun.

A group is a decorator: it adds its options to the command and replaces their values by one object, so that a command
takes a few nouns instead of thirty values.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

Command = TypeVar("Command", bound=Callable[..., Any])


def grouped(
    noun: str, build: Callable[..., Any], *options: Callable[[Command], Command]
) -> Callable[[Command], Command]:
    """A decorator that adds ``options`` and passes ``build(**their values)`` to the command as ``noun``.

    Among the options can be groups: their nouns are values too. However many groups a command has, one function builds
    all the nouns.
    """

    def decorate(command: Command) -> Command:
        wrapped: Any = command if hasattr(command, "groups") else _grouping(command)
        groups, before = wrapped.groups, set(_option_names(wrapped))
        grouped_before = len(groups)
        for option in reversed(options):
            wrapped = option(wrapped)
        inner = groups[grouped_before:]
        taken = {name for group in inner for name in group.names}
        names = [name for name in _option_names(wrapped) if name not in before | taken]
        groups.append(_Group(noun, build, (*names, *(group.noun for group in inner))))
        return wrapped  # type: ignore[no-any-return]

    return decorate


@dataclass(frozen=True)
class _Group:
    """The values called ``names`` become ``noun``."""

    noun: str
    build: Callable[..., Any]
    names: tuple[str, ...]


def _grouping(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with a list of groups, empty as yet; groups inside others come before them."""
    groups: list[_Group] = []

    @functools.wraps(command)
    def call(*args: Any, **values: Any) -> Any:
        for group in groups:
            values[group.noun] = group.build(**{name: values.pop(name) for name in group.names})
        return command(*args, **values)

    call.groups = groups  # type: ignore[attr-defined]
    return call


def _option_names(command: Any) -> list[str]:
    """Of the values that the command gets."""
    return [param.name for param in getattr(command, "__click_params__", []) if param.expose_value]
