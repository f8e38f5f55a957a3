"""The size of a network's input: the side of a square, or the width and height of a rectangle, in pixels."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral

Extent = int | tuple[int, int]
"""The side of a square, or (width, height) of a rectangle, whose sides differ."""

_SPELLING = "give a whole number, or WIDTHxHEIGHT as in 512x256"


def extent_of(value: object) -> Extent:
    """An extent from a side, a width and a height, or a text such as ``224`` or ``512x256``.

    Raises
    ------
    ValueError
        For anything else; a sentence.
    """
    parts: Sequence[object] = [value]
    if isinstance(value, str):
        parts = [int(part) if part.isdecimal() else part for part in value.strip().lower().split("x")]
    elif isinstance(value, Sequence):
        parts = value
    numbers = [int(part) for part in parts if isinstance(part, Integral)]
    if len(numbers) != len(parts) or len(parts) not in (1, 2):
        raise ValueError(f"{value!r} is no size: {_SPELLING}.")
    return numbers[0] if len(set(numbers)) == 1 else (numbers[0], numbers[1])


def sides(extent: Extent) -> tuple[int, int]:
    """Width and height."""
    return (extent, extent) if isinstance(extent, int) else extent


def extent_text(extent: Extent) -> str:
    """``224``, ``512x256``."""
    return str(extent) if isinstance(extent, int) else "x".join(map(str, extent))
