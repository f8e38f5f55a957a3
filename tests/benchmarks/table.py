"""What a section of the benchmark found: a table to read, and the same as data."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

WIDTH = 120


@dataclass(frozen=True)
class Section:
    """One section's findings; ``rows`` are as long as ``header``, ``data`` is what JSON can hold."""

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    data: Mapping[str, object]
    notes: Sequence[str] = field(default=())

    def text(self, *, command: str) -> str:
        """Title, table, notes and the command that measures it again: names to the left, numbers to the right."""
        widths = [max(len(row[i]) for row in (self.header, *self.rows)) for i in range(len(self.header))]
        lines = [self.title, _line(self.header, widths), "  ".join("-" * width for width in widths)]
        lines += [_line(row, widths) for row in self.rows]
        lines += [line for note in self.notes for line in textwrap.wrap(note, WIDTH, break_on_hyphens=False)]
        return "\n".join([*lines, f"$ {command}"])


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    name, *numbers = (
        cell.ljust(width) if i == 0 else cell.rjust(width)
        for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "  ".join([name, *numbers]).rstrip()
