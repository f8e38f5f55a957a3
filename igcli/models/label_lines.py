"""Lines of text -> class names: which lines begin with an index, and what else stands before a name.

The order of the lines is the order of the classes, unless every line has an index. What could be understood in two
ways is refused.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

HEADINGS = {"class", "classes", "label", "labels", "name", "names", "category", "categories"}

_SEPARATOR = r"(?:\s*[;:,|=\t]\s*|[.)]\s+|\s+-\s+|\s+)"
_INDEX_FIRST = re.compile(rf"\s*(\d+){_SEPARATOR}(\S.*)")
_INDEX_LAST = re.compile(r"(.*\S)(?:\s*[;:,|=\t]\s*|\s+)(\d+)\s*")
_MARKED = re.compile(r"\s*\d+\s*[;:|=\t]")
"""An index that can hardly be a part of the name."""

_WORDNET = re.compile(r"\s*n\d{8}(?:\s*[;:,|=\t]\s*|\s+)(\S.*)")


class NotNames(Exception):
    """Ends the sentence that begins with the file's name; the remedy follows it."""


def names_of_lines(lines: Sequence[str]) -> list[str]:
    """The names, in the order of the classes.

    Raises
    ------
    NotNames
        Some lines have an index and some have none, or the indices are not those from 0 upwards.
    """
    lines = list(lines)
    first = lines[0].strip().rstrip(":").casefold() if lines else ""
    lines = lines[first in HEADINGS and len(lines) > 1 :]
    lines = without_wordnet(lines)
    pairs = [_INDEX_FIRST.fullmatch(line) for line in lines]
    numbered = sum(pair is not None for pair in pairs)
    if lines and numbered == len(lines):
        return without_wordnet(in_order([(pair[1], pair[2]) for pair in pairs if pair]))
    marked = [line for line in lines if _MARKED.match(line)]
    if 2 * len(marked) > len(lines):
        odd = next(number for number, pair in enumerate(pairs, 1) if pair is None)
        raise NotNames(f"has indices in {numbered} of its {len(lines)} lines, and none in number {odd} of them.")
    ends = [_INDEX_LAST.fullmatch(line) for line in lines]
    last = [(end[2], end[1]) for end in ends if end]
    if len(lines) > 1 and len(last) == len(lines) == len({name for _, name in last}) and _counts(last):
        return in_order(last)
    return lines


def without_wordnet(lines: Sequence[str]) -> list[str]:
    """The lines without WordNet's number (``n01440764``), where all have one before a name."""
    found = [_WORDNET.fullmatch(line) for line in lines]
    return [match[1] for match in found if match] if lines and all(found) else list(lines)


def in_order(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The names of (index, name) by their indices.

    Raises
    ------
    NotNames
        The indices are not all those from 0 upwards, each once.
    """
    by_index = {int(index): name for index, name in pairs if index.isdecimal() and len(index) <= 9}
    missing = next((index for index in range(len(pairs)) if index not in by_index), None)
    if missing is not None:
        raise NotNames(
            f"numbers {len(pairs)} labels, and none is number {missing}: they count from 0 (numbers that belong to the "
            "names need a JSON list)."
        )
    return [by_index[index] for index in range(len(pairs))]


def _counts(pairs: Sequence[tuple[str, str]]) -> bool:
    return {index for index, _ in pairs} == {str(index) for index in range(len(pairs))}
