"""Scores: the one number per picture whose gradient is taken. Independent of the method that uses it."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import TypeVar

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.registry import Registry

ScoreFunction = Callable[["torch.Tensor", "Score"], "torch.Tensor"]
SCORES: Registry[ScoreFunction] = Registry("score")

S = TypeVar("S", bound=ScoreFunction)


def trait(name: str) -> Callable[[S], S]:
    """A decorator, under that of the registry, that states something about a score: ``"shared"`` and the like."""

    def mark(function: S) -> S:
        function.traits = {*getattr(function, "traits", ()), name}  # type: ignore[attr-defined]
        return function

    return mark


class Having(Container[str]):
    """The registered scores that have a trait; use ``in``."""

    def __init__(self, trait_name: str) -> None:
        self._name = trait_name

    def __contains__(self, kind: object) -> bool:
        return kind in SCORES and self._name in getattr(SCORES[str(kind)], "traits", ())

    def __iter__(self) -> Iterator[str]:
        return (kind for kind in SCORES if kind in self)


SHARED = Having("shared")
"""Scores in which the other classes have a part, and which multi-label networks therefore do not have."""

PROBABILITIES = Having("probability")
"""Scores that are probabilities, in [0, 1]."""

COMPARING = Having("comparing")
"""Scores that compare two classes, and so need the second one."""


@dataclass(frozen=True)
class Score:
    """A kind of score, the class it speaks of, and the class that it is compared with, where there is one."""

    kind: str
    target: int
    against: int | None = None

    def of(self, logits: torch.Tensor) -> torch.Tensor:
        """Scores (N,) of logits (N, K)."""
        return SCORES[self.kind](logits, self)


#: Scores of numbers that are not classes.
OF_REGRESSIONS = ("value", "logit", "margin")


def check_score(kind: str, *, against: str | int | None) -> None:
    """Raise ``UsageError`` for an unknown score, or one with too few or too many classes."""
    SCORES[kind]
    if kind in COMPARING and against is None:
        raise UsageError(f"The {kind} score compares two classes: name the second with --against LABEL.")
    if kind not in COMPARING and against is not None:
        comparing = " or ".join(COMPARING)
        raise UsageError(f"The {kind} score speaks of one class: --against goes with --score {comparing}.")


@SCORES("softmax", summary="the class's probability, as in the paper")
@trait("shared")
@trait("probability")
def softmax(logits: torch.Tensor, score: Score) -> torch.Tensor:
    """Probability in [0, 1]; saturates, which is what interior gradients are about."""
    return logits.softmax(dim=1)[:, score.target]


@SCORES("sigmoid", summary="the class's own probability, where classes do not exclude each other (multi-label)")
@trait("probability")
def sigmoid(logits: torch.Tensor, score: Score) -> torch.Tensor:
    """Probability in [0, 1] that the other classes have no part in; saturates as softmax does."""
    return logits[:, score.target].sigmoid()


@SCORES("logit", summary="the class's raw output, before softmax")
def logit(logits: torch.Tensor, score: Score) -> torch.Tensor:
    """Unbounded; ignores the other classes."""
    return logits[:, score.target]


@SCORES("value", summary="the number itself, of a regression (--outputs value)")
def value(outputs: torch.Tensor, score: Score) -> torch.Tensor:
    """In the network's own unit."""
    return outputs[:, score.target]


@SCORES("log-softmax", summary="the logarithm of the class's probability")
@trait("shared")
def log_softmax(logits: torch.Tensor, score: Score) -> torch.Tensor:
    """At most 0; does not saturate where the probability is small."""
    return logits.log_softmax(dim=1)[:, score.target]


@SCORES("margin", summary="the class's raw output minus that of the class given with --against: why this, not that")
@trait("comparing")
def margin(logits: torch.Tensor, score: Score) -> torch.Tensor:
    """The logarithm of how much more probable the class is than the other; what speaks for both cancels."""
    if score.against is None:
        raise UsageError("The margin needs a second class.")
    return logits[:, score.target] - logits[:, score.against]
