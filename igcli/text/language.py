"""The bundled language model: Zaremba's small LSTM, trained on the annual messages of US presidents.

Its weights, words, model card and training script are in :mod:`igcli.bundled.language`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, cast

import igcli.bundled
from igcli.bundled.language.words import END, UNKNOWN, Words, pieces, spelling
from igcli.lazy import torch
from igcli.models.assembly import assemble
from igcli.models.batching import TOGETHER
from igcli.models.devices import resolve_device
from igcli.models.model import Provenance
from igcli.models.weights import read_state_dict, sha256_of
from igcli.text.model import TextModel
from igcli.text.tokens import Token, written

if TYPE_CHECKING:
    from igcli.bundled.language.network import WordModel

FOLDER = Path(igcli.bundled.__file__).parent / "language"
WEIGHTS = FOLDER / "language.pt"
WORDS = FOLDER / "words.txt"
CAVEAT = "The bundled language model is small, and knows the language of US presidents since 1900 only."


def load_language(device: str = "auto", *, weights: Path = WEIGHTS, words: Path = WORDS) -> TextModel:
    """The bundled language model, or the same network with other weights and words.

    Raises
    ------
    WeightsError
        The file is damaged, or belongs to another network.
    """
    from igcli.bundled.language.network import WordModel

    vocabulary = Words.read(words)
    network = assemble(
        partial(WordModel, len(vocabulary)),
        read_state_dict(weights, trust_pickle=False),
        device=resolve_device(device),
        file=weights,
        warn=lambda _: None,
    )
    model = TextModel(
        network,
        vocabulary.words,
        tokeniser=WordTokeniser(vocabulary, cast("WordModel", network)),
        next_word=True,
        provenance=Provenance("language", weights.name, sha256_of(weights)),
        caveat=CAVEAT,
    )
    model.batching = TOGETHER  # rows of an LSTM do not interact
    return model


class WordTokeniser:
    """Words as :mod:`igcli.bundled.language.words` cuts and spells them; of a network whose table they are."""

    def __init__(self, words: Words, network: WordModel) -> None:
        self._words, self._network = words, network

    def tokenise(self, text: str) -> list[Token]:
        """The words of a text; an unknown one is ``<unk>``."""
        places = list(pieces(text))
        tokens = []
        for (start, end), (shown, spaced) in zip(places, written(text, places), strict=True):
            name = spelling(text[start:end])
            known = name in self._words
            tokens.append(Token(name if known else UNKNOWN, self._words.number(name), shown, spaced, known))
        return tokens

    def embed(self, tokens: Sequence[Token]) -> torch.Tensor:
        """The rows of the table, (T, 200)."""
        table = self._network.embedding.weight
        rows: torch.Tensor = table[torch.tensor([token.number for token in tokens], device=table.device)]
        return rows.detach()

    def table(self) -> torch.Tensor:
        """The whole table, (V, 200)."""
        return self._network.embedding.weight.detach()

    def special(self, name: str) -> Token | None:
        """``pad`` is the end of a paragraph; there is no ``mask``."""
        return Token(END, self._words.number(END), END) if name == "pad" else None
