"""The words of a text with their numbers, as they are printed, drawn and recorded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import Attribution, Explanation, ScoreEnds
from igcli.attribution.sample_mean import SampleMean
from igcli.attribution.targets import RankedClass
from igcli.text.sample import Text
from igcli.text.tokens import Token

#: Methods for texts, and what the numbers of each mean.
TEXT_METHODS = {
    "integrated": "integrated gradients; the words' numbers sum to the score's rise",
    "gradient": "size of the gradient at the text itself, without a sign",
    "input-x-gradient": "gradient times embedding, as the paper's tables have it",
    "left-integrated": "the part of integrated before the score has passed phi of its rise",
    "right-integrated": "the part after it",
    "discretized": "integrated along a path through words of the vocabulary",
}
_UNSIGNED = ("gradient",)


@dataclass(frozen=True)
class ScoredText:
    """A text, explained.

    Attributes
    ----------
    tokens
        T of them.
    numbers
        For each method one number per token: the sum over the embedding's dimensions.
    target
        The class, or the word that follows.
    next_word
        Whether it is a word that follows.
    score
        At the text, and at the baseline.
    gaps
        By method, how far its numbers are from the score's rise.
    means
        Of the methods that are a mean over several baselines, what is known of it.
    """

    tokens: tuple[Token, ...]
    numbers: Mapping[str, tuple[float, ...]]
    target: RankedClass
    next_word: bool
    score: ScoreEnds
    gaps: Mapping[str, Completeness]
    means: Mapping[str, SampleMean] = field(default_factory=dict)

    @classmethod
    def of(cls, explanation: Explanation, *, next_word: bool) -> ScoredText:
        """From the explanation of a :class:`~igcli.text.sample.Text`."""
        sample = explanation.sample
        if not isinstance(sample, Text):
            raise TypeError(f"{type(sample).__name__} is no text")
        numbers = {name: word_numbers(result) for name, result in explanation.results.items()}
        gaps = {name: result.completeness for name, result in explanation.results.items()}
        means = {
            name: mean
            for name, result in explanation.results.items()
            if (mean := SampleMean.of(result.extras, result.steps)) is not None
        }
        return cls(sample.tokens, numbers, explanation.target, next_word, explanation.score, gaps, means)

    @property
    def first(self) -> str:
        """The method that is drawn."""
        return next(iter(self.numbers))

    @property
    def record(self) -> dict[str, Any]:
        """The entry ``text`` of records."""
        return {
            "words": [_text(token.shown) for token in self.tokens],
            "tokens": [_text(token.name) for token in self.tokens],
            "known": [token.known for token in self.tokens],
            "spaced": [token.spaced for token in self.tokens],
            "next_word": self.next_word,
            "numbers": {name: list(values) for name, values in self.numbers.items()},
        }


def word_numbers(result: Attribution) -> tuple[float, ...]:
    """One number per word: the sum of the map (T, D) over the embedding; of absolute values for a mere size."""
    values = result.values.double()
    return tuple((values.abs() if result.method in _UNSIGNED else values).sum(dim=1).tolist())


def _text(name: str) -> str:
    return name.encode("utf-8", "replace").decode()
