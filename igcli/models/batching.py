"""How many pictures may share one call of a network, tried with two synthetic pictures.

For most networks, the output for a picture does not depend on the rest of the batch. For some it does: batch
normalisation without running statistics, a softmax over the wrong axis, a branch on the mean of the whole input. In
batches, such a network would be explained wrongly. Others accept one picture only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from igcli.lazy import torch

DEPENDS = (
    "Its output for a picture depends on the other pictures in the batch (batch normalisation without running "
    "statistics?): it is given one picture at a time, which takes longer."
)
ONLY_ONE = "It takes no more than one picture at a time, and is given one."
FILLED = "It takes {0} pictures at a time, and not one: each is given {0} times over, which takes longer."


@dataclass(frozen=True)
class Batching:
    """How pictures are combined in one call of a network.

    Attributes
    ----------
    one_at_a_time
        Why no two different pictures may share a call, in a sentence; empty if they may.
    copies
        How many times one picture is repeated, for a network that does not accept it alone.
    """

    one_at_a_time: str = ""
    copies: int = 1

    def run(self, inputs: tuple[Any, ...], forward: Callable[[tuple[Any, ...]], torch.Tensor]) -> torch.Tensor:
        """``forward`` of batches (N, ...) -> (N, K), of all samples together or of each alone; differentiable."""
        count = len(inputs[0])
        if not self.one_at_a_time or (count == 1 and self.copies == 1):
            return forward(inputs)
        return torch.cat([forward(self._one(inputs, index, count))[:1] for index in range(count)])

    def _one(self, inputs: tuple[Any, ...], index: int, count: int) -> tuple[Any, ...]:
        alone = [rows[index : index + 1] if is_batched(rows, count) else rows for rows in inputs]
        if self.copies == 1:
            return tuple(alone)
        return tuple(rows.expand(self.copies, *rows.shape[1:]) if is_batched(rows, 1) else rows for rows in alone)


def is_batched(value: object, count: int) -> bool:
    """Whether an input of the network has one row for each of ``count`` samples."""
    return isinstance(value, torch.Tensor) and value.ndim > 0 and len(value) == count


TOGETHER = Batching()


def synthetic_pictures(channels: int, height: int, width: int) -> torch.Tensor:
    """Two synthetic pictures (2, C, H, W) in [0, 1], a dark and a light one, always the same.

    They differ in mean, minimum and maximum, so that a network that uses statistics of the whole batch is recognised.
    """
    noise = torch.rand((2, channels, height, width), generator=torch.Generator().manual_seed(0))
    return noise * 0.3 + torch.tensor([0.0, 0.7])[:, None, None, None]


def agree(first: torch.Tensor, second: torch.Tensor) -> bool:
    """Whether two outputs (N, K) are equal to rounding, which depends on the batch size (other kernels)."""
    if first.shape != second.shape:
        return False
    tolerance = 2e-3 if torch.finfo(first.dtype).eps < 1e-5 else 5e-2
    finite = first[first.isfinite()]
    largest = finite.abs().max().item() if len(finite) else 0.0
    return torch.allclose(first, second, rtol=0.0, atol=tolerance * largest, equal_nan=True)
