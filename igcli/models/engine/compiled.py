"""A network compiled by torch (``torch.compile``): the same to rounding, and all of it compiled before the first photo.

Two passes are compiled, forward only and with a gradient, for batches of one size: torch cannot compile the gradient of
convolutions for any. Larger batches are cut into such, and what is left is filled up. Nothing is compiled later: few
pictures, or pictures of another shape, go through the network as it is. This file imports torch.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING

import torch

from igcli.errors import first_line
from igcli.models.batch_parts import filled_up, in_parts
from igcli.models.batching import agree, synthetic_pictures
from igcli.models.engine.rewritable import has_hooks

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier

SIZE = 12
"""Pictures in the batches that are compiled for: ``--steps auto`` takes its first 23 points in two of them."""

FEW = SIZE // 2
"""Pictures that are not worth filling up: at most so many go through the network as it is."""

AS_IT_IS = "{}: the network is used as it is, without --compile. {}"
PROGRAM = "It is a TorchScript program, which torch does not compile."
HOOKS = "It has hooks, which the compiled network would not run."
DIFFERS = "Compiled, it returns other numbers: it draws random ones, or torch compiles it wrongly."
FAILED = "torch could not compile it ({}). On a CPU that needs a C++ compiler, such as g++, and on a GPU Triton."


def compiled(model: Classifier, *, warn: Callable[[str], None]) -> torch.nn.Module | None:
    """The model's network, compiled; ``None`` where that fails, after ``warn`` was called with the reason.

    It shares the network's parameters, and takes what the network takes. Its logits and gradients were compared with
    those of the network on synthetic pictures.
    """
    reason = PROGRAM if isinstance(model.network, torch.jit.ScriptModule) else HOOKS if has_hooks(model.network) else ""
    if not reason:
        try:
            network = _Compiled(model.network)
            same = _agrees(network, model)
            if same:
                network.compiles = False
                return network
            reason = DIFFERS
        except Exception as error:  # the compiler raises what it likes; the network's own errors come again without it
            reason = FAILED.format(first_line(error) or type(error).__name__)
    warn(AS_IT_IS.format(model.provenance.name, reason))
    return None


class _Compiled(torch.nn.Module):
    """A network next to its compiled forward pass, which is compiled as long as ``compiles`` is true."""

    def __init__(self, network: torch.nn.Module) -> None:
        super().__init__()
        self.network = network
        self.compiles = True
        self._compiled_forward = torch.compile(network.forward, dynamic=False)

    def forward(self, pixels: torch.Tensor) -> object:
        """What the network returns for pixels (N, C, H, W)."""
        return self.network(pixels) if has_hooks(self.network) else in_parts(self._part, pixels, most=SIZE)

    def _part(self, pixels: torch.Tensor) -> object:
        if len(pixels) <= FEW:
            return self.network(pixels)
        last = pixels.is_contiguous(memory_format=torch.channels_last)
        order = torch.channels_last if last else torch.contiguous_format
        with torch.compiler.set_stance("default" if self.compiles else "eager_on_recompile"):
            return filled_up(
                lambda batch: self._compiled_forward(batch.contiguous(memory_format=order)), pixels, to=SIZE
            )


def _agrees(network: _Compiled, model: Classifier) -> bool:
    """Whether both give the same logits and gradients, to rounding; it compiles both passes."""
    other = copy(model)
    other.network = network
    with _quietly():
        answers = _answers(other)
    return all(map(agree, answers, _answers(model)))


def _answers(model: Classifier) -> list[torch.Tensor]:
    """For one batch: logits (N, K) of both passes, the gradient (N, C * H * W) of a weighted sum of them."""
    pictures = synthetic_pictures(*model.input_shape).to(model.device, model.dtype)
    pictures = pictures.repeat(SIZE // 2, 1, 1, 1).contiguous(memory_format=model.memory_format)
    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        points = pictures.clone().requires_grad_()
        logits = model(points)
        weights = torch.linspace(-1, 1, logits.shape[1]).to(logits)
        gradient = torch.autograd.grad((logits * weights).sum(), points)[0]
        with torch.no_grad():
            return [logits.detach(), gradient.flatten(1), model(pictures)]


@contextmanager
def _quietly() -> Iterator[None]:
    """Without the compiler's remarks on the machine and on tensors, which say nothing about the result."""
    logger = logging.getLogger("torch")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
