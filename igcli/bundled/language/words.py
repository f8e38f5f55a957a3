"""The words of the bundled language model: how a text is cut, and the vocabulary.

A word is written in lower case; every number is ``N`` and every word that is not in the vocabulary ``<unk>``, as in the
Penn Treebank's language-model files; punctuation marks are words; ``<eos>`` ends a paragraph.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

UNKNOWN, END, NUMBER = "<unk>", "<eos>", "N"

# A number, an abbreviation with dots, a possessive ending, a word with apostrophes inside, dashes, any other mark.
_WORD = re.compile(
    r"\d+(?:[.,]\d+)*|(?:[^\W\d_]\.){2,}|['’]s\b|[^\W\d_]+(?:['’](?!s\b)[^\W\d_]+)*|--+|\S",
)


def pieces(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of each word in the text, in characters."""
    return (match.span() for match in _WORD.finditer(text))


def spelling(word: str) -> str:
    """A word as the vocabulary spells it."""
    return NUMBER if word[0].isdigit() else word.lower().replace("’", "'")


def common_words(texts: Iterable[list[str]], count: int) -> list[str]:
    """The vocabulary: ``<unk>``, ``<eos>`` and the commonest words, the commonest first; ties in order of spelling."""
    counts = Counter(word for text in texts for word in text)
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return [UNKNOWN, END, *(word for word, _ in ranked if word not in (UNKNOWN, END))][:count]


class Words:
    """A vocabulary: words and their numbers, from 0.

    Parameters
    ----------
    words
        All of them, in the order of the model's outputs; ``<unk>`` and ``<eos>`` among them.
    """

    def __init__(self, words: list[str]) -> None:
        self.words = words
        self._number = {word: number for number, word in enumerate(words)}

    @classmethod
    def read(cls, path: Path) -> Words:
        """From a file of one word per line."""
        return cls(path.read_text(encoding="utf-8").splitlines())

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: object) -> bool:
        return word in self._number

    def number(self, word: str) -> int:
        """The number of a word as :func:`spelling` returns it; of ``<unk>`` for all that are not here."""
        return self._number.get(word, self._number[UNKNOWN])
