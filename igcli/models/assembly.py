"""A network and a state dict -> a network ready to be explained; or one sentence on why they do not fit.

Nothing is initialised that the weights would overwrite, and nothing is ever half-loaded.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from igcli.errors import WeightsError
from igcli.lazy import torch
from igcli.models.weights import without_prefix

if TYPE_CHECKING:
    from pathlib import Path

NAMED = 3
"""How many keys of each kind an error names."""


def assemble(
    build: Callable[[], torch.nn.Module], state: Mapping[str, torch.Tensor], *, device: torch.device, file: Path
) -> torch.nn.Module:
    """Build the network and give it these weights: float32, channels last, evaluation mode, frozen, on the device.

    Parameters
    ----------
    build
        Makes the network, whatever its initial weights.
    state
        A value for every parameter and buffer, in any floating-point type.
    file
        Where the state comes from, for the error message.

    Raises
    ------
    WeightsError
        When keys are missing or left over, or shapes differ.
    """
    network = outline(build)
    state = _in_float32(aligned(state, network))
    fill(network, state, file=file, assign=True)
    if any(tensor.is_meta for tensor in chain(network.parameters(), network.buffers())):
        network = build()  # has buffers that no state dict holds: only a real construction fills them
        fill(network, state, file=file)
    network.eval().requires_grad_(requires_grad=False)
    return network.to(device).to(memory_format=torch.channels_last)


def outline(build: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    """The network with shapes alone: neither memory nor random numbers are spent on weights about to be replaced."""
    from igcli.models.unfilled import Unfilled  # loads torch

    try:
        with torch.device("meta"), Unfilled():
            return build()
    except NotImplementedError:  # some networks compute their own widths, for which tensors need memory
        return build()


def aligned(state: Mapping[str, torch.Tensor], network: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """The state dict without the one name that a wrapper of any kind put before all of its keys."""
    wanted, inner = network.state_dict().keys(), state
    while not wanted & inner.keys():
        first = next(iter(inner), "").partition(".")[0] + "."
        if not all(key.startswith(first) and key != first for key in inner):
            return state
        inner = without_prefix(inner, first)
    return inner


def by_position(state: Mapping[str, torch.Tensor], network: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """The state dict under the network's own names, where its tensors have the network's shapes in the same order.

    Ports of one architecture differ in how they name its layers. Shapes are compared but for the length of the
    classifier, the last two tensors; a state dict that does not match is returned as it is.
    """
    own = network.state_dict()
    if len(own) != len(state):
        return state
    pairs = list(zip(own.values(), state.values(), strict=True))
    same = all(ours.shape == theirs.shape for ours, theirs in pairs[:-2])
    head = all(ours.shape[1:] == theirs.shape[1:] for ours, theirs in pairs[-2:])
    return dict(zip(own, state.values(), strict=True)) if same and head else state


def head_size(network: torch.nn.Module, state: Mapping[str, torch.Tensor], *, classes: int) -> int:
    """How many classes the file is for, if it is the network's in all but that number; else ``classes``, its own."""
    counts = set()
    for key, own in network.state_dict().items():
        other = state.get(key)
        if other is None or other.shape == own.shape:
            continue
        if not own.ndim or len(own) != classes or other.ndim != own.ndim or other.shape[1:] != own.shape[1:]:
            return classes
        counts.add(len(other))
    return counts.pop() if len(counts) == 1 else classes


def fill(network: torch.nn.Module, state: Mapping[str, torch.Tensor], *, file: Path, assign: bool = False) -> None:
    """Give the network its weights, all of them or none that count: it is to be thrown away when this raises.

    Raises
    ------
    WeightsError
        When keys are missing or left over, or shapes differ: how many, and the first few.
    """
    lazy = torch.nn.parameter.is_lazy  # a lazy layer takes its shape from the weights
    own = {key: tuple(value.shape) for key, value in network.state_dict().items() if not lazy(value)}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on old versions of a network, which load and work
            # Not strict: keys are compared after the network has translated those of older versions.
            missing, unexpected = network.load_state_dict(state, strict=False, assign=assign)
    except (RuntimeError, ValueError) as problem:
        shapes = _other_shapes(own, state)
        if not shapes:
            reason = str(problem).strip().splitlines()[-1].strip()
            raise WeightsError(f"{file} cannot be loaded into {type(network).__name__}: {reason}") from problem
        missing = [key for key in own if key not in state]
        unexpected = [key for key in state if key not in own]
    else:
        shapes = []
    # Files older than this counter lack it; batch normalisation fills it in and does not use it here.
    missing = [key for key in missing if not key.endswith(".num_batches_tracked")]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    faults = [f"{len(keys)} {kind} ({_first(keys)})" for kind, keys in kinds.items() if keys]
    if faults:
        raise WeightsError(
            f"{file} holds the weights of another network than {type(network).__name__}: {', '.join(faults)}. "
            "Give the file that belongs to this model, or the model of this file: --model FILE.py:FUNCTION for one "
            "of your own."
        )


def _in_float32(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    # a copy of the mapping's own kind: torch keeps the versions of modules beside the keys
    cast = without_prefix(state, "")
    cast.update((key, value.float()) for key, value in state.items() if value.is_floating_point())
    return cast


def _other_shapes(own: Mapping[str, tuple[int, ...]], state: Mapping[str, torch.Tensor]) -> list[str]:
    found = {key: tuple(state[key].shape) for key in own if key in state}
    return [
        f"{key} is {_shape(found[key])} and should be {_shape(own[key])}" for key in found if found[key] != own[key]
    ]


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"


def _first(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
