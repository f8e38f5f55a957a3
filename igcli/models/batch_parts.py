"""Batches for networks that take only some numbers of pictures: split into parts, filled up, and put together.

This file imports torch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch


def in_parts(call: Callable[[torch.Tensor], Any], pixels: torch.Tensor, *, most: int) -> Any:
    """What ``call`` returns for pixels (N, ...), which it is given at most ``most`` at a time."""
    return _joined([call(pixels[start : start + most]) for start in range(0, max(len(pixels), 1), most)])


def filled_up(call: Callable[[torch.Tensor], Any], pixels: torch.Tensor, *, to: int) -> Any:
    """What ``call`` returns for pixels (N, ...), which it is given with copies of the last one if they are fewer."""
    count = len(pixels)
    if count < to:
        # not detached: if the output depends on the whole batch, the copies contribute to the gradient
        pixels = torch.cat([pixels, pixels[-1:].expand(to - count, *pixels.shape[1:])])
    output = call(pixels)
    return output if len(pixels) == count else _first_rows(output, count, len(pixels))


def _first_rows(output: Any, count: int, filled: int) -> Any:
    """The output for the first ``count`` of ``filled`` pictures, of which the others are copies."""
    if isinstance(output, torch.Tensor):
        return output[:count] if output.ndim and len(output) == filled else output
    if isinstance(output, Mapping):
        return {name: _first_rows(value, count, filled) for name, value in output.items()}
    return [_first_rows(value, count, filled) for value in output] if isinstance(output, (tuple, list)) else output


def _joined(parts: Sequence[Any]) -> Any:
    """The outputs for several parts of a batch as one: rows concatenated; what has no rows is the first part's."""
    first = parts[0]
    if len(parts) == 1:
        return first
    if isinstance(first, torch.Tensor):
        return torch.cat(list(parts)) if first.ndim else first
    if isinstance(first, Mapping):
        return {name: _joined([part[name] for part in parts]) for name in first}
    return [_joined(column) for column in zip(*parts, strict=True)] if isinstance(first, (tuple, list)) else first
