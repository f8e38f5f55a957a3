"""What a network returns, made into logits (N, K): the adapter, and the kinds of outputs there are, in a registry.

A network may return its logits bare, in a tuple, in a mapping or as an attribute. What it computes is not changed,
only taken out, so that gradients and hooks are the network's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.registry import Registry

NAMES = ("logits", "out")
"""Under which names networks keep their logits in a mapping, a named tuple or an object."""


@dataclass(frozen=True)
class OutputKind:
    """What a network's outputs mean.

    Attributes
    ----------
    multi_label
        Classes do not exclude each other: each has a sigmoid of its own.
    probabilities
        The network ends in its softmax or sigmoid; logits are recovered from it.
    """

    multi_label: bool = False
    probabilities: bool = False


OUTPUTS: Registry[OutputKind] = Registry("kind of outputs")
OUTPUTS("logits", summary="classes exclude each other; of a single output, its sigmoid is that of 'yes'")(OutputKind())
OUTPUTS("probabilities", summary="the same after softmax or, for a single output, sigmoid")(
    OutputKind(probabilities=True)
)
OUTPUTS("multi-label", summary="logits of classes that do not exclude each other")(OutputKind(multi_label=True))
OUTPUTS("multi-label-probabilities", summary="the same after sigmoid")(OutputKind(multi_label=True, probabilities=True))


def logits_of(output: object, count: int) -> torch.Tensor:
    """The network's logits (N, K) out of whatever it returned for ``count`` = N pictures.

    Taken are: a tensor; ``logits`` or ``out`` of a mapping, a named tuple or an object; the only tensor of a mapping;
    the first tensor of a tuple or list that has a row for every picture. One number a picture, as (N,), becomes
    (N, 1), and a head that kept its 1 x 1 map, as (N, K, 1, 1), loses it.

    Raises
    ------
    UsageError
        For anything else, with its type and shape.
    """
    fitting = next((found for each in _candidates(output) if (found := _rows(each, count)) is not None), None)
    if fitting is None:
        raise UsageError(
            f"The network returns {described(output)} for {count} picture{'s' * (count > 1)}, which holds no logits of "
            f"{count} x classes: give a network that returns them, alone, in a tuple, or as 'logits' or 'out'."
        )
    return fitting


def two_classes(single: torch.Tensor) -> torch.Tensor:
    """Logits (N, 2) of 'no' and 'yes' for the one output z (N, 1) of a binary network: −z/2 and z/2.

    Their softmax is the sigmoid of z, and their margin is z itself.
    """
    return torch.cat([-single / 2, single / 2], dim=1)


def described(output: object) -> str:
    """Type and shape of what a network returned, in words."""
    if isinstance(output, torch.Tensor):
        return f"a tensor of {' x '.join(map(str, output.shape)) or 'one number'} ({str(output.dtype)[6:]})"
    name = f"{'an' if type(output).__name__[0] in 'AEIOaeio' else 'a'} {type(output).__name__}"
    if isinstance(output, Mapping):
        return f"{name} of {', '.join(f'{key!r}: {described(value)}' for key, value in output.items()) or 'nothing'}"
    if isinstance(output, (tuple, list)):
        return f"{name} of {', '.join(map(described, output)) or 'nothing'}"
    return name


def _candidates(output: object) -> Iterator[object]:
    if isinstance(output, torch.Tensor):
        yield output
    elif isinstance(output, Mapping):
        yield from (output[name] for name in NAMES if name in output)
        if len(output) == 1:
            yield from output.values()
    else:
        yield from (getattr(output, name) for name in NAMES if hasattr(output, name))
        if isinstance(output, (tuple, list)):
            yield from output


def _rows(value: object, count: int) -> torch.Tensor | None:
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or not value.numel():
        return None
    if value.ndim == 4 and value.shape[2:] == (1, 1):
        value = value.flatten(1)
    if value.ndim == 1:
        # a network that squeezes its output loses the batch of one
        value = value[None] if count == 1 and len(value) > 1 else value[:, None]
    return value if value.ndim == 2 and len(value) == count else None
