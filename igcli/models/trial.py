"""A network tried on two synthetic pictures, alone, repeated, together and with a backward pass.

Errors are raised now; labels and hints that follow from the outputs are decided in ``apply_spec``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from igcli.errors import IgError, NetworkError, UsageError, first_line
from igcli.lazy import torch
from igcli.models.batching import DEPENDS, FILLED, ONLY_ONE, TOGETHER, Batching, agree, is_batched, synthetic_pictures
from igcli.models.devices import is_out_of_memory
from igcli.models.outputs import output_choice

if TYPE_CHECKING:
    from igcli.models.classifier import Classifier
    from igcli.models.model import Model

TRACED_FOR = (2, 3, 4, 8, 16, 32, 64)
"""Batch sizes that are tried on a TorchScript network that does not accept one picture."""


@dataclass(frozen=True)
class Trial:
    """The outputs of a network for a dark and a light picture.

    Attributes
    ----------
    outputs
        (2, K), each picture alone.
    changing
        Whether the outputs for the same picture differed the second time.
    output_choice
        Which of several outputs was taken as the logits, and why; empty if there was no choice.
    """

    outputs: torch.Tensor
    changing: bool
    batching: Batching
    output_choice: str = ""


def try_out(model: Classifier) -> Trial:
    """Run the network on pictures of the classifier's own view, with one backward pass.

    Raises
    ------
    UsageError
        It does not accept such pictures, returns no logits, or has no gradient or layers without weights.
    """
    check_weights(model.network)
    pictures = synthetic_pictures(*model.input_shape).to(model.dtype).to(model.device)
    with model.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        pixels = pictures[:1].clone().requires_grad_()
        returned: list[object] = []
        try:
            outputs, batching = _alone(model, (pixels,), note=returned.append)
        except IgError:
            raise
        except Exception as problem:  # the user's own network can raise anything
            reason = first_line(problem) or type(problem).__name__
            raise UsageError(
                f"The network does not accept pictures of {' x '.join(map(str, pixels.shape[1:]))} ({reason}). "
                "If it takes others, say so with --input-size and --channels; --debug shows where it was raised."
            ) from problem
        chosen = ""
        if model.output_index is None:
            chosen = output_choice(returned[-1], batching.copies, classes=len(model.labels) or None)
        _check_gradient(outputs, pixels)
        with torch.no_grad():
            return replace(_tried(model, (pictures,), outputs.detach(), batching), output_choice=chosen)


def find_batching(model: Model, *pair: Any) -> Batching | None:
    """How samples are combined, tried with two different ones (2, ...); ``None`` if the network fails on them."""
    placed = tuple(
        each.to(model.device, model.dtype) if isinstance(each, torch.Tensor) and each.is_floating_point() else each
        for each in pair
    )
    with model.frozen(), torch.no_grad():
        try:
            outputs, batching = _alone(model, _row(placed, 0))
            return _tried(model, placed, outputs, batching).batching
        except Exception:  # the run itself will raise it
            return None


def check_weights(network: torch.nn.Module) -> None:
    """Raise ``UsageError`` for a network with lazy layers, whose shapes its first forward pass would set."""
    lazy = [
        name or type(module).__name__
        for name, module in network.named_modules()
        if any(torch.nn.parameter.is_lazy(parameter) for parameter in module.parameters(recurse=False))
    ]
    if lazy:
        raise UsageError(
            f"The network's {lazy[0]} is a lazy layer that has no weights yet: give --weights FILE, or run the network "
            "once on a picture where it is made, before its weights are loaded."
        )


def _row(inputs: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return tuple(rows[index : index + 1] if is_batched(rows, 2) else rows for rows in inputs)


def _alone(
    model: Model, inputs: tuple[Any, ...], note: Callable[[object], None] | None = None
) -> tuple[torch.Tensor, Batching]:
    """The outputs (1, K) for one sample, and how often it is repeated for that; ``note`` gets what was returned."""

    def network(*prepared: Any) -> object:
        returned: object = model.network(*prepared)
        if note is not None:
            note(returned)
        return returned

    try:
        return model.outputs(*inputs, batching=TOGETHER, network=network), TOGETHER
    except Exception as problem:
        if is_out_of_memory(problem):
            raise
        for copies in TRACED_FOR if isinstance(model.network, torch.jit.ScriptModule) else TRACED_FOR[:1]:
            repeated = Batching(FILLED.format(copies), copies)
            try:
                return model.outputs(*inputs, batching=repeated, network=network), repeated
            except Exception:  # noqa: S112 - the first error is the one that tells
                continue
        raise


def _tried(model: Model, pair: tuple[Any, ...], first: torch.Tensor, batching: Batching) -> Trial:
    again = model.outputs(*_row(pair, 0), batching=batching)
    outputs = torch.cat([first, model.outputs(*_row(pair, 1), batching=batching)])
    if not agree(first, again):
        return Trial(outputs, changing=True, batching=batching)
    if batching is TOGETHER:
        batching = _judged(model, pair, outputs)
    return Trial(outputs, changing=False, batching=batching)


def _judged(model: Model, pair: tuple[Any, ...], alone: torch.Tensor) -> Batching:
    try:
        together = model.outputs(*pair, batching=TOGETHER)
    except Exception as problem:  # it accepted each of them alone
        if is_out_of_memory(problem):
            raise
        return Batching(ONLY_ONE)
    return TOGETHER if agree(alone, together) else Batching(DEPENDS)


def _check_gradient(outputs: torch.Tensor, pixels: torch.Tensor) -> None:
    if not outputs.requires_grad:
        raise UsageError.without_gradient()
    try:
        torch.autograd.grad(outputs.sum(), pixels)
    except Exception as problem:  # the backward pass can raise anything, too
        raise UsageError(str(NetworkError.backward(problem))) from problem
