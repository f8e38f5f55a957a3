"""The Text: the embeddings of a text's words, a sample whose importance is summed over the embedding's dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

from igcli.sample import Sample
from igcli.text.tokens import Token

if TYPE_CHECKING:
    from igcli.lazy import torch


class Text(Sample):
    """A text as a model sees it.

    Parameters
    ----------
    embeddings
        (T, D), one row per token.
    tokens
        The T tokens.
    target
        The class of its own: the word that follows in the text itself.
    name
        For messages.
    """

    kind: ClassVar[str] = "text"

    def __init__(
        self, embeddings: torch.Tensor, tokens: Sequence[Token], *, target: str | None = None, name: str = "text"
    ) -> None:
        super().__init__(embeddings, summed_axis=1, name=name)
        self.tokens = tuple(tokens)
        self._target = target

    @property
    def target(self) -> str | None:
        """The word that follows in the text itself, as ``index:N``; ``None`` for what the command line names."""
        return self._target
