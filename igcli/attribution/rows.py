"""Rows of one tensor or of a tuple, packed, and where their paths start; a function of rows as a model."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from igcli.attribution.path import Path
from igcli.attribution.reference_path import ReferencePath, in_turns
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model, Provenance
from igcli.models.outputs import described
from igcli.sample import Layout, Values


def packed_rows(inputs: Values, *, what: str = "inputs") -> torch.Tensor:
    """The rows (B, ...) of one tensor, or those of a tuple flat, one after another."""
    tensors = inputs if isinstance(inputs, tuple) else (inputs,)
    if not tensors or not all(isinstance(each, torch.Tensor) and each.is_floating_point() for each in tensors):
        raise UsageError(f"The {what} are a floating-point tensor of rows, or a tuple of such tensors.")
    if not all(each.ndim >= 1 and each.numel() and len(each) == len(tensors[0]) for each in tensors):
        shapes = " and ".join(str(tuple(each.shape)) for each in tensors)
        raise UsageError(f"The {what} have rows in their first axis, as many each, and none is empty; not {shapes}.")
    if len({(each.dtype, each.device) for each in tensors}) > 1:
        raise UsageError(f"The {what} are of one floating-point type and on one device: bring them there first.")
    detached = [each.detach() for each in tensors]
    return torch.cat([each.flatten(1) for each in detached], dim=1) if isinstance(inputs, tuple) else detached[0]


def packed_baselines(baselines: Values | float | None, inputs: Values) -> torch.Tensor:
    """A packed row for each of the inputs': raises ``UsageError`` for what cannot be expanded to them."""
    tensors = inputs if isinstance(inputs, tuple) else (inputs,)
    given = baselines if isinstance(baselines, tuple) else (0.0 if baselines is None else baselines,) * len(tensors)
    if len(given) != len(tensors):
        raise UsageError(f"The inputs are {len(tensors)} tensors, and the baselines {len(given)}: give one each.")
    expanded = []
    for one, like in zip(given, tensors, strict=True):
        try:
            expanded.append(torch.as_tensor(one).to(like).expand_as(like))
        except RuntimeError as error:
            shape = tuple(torch.as_tensor(one).shape)
            raise UsageError(
                f"A baseline of {shape} does not fit inputs of {tuple(like.shape)}: give one row for each, one for "
                "all, or one number."
            ) from error
    return packed_rows(tuple(expanded) if isinstance(inputs, tuple) else expanded[0])


def packed_references(references: Values, inputs: Values) -> torch.Tensor:
    """References (R, ...) like :func:`packed_rows`; raises ``UsageError`` where they are not rows like the inputs'."""
    given, wanted = (tuple(each) if isinstance(each, tuple) else (each,) for each in (references, inputs))
    packed_rows(references, what="references")  # says what they are, if they are no tensors
    shapes = [[tuple(each.shape[1:]) for each in tensors] for tensors in (given, wanted)]
    if shapes[0] != shapes[1]:
        shape = " and ".join(str(tuple(each.shape)) for each in given)
        like = " and ".join(str(("R", *each)) for each in shapes[1]).replace("'", "")
        raise UsageError(f"The references are rows like those of the inputs, {like}, and not {shape}.")
    moved = tuple(one.to(like) for one, like in zip(given, wanted, strict=True))
    return packed_rows(moved if isinstance(inputs, tuple) else moved[0])


def paths_from_references(
    references: torch.Tensor,
    ends: torch.Tensor,
    layout: Layout,
    further: Sequence[tuple[object, ...]],
    *,
    samples: int,
    seed: int = 0,
) -> list[Path]:
    """A path to each of the packed rows ``ends`` from packed references, in the same turns for all."""
    rows = list(references)  # one tensor each, so that paths are known to share them
    turns = tuple(rows[turn] for turn in in_turns(len(rows), samples, seed=seed))
    return [
        ReferencePath(turns[0], end, layout, each, references=turns) for end, each in zip(ends, further, strict=True)
    ]


def as_model(function: Callable[..., torch.Tensor], like: torch.Tensor) -> Model:
    """A function of rows as a model with one output, where and as precise as ``like``."""

    class RowFunction(torch.nn.Module):
        """The function, with one number per row made sure of."""

        def __init__(self) -> None:
            super().__init__()
            self.function = function  # registered where it is a module, so that it is frozen

        def forward(self, *inputs: torch.Tensor) -> torch.Tensor:
            found, rows = function(*inputs), len(inputs[0])
            if not isinstance(found, torch.Tensor) or tuple(found.shape) not in ((rows,), (rows, 1)):
                raise UsageError(
                    f"The function returns {described(found)} for {rows} row{'s' * (rows > 1)}, and it has to return "
                    "one number for each: choose an output, as in lambda x: network(x)[:, 0]."
                )
            return found.reshape(rows, 1)

    class Function(Model):
        """A model that is where its inputs are."""

        @property
        def device(self) -> torch.device:
            return like.device

        @property
        def dtype(self) -> torch.dtype:
            return like.dtype

    return Function(RowFunction(), ["value"], provenance=Provenance("The function"))
