"""The TextModel: a network from the embeddings of words to logits, and what cuts texts into these words."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from igcli.errors import InputError, LabelError, UsageError
from igcli.inputs import TextInput, drawn_by_lot
from igcli.models.model import Model, Provenance
from igcli.sample import Sample
from igcli.text import discretized  # noqa: F401 - fills the registries
from igcli.text.reading import TextSource
from igcli.text.sample import Text
from igcli.text.tokens import Token, Tokeniser

if TYPE_CHECKING:
    from igcli.lazy import torch

#: Between the word and the name of a baseline that is a text.
WRITTEN = "text:"
#: Baselines that are a token of the model's.
SPECIAL = ("pad", "mask")
#: Texts of a file of baselines, and the bytes of their embeddings.
MOST_REFERENCES, MOST_REFERENCE_BYTES = 200, 1 << 28
_LONGEST_REFERENCE = 10_000  # characters

_LOG = logging.getLogger("igcli.text")


@dataclass(frozen=True)
class TextOptions:
    """How texts are read.

    Attributes
    ----------
    continuation
        The last word of each text is its target, and those before it are explained.
    max_words
        Longer texts are refused.
    """

    continuation: bool = False
    max_words: int = 1000


class TextModel(Model):
    """A network that takes the embeddings of words, (N, T, D), and returns logits, (N, K).

    Parameters
    ----------
    network, labels, provenance, caveat, multi_label, regression
        As for :class:`~igcli.models.model.Model`.
    tokeniser
        What cuts texts, and embeds their words.
    next_word
        Whether the classes are the words that can follow, and not kinds of texts.
    longest
        The most tokens that the network takes; ``None`` for any number.
    """

    unit: ClassVar[str] = "embeddings"
    #: Points of the path per pass, where nothing else is asked for.
    at_once: int = 32

    def __init__(
        self,
        network: torch.nn.Module,
        labels: Sequence[str],
        *,
        tokeniser: Tokeniser,
        next_word: bool = False,
        longest: int | None = None,
        provenance: Provenance | None = None,
        caveat: str = "",
        multi_label: bool = False,
        regression: bool = False,
    ) -> None:
        super().__init__(
            network, labels, provenance=provenance, caveat=caveat, multi_label=multi_label, regression=regression
        )
        self.tokeniser, self.next_word, self.longest = tokeniser, next_word, longest
        self._known_references: tuple[tuple[str, int, int], list[list[Token]]] | None = None

    def read(self, found: TextInput, *, fit: str | None, options: TextOptions) -> Text:
        """The text's words as embeddings.

        Raises
        ------
        InputError
            For a text without words, of one word only where the last is the target, and of too many.
        """
        # Every word has a character: a text far too long is refused before it is cut.
        if len(found.text) > 100 * options.max_words:
            raise _too_long(f"{len(found.text)} characters", options.max_words)
        tokens = self.tokeniser.tokenise(found.text)
        if not tokens:
            raise InputError("There is no word in it.")
        if len(tokens) - options.continuation > options.max_words:
            raise _too_long(f"{len(tokens)} words or parts of words", options.max_words)
        if self.longest is not None and len(tokens) > self.longest:
            raise InputError(f"It has {len(tokens)} words or parts of words, and this model takes {self.longest}.")
        if not options.continuation:
            return self._text(tokens, found, None)
        if len(tokens) < 2:
            raise InputError("It is a single word: its own continuation needs words before the last.")
        *context, last = tokens
        return self._text(context, found, f"index:{last.number}")

    def word(self, wanted: str) -> str:
        """A target as :meth:`~igcli.models.labels.Labels.find` takes it: a word that follows as the model spells it.

        Raises
        ------
        LabelError
            For a word that this model does not know, or that it takes for several.
        """
        if not self.next_word or wanted.strip().lower().startswith(("top", "index:", "name:")):
            return wanted
        tokens = self.tokeniser.tokenise(f" {wanted}")
        if len(tokens) == 1 and tokens[0].known:
            return f"index:{tokens[0].number}"
        if len(tokens) > 1:
            parts = ", ".join(repr(token.shown) for token in tokens[:5])
            raise LabelError(f"{wanted!r:.60} is several tokens of this model ({parts}): name the first of them.")
        try:
            return f"index:{self.labels.find(wanted)}"
        except LabelError as error:
            raise LabelError(f"This model's vocabulary has no word {wanted!r:.60}. {error}") from None

    def knows_baseline(self, name: str) -> bool:
        """Whether :meth:`own_baseline` makes one of this name; ``UsageError`` where it should, and cannot."""
        if name in SPECIAL and self.tokeniser.special(name) is None:
            raise UsageError(f"{self.provenance.name} has no token called {name}: choose another --baseline.")
        return name in SPECIAL or name.startswith(WRITTEN)

    def own_baseline(self, name: str, sample: Sample) -> torch.Tensor:
        """The embeddings of ``pad``, of ``mask``, or of the words after ``text:``; one word stands at every place.

        Raises
        ------
        UsageError
            When the words are not as many as the sample has.
        """
        count = len(sample.packed)
        if name.startswith(WRITTEN):
            tokens = self.tokeniser.tokenise(name.removeprefix(WRITTEN))
        else:
            special = self.tokeniser.special(name)
            tokens = [] if special is None else [special]
        if len(tokens) not in (1, count):
            raise UsageError(
                f"The baseline's text has {len(tokens)} words and {sample.name} has {count}: give as many, or one, "
                "which then stands at every place."
            )
        embedded = self.tokeniser.embed(tokens * (count if len(tokens) == 1 else 1))
        return embedded.to(sample.packed)

    def baselines_from(self, path: Path, sample: Sample, *, seed: int = 0) -> list[torch.Tensor]:
        """The texts of a file, at most ``MOST_REFERENCES`` of them, each brought to the sample's number of words.

        A longer one is cut off, a shorter one begins again.

        Raises
        ------
        UsageError
            When it has no text.
        """
        count, size = sample.packed.shape
        room = max(2, MOST_REFERENCE_BYTES // (4 * count * size))
        references = [
            [tokens[place % len(tokens)] for place in range(count)] for tokens in self._references(path, seed)[:room]
        ]
        return [self.tokeniser.embed(tokens).to(sample.packed) for tokens in references]

    def _references(self, path: Path, seed: int) -> list[list[Token]]:
        """The tokens of a file's texts; read again when the file has changed."""
        key = str(path), path.stat().st_mtime_ns, seed
        if self._known_references is None or self._known_references[0] != key:
            texts, count = drawn_by_lot(TextSource(files=(str(path),)).inputs(), most=MOST_REFERENCES, seed=seed)
            if count > MOST_REFERENCES:
                _LOG.warning("%s: %d of its %d texts, drawn by the seed, are baselines", path, MOST_REFERENCES, count)
            found = [tokens for text in texts if (tokens := self.tokeniser.tokenise(text.text[:_LONGEST_REFERENCE]))]
            if not found:
                raise UsageError(f"{path} has no text to start from: one text is expected on a line.")
            self._known_references = key, found
        return self._known_references[1]

    @property
    def preparation(self) -> dict[str, Any]:
        """What outputs depend on besides network and weights."""
        return {**super().preparation, "next_word": self.next_word}

    def _text(self, tokens: Sequence[Token], found: TextInput, target: str | None) -> Text:
        return Text(self.tokeniser.embed(tokens).detach(), tokens, target=target, name=str(found.path))


def _too_long(size: str, most: int) -> InputError:
    return InputError(f"It has {size}, and at most {most} words are explained: shorten it, or raise --max-words.")
