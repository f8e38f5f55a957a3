"""How much work a pickle causes, computed from its opcodes without making any object.

A pickle can refer to a value again without writing it again, but hashing a tuple, for instance, visits every reference:
40 nested pairs, each with the previous one twice, are 2**40 steps, and tuples nested a million deep overflow the
interpreter's stack. This file runs the pickle's stack machine on (size, depth) only.
"""

from __future__ import annotations

import pickletools
from typing import Any, NamedTuple

MOST_OPCODES = 8_000_000
"""Opcodes of one pickle; a tensor takes about thirty."""

LARGEST_VALUE = 16_000_000
"""Values in a value, each counted as often as it is referred to."""

DEEPEST_VALUE = 500
"""Levels of nested containers."""

_IN_PLACE = {"APPEND", "APPENDS", "SETITEM", "SETITEMS", "ADDITEMS", "BUILD"}
_STORE = {"PUT", "BINPUT", "LONG_BINPUT"}
_FETCH = {"GET", "BINGET", "LONG_BINGET"}
_MARK = pickletools.markobject
_SLICE = pickletools.stackslice


class TooMuch(Exception):
    """What exceeds a limit, as the rest of a sentence that begins with the file's name."""


class _Value(NamedTuple):
    size: int
    depth: int


def check_pickle(stream: Any) -> bool:
    """Check one pickle of a binary stream, up to its end.

    Returns
    -------
    bool
        Whether it is a pickle, as far as the stack machine can tell.

    Raises
    ------
    TooMuch
        It has too many opcodes, or makes a value of too many values or levels.
    """
    machine = _Machine()
    try:
        for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
            if count > MOST_OPCODES:
                raise TooMuch(f"asks for more than {MOST_OPCODES:,} steps")
            machine.run(opcode, argument)
    except TooMuch:
        raise
    except Exception:  # pickletools promises ValueError, and raises others on odd bytes
        return False
    return True


class _Machine:
    """The stack, of values and marks (``None``), and the memo."""

    def __init__(self) -> None:
        self._stack: list[_Value | None] = []
        self._memo: dict[int, _Value] = {}

    def run(self, opcode: pickletools.OpcodeInfo, argument: Any) -> None:
        name, stack = opcode.name, self._stack
        if name == "MARK":
            stack.append(None)
        elif name in _STORE:
            self._memo[int(argument)] = self._top()
        elif name == "MEMOIZE":
            self._memo[len(self._memo)] = self._top()
        elif name in _FETCH:
            stack.append(self._memo[int(argument)])
        elif name == "DUP":
            stack.append(self._top())
        elif name == "POP":
            stack.pop()
        else:
            taken = self._taken(opcode)
            if opcode.stack_after:
                stack.append(_combined(taken, in_place=name in _IN_PLACE))

    def _top(self) -> _Value:
        top = self._stack[-1]
        if top is None:
            raise ValueError("a mark is not a value")
        return top

    def _taken(self, opcode: pickletools.OpcodeInfo) -> list[_Value]:
        """The values that the opcode pops, the lowest first."""
        taken: list[_Value] = []
        kinds = [_MARK, _SLICE] if opcode.name == "OBJ" else opcode.stack_before  # its class is above the mark
        for kind in reversed(kinds):
            if kind is _SLICE:  # down to the mark, which goes too
                while (value := self._stack.pop()) is not None:
                    taken.append(value)
            elif kind is not _MARK:
                value = self._stack.pop()
                if value is None:
                    raise ValueError("a mark is not a value")
                taken.append(value)
        return taken[::-1]


def _combined(taken: list[_Value], *, in_place: bool) -> _Value:
    size = 1 + sum(value.size for value in taken)
    depths = [value.depth for value in taken]
    depth = max(depths[:1] + [1 + inner for inner in depths[1:]]) if in_place else 1 + max(depths, default=0)
    if size > LARGEST_VALUE:
        raise TooMuch(f"refers to its values more than {LARGEST_VALUE:,} times over")
    if depth > DEEPEST_VALUE:
        raise TooMuch(f"nests its values more than {DEEPEST_VALUE} deep")
    return _Value(size, depth)
