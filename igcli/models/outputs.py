"""Logits (N, K) from whatever a network returns, and the registry of what outputs can mean.

A network may return its logits alone, in a tuple, in a mapping or as an attribute. They are only selected, not changed,
so that gradients and hooks are the network's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.registry import Registry

NAMES = ("logits", "out")
"""Names of the logits in a mapping, a named tuple or an object."""


@dataclass(frozen=True)
class OutputKind:
    """What a network's outputs mean.

    Attributes
    ----------
    multi_label
        Classes do not exclude each other: each has a sigmoid of its own.
    probabilities
        The network ends in its softmax or sigmoid; logits are recovered from it.
    regression
        Outputs are numbers in a unit of their own, and not classes.
    """

    multi_label: bool = False
    probabilities: bool = False
    regression: bool = False


OUTPUTS: Registry[OutputKind] = Registry("kind of outputs")
OUTPUTS("logits", summary="classes exclude each other; of a single output, its sigmoid is that of 'yes'")(OutputKind())
OUTPUTS("probabilities", summary="the same after softmax or, for a single output, sigmoid")(
    OutputKind(probabilities=True)
)
OUTPUTS("multi-label", summary="logits of classes that do not exclude each other")(OutputKind(multi_label=True))
OUTPUTS("multi-label-probabilities", summary="the same after sigmoid")(OutputKind(multi_label=True, probabilities=True))
OUTPUTS("value", summary="numbers and no classes (a regression); the number itself is explained")(
    OutputKind(regression=True)
)


def logits_of(
    output: object, count: int, *, choice: int | str | None = None, classes: int | None = None
) -> torch.Tensor:
    """The network's logits (N, K) out of whatever it returned for ``count`` = N pictures.

    Accepted are: a tensor; ``logits`` or ``out`` of a mapping, a named tuple or an object; the only tensor of a
    mapping, tuple or list that has a row for every picture. Of several such tensors, it is the only one with a column
    for each class, or the first if all have one shape, as with auxiliary heads. One number per picture, (N,), becomes
    (N, 1); (N, K, 1, 1), of a head that kept its 1 x 1 map, becomes (N, K).

    Parameters
    ----------
    choice
        The position or name of the output that holds the logits; no other is considered.
    classes
        The number of classes, if it is known.

    Raises
    ------
    UsageError
        For anything else, with its type and shape, and for several outputs that could each be the logits.
    """
    found = _found(output, count, choice=choice, classes=classes)
    if found is None:
        returned = (
            f"The network returns {described(output)} for {count} picture{'s' * (count > 1)}, which holds no logits"
        )
        if choice is not None:
            raise UsageError(f"{returned} at --output-index {choice}: give another, from 0, or a name.")
        raise UsageError(
            f"{returned} of {count} x classes: give a network that returns them, alone, in a tuple, or as 'logits' or "
            "'out'."
        )
    return found[1]


def output_choice(output: object, count: int, *, classes: int | None = None) -> str:
    """Which of several outputs :func:`logits_of` takes by default, and why, in a sentence; empty without choice."""
    parts = {place: rows for place, value in _parts(output) if (rows := _rows(value, count)) is not None}
    found = _found(output, count, classes=classes)
    if found is None or len(parts) < 2 or found[0] in NAMES:
        return ""
    place, rows = found
    why = "the first of one shape"
    if len({part.shape for part in parts.values()}) > 1:
        why = f"with {rows.shape[1]} columns for as many classes"
    return f"Of the network's {len(parts)} outputs {place!r} is explained, {why}: --output-index says otherwise."


def two_classes(single: torch.Tensor) -> torch.Tensor:
    """Logits (N, 2) of 'no' and 'yes' for the one output z (N, 1) of a binary network: −z/2 and z/2.

    Their softmax is the sigmoid of z, and their margin is z itself.
    """
    return torch.cat([-single / 2, single / 2], dim=1)


def log_of_probabilities(probabilities: torch.Tensor) -> torch.Tensor:
    """Stand-ins for logits: softmax turns them into the probabilities again, and margins are the logits' own."""
    return probabilities.clamp_min(torch.finfo(probabilities.dtype).tiny).log()


def log_odds_of_probabilities(probabilities: torch.Tensor) -> torch.Tensor:
    """The logits that sigmoid turns into these probabilities again; finite even at 0 and 1."""
    limits = torch.finfo(probabilities.dtype)
    return probabilities.clamp_min(limits.tiny).log() - (1 - probabilities).clamp_min(limits.tiny).log()


def are_probabilities(outputs: torch.Tensor) -> bool:
    """Whether all finite rows of outputs (N, K), K > 1, are in [0, 1] and sum to 1."""
    if outputs.ndim != 2 or outputs.shape[1] < 2:
        return False
    outputs = outputs[outputs.isfinite().all(dim=1)]
    rounding = 16 * torch.finfo(outputs.dtype).eps * outputs.shape[1] ** 0.5
    in_range = (outputs >= 0) & (outputs <= 1 + rounding)
    sums_to_one = (outputs.sum(dim=1) - 1).abs() <= rounding
    return len(outputs) > 0 and bool(in_range.all()) and bool(sums_to_one.all())


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


def _found(
    output: object, count: int, *, choice: int | str | None = None, classes: int | None = None
) -> tuple[int | str, torch.Tensor] | None:
    """The place of the logits in the output, and the logits (N, K); ``None`` if there are none."""
    parts = dict(_parts(output))
    if isinstance(choice, int) and choice not in parts and isinstance(output, Mapping):
        choice = dict(enumerate(output)).get(choice, choice)
    if isinstance(choice, str) and choice not in parts and hasattr(output, choice):
        parts[choice] = getattr(output, choice)
    wanted: list[int | str] = [choice] if choice is not None else [name for name in NAMES if name in parts]
    wanted = wanted or list(parts)
    fitting = {place: rows for place in wanted if (rows := _rows(parts.get(place), count)) is not None}
    if len(fitting) > 1 and not any(name in fitting for name in NAMES):
        fitting = _of_several(output, fitting, classes)
    return next(iter(fitting.items()), None)


def _of_several(
    output: object, fitting: dict[int | str, torch.Tensor], classes: int | None
) -> dict[int | str, torch.Tensor]:
    if len({rows.shape for rows in fitting.values()}) == 1:
        return fitting
    widths = (classes, 1) if classes == 2 else (classes,)  # a single output stands for two classes
    named = {place: rows for place, rows in fitting.items() if rows.shape[1] in widths}
    if len(named) == 1:
        return named
    shown = ", ".join(f"{place} ({rows.shape[1]} columns)" for place, rows in fitting.items())
    raise UsageError(
        f"The network returns {described(output)}, and more than one could be its logits: say which with "
        f"--output-index: {shown}."
    )


def _parts(output: object) -> Iterator[tuple[int | str, object]]:
    """All that could be the logits, by its position or name."""
    if isinstance(output, torch.Tensor):
        yield 0, output
    elif isinstance(output, Mapping):
        yield from output.items()
    else:
        yield from ((name, getattr(output, name)) for name in NAMES if hasattr(output, name))
        if isinstance(output, (tuple, list)):
            yield from enumerate(output)


def _rows(value: object, count: int) -> torch.Tensor | None:
    if not isinstance(value, torch.Tensor) or not value.is_floating_point() or not value.numel():
        return None
    if value.ndim == 4 and value.shape[2:] == (1, 1):
        value = value.flatten(1)
    if value.ndim == 1:
        # a network that squeezes its output loses the batch of one
        value = value[None] if count == 1 and len(value) > 1 else value[:, None]
    return value if value.ndim == 2 and len(value) == count else None
