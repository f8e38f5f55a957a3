"""The structures of an SD file, one at a time, each with the line that it begins on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TextIO

from igcli.inputs import Missing, TextInput

END = "$$$$"
LARGEST = 1 << 20
"""Characters of one structure with its data."""


def structures_in(text: TextIO, file: str) -> Iterator[TextInput | Missing]:
    """Each structure up to its line ``$$$$``; one that is too large is not kept, and the next ones are read."""
    lines: list[str] = []
    size = number = 0
    first = 1
    while line := text.readline(LARGEST):
        number += 1
        if line.rstrip() == END:
            yield _structure(lines, size, (file, first))
            lines, size, first = [], 0, number + 1
            continue
        size += len(line)
        if size <= LARGEST:
            lines.append(line.rstrip("\r\n"))
        else:
            lines = []
    if any(map(str.strip, lines)) or size > LARGEST:  # a .mol file, or an SD file without its last line
        yield _structure(lines, size, (file, first))
    elif first == 1:
        yield Missing(file, "It has no molecules in it.")


def _structure(lines: list[str], size: int, place: tuple[str, int]) -> TextInput | Missing:
    file, first = place
    if size > LARGEST:
        return Missing(f"{file}:{first}", f"It has more than {LARGEST:,} characters before its line {END}.")
    end = next((place + 1 for place, line in enumerate(lines) if line.startswith("M  END")), len(lines))
    name = lines[0].strip() if lines else ""
    return TextInput("\n".join(lines[:end]) + "\n", source=file, line=first, label=name)
