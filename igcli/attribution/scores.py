"""Scores: the one number per picture whose gradient is taken. Independent of the method that uses it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from igcli.lazy import torch
from igcli.registry import Registry

ScoreFunction = Callable[["torch.Tensor", int], "torch.Tensor"]
SCORES: Registry[ScoreFunction] = Registry("score")


@dataclass(frozen=True)
class Score:
    """A kind of score and the class it speaks of."""

    kind: str
    target: int

    def of(self, logits: torch.Tensor) -> torch.Tensor:
        """Scores (N,) of logits (N, K)."""
        return SCORES[self.kind](logits, self.target)


@SCORES("softmax", summary="the class's probability, as in the paper")
def softmax(logits: torch.Tensor, target: int) -> torch.Tensor:
    """Probability in [0, 1]; saturates, which is what interior gradients are about."""
    return logits.softmax(dim=1)[:, target]


@SCORES("logit", summary="the class's raw output, before softmax")
def logit(logits: torch.Tensor, target: int) -> torch.Tensor:
    """Unbounded; says nothing of the other classes."""
    return logits[:, target]


@SCORES("log-softmax", summary="the logarithm of the class's probability")
def log_softmax(logits: torch.Tensor, target: int) -> torch.Tensor:
    """At most 0; does not saturate where the probability is small."""
    return logits.log_softmax(dim=1)[:, target]
