"""A text model of a person's own: ``FILE.py:FUNCTION`` returns a module from embeddings to logits, with its tokeniser.

The module has ``labels``; ``tokenize``, from a text to its words; ``embed``, from words to their embeddings (T, D); and
``forward``, from embeddings (N, T, D) to logits (N, K). One whose classes are the words that can follow says
``next_word = True``; its labels are its words then. ``words``, all that ``embed`` knows, is needed by the method
``discretized`` only. For example::

    import torch
    from torch import nn

    class Sentiment(nn.Module):
        labels = ["bad", "good"]
        words = ["<unk>", "dull", "fine", "film", "a", "not"]

        def __init__(self):
            super().__init__()
            self.table = nn.Embedding(len(self.words), 16)
            self.lstm = nn.LSTM(16, 32, batch_first=True)
            self.out = nn.Linear(32, 2)

        def tokenize(self, text):
            return text.lower().split()

        def embed(self, words):
            known = [self.words.index(word) if word in self.words else 0 for word in words]
            return self.table(torch.tensor(known))

        def forward(self, embeddings):
            return self.out(self.lstm(embeddings)[0][:, -1])

    def build():
        return Sentiment()  # with load_state_dict(torch.load("sentiment.pt")) for weights that are worth explaining

The code is run, as if it were imported: name only what you would run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from igcli.errors import NetworkError, UsageError, first_line
from igcli.lazy import torch
from igcli.models.devices import resolve_device
from igcli.models.freezing import in_evaluation_mode
from igcli.models.from_code import make_from_code, tensors_hash
from igcli.models.labels import Labels
from igcli.models.model import Provenance
from igcli.text.model import TextModel
from igcli.text.tokens import Token, located

#: What a network of this kind must have, and what it is.
_NEEDED = {
    "labels": "the names of its classes",
    "tokenize": "a method from a text to its words",
    "embed": "a method from words to their embeddings (T, D)",
}


def load_own(name: str, *, device: str = "auto", arguments: Mapping[str, Any] | None = None) -> TextModel:
    """The model that the code of this name makes.

    Raises
    ------
    UsageError
        The code cannot be found or run, or what it makes lacks something.
    """
    network, shown = make_from_code(name, dict(arguments or {}))
    if not isinstance(network, torch.nn.Module):
        raise UsageError(f"{name} makes no torch.nn.Module: {_help()}")
    for attribute, what in _NEEDED.items():
        if not hasattr(network, attribute):
            raise UsageError(f"{name} makes a network without {attribute!r}, {what}. {_help()}")
    network = in_evaluation_mode(network).to(resolve_device(device))
    return TextModel(
        network,
        list(network.labels),  # type: ignore[arg-type]
        tokeniser=OwnTokeniser(network),
        next_word=bool(getattr(network, "next_word", False)),
        longest=getattr(network, "longest", None),
        multi_label=bool(getattr(network, "multi_label", False)),
        regression=bool(getattr(network, "regression", False)),
        provenance=Provenance(shown, "as the factory made them", tensors_hash(network)),
    )


class OwnTokeniser:
    """The tokeniser of a person's own network: its ``tokenize`` and ``embed``."""

    def __init__(self, network: Any) -> None:
        self._network = network
        self._labels = Labels(list(network.labels)) if getattr(network, "next_word", False) else None

    def tokenise(self, text: str) -> list[Token]:
        """What ``tokenize`` returns, and how the text writes it."""
        words = self._call("tokenize", text)
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise NetworkError(f"tokenize returned {words!r:.60}: it returns the words of a text, a list of strings.")
        places = located(text, words)
        return [
            Token(word, self._number(word), shown, spaced, self._known(word))
            for word, (shown, spaced) in zip(words, places, strict=True)
        ]

    def embed(self, tokens: Sequence[Token]) -> torch.Tensor:
        """What ``embed`` returns of their names."""
        rows = self._call("embed", [token.name for token in tokens])
        if not isinstance(rows, torch.Tensor) or rows.ndim != 2 or len(rows) != len(tokens):
            shape = tuple(rows.shape) if isinstance(rows, torch.Tensor) else type(rows).__name__
            raise NetworkError(f"embed returned {shape} for {len(tokens)} words: it returns one row for each, (T, D).")
        return rows.detach()

    def table(self) -> torch.Tensor | None:
        """What ``embed`` returns of all its ``words``; without any, of its labels where they are words."""
        words = getattr(self._network, "words", None) or (self._labels and list(self._labels))
        return self.embed([Token(str(word), 0, str(word)) for word in words]) if words else None

    def special(self, name: str) -> Token | None:
        """The word that the network has as ``pad_token`` or ``mask_token``."""
        word = getattr(self._network, f"{name}_token", None)
        return None if word is None else Token(word, self._number(word), word)

    def _number(self, word: str) -> int:
        return self._labels.find(f"name:{word}") if self._labels is not None and self._known(word) else 0

    def _known(self, word: str) -> bool:
        return self._labels is None or word in self._labels

    def _call(self, method: str, argument: object) -> Any:
        try:
            return getattr(self._network, method)(argument)
        except Exception as problem:  # a person's own code can raise anything
            said = f"{type(problem).__name__}: {first_line(problem)}"
            raise NetworkError(f"The network's {method} raised {said}. Correct it; --debug shows where.") from problem


def _help() -> str:
    return "Documentation and an example: python -m pydoc igcli.text.own."
