"""The base class of the options' own types, for every click in the stated range; and types that a function reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from igcli.images.extent import extent_of, sides

if TYPE_CHECKING:
    ParamType = click.ParamType[Any]
else:
    ParamType = click.ParamType  # takes a type's name in brackets from click 8.4 on only


class TextType(ParamType):
    """What ``read`` makes of a text; its ``ValueError`` says in a sentence what is wrong. Other values are kept."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name, self._read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The value."""
        if not isinstance(value, str):
            return value
        try:
            return self._read(value)
        except ValueError as error:
            return self.fail(str(error), param, ctx)


def _extent(text: str) -> object:
    extent = extent_of(text)
    if min(sides(extent)) < 1:
        raise ValueError(f"{text!r} is no size: give pixels from 1 upwards.")
    return extent


#: The side of a square, or a width and a height, in pixels.
extent_type = TextType("N|WIDTHxHEIGHT", _extent)
