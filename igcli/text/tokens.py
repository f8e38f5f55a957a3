"""The words of a text, as a model takes them: whole words, or parts of words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from igcli.lazy import torch


@dataclass(frozen=True)
class Token:
    """One word, or part of one, and how the text writes it.

    Attributes
    ----------
    name
        As the model spells it.
    number
        The model's number for it.
    shown
        As the text writes it.
    spaced
        Whether the text has a space before it.
    known
        Whether the model knows it; if not, ``name`` is what stands in for all such words.
    """

    name: str
    number: int
    shown: str
    spaced: bool = True
    known: bool = True


class Tokeniser(Protocol):
    """What cuts texts into the tokens of one model, and has their embeddings."""

    def tokenise(self, text: str) -> list[Token]:
        """The tokens of a text, without those that the model adds of its own."""

    def embed(self, tokens: Sequence[Token]) -> torch.Tensor:
        """Their embeddings, (T, D)."""

    def table(self) -> torch.Tensor | None:
        """The embeddings of all words of the vocabulary, (V, D); ``None`` where they are not known."""

    def special(self, name: str) -> Token | None:
        """The token that the model uses as ``pad`` or ``mask``; ``None`` where it has none."""


def written(text: str, pieces: Sequence[tuple[int, int]]) -> list[tuple[str, bool]]:
    """For each piece of a text, from start to end in characters: how it is written, and whether a space is before."""
    return [(text[start:end], start > 0 and text[start - 1].isspace()) for start, end in pieces]


def located(text: str, pieces: Sequence[str]) -> list[tuple[str, bool]]:
    """As :func:`written`, of pieces whose places are not known: looked for one after another, in any case.

    A piece that is not found is shown as it is, with a space before it.
    """
    low, place, found = text.lower(), 0, []
    whole = len(low) == len(text)  # a few letters change their number in lower case
    for piece in pieces:
        start = low.find(piece.lower(), place) if whole and piece else -1
        if start < 0:
            found.append((piece, True))
            continue
        found += written(text, [(start, start + len(piece))])
        place = start + len(piece)
    return found


def visible(text: str) -> str:
    """The text without control characters and direction overrides, which are shown as escapes; no line breaks."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
