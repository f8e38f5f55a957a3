"""A network and a state dict -> a network ready to be explained; or one sentence on why they do not fit.

Nothing is initialised that the weights would overwrite, and nothing is ever half-loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TYPE_CHECKING

from igcli.errors import WeightsError
from igcli.lazy import torch

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
    with torch.device("meta"):  # neither memory nor random numbers are spent on weights that are about to be replaced
        network = build()
    _check_fit(network, state, file)
    state = {key: value.float() if value.is_floating_point() else value for key, value in state.items()}
    network.load_state_dict(state, assign=True)
    if any(tensor.is_meta for tensor in chain(network.parameters(), network.buffers())):
        network = build()  # has buffers that no state dict holds: only a real construction fills them
        network.load_state_dict(state)
    network.eval().requires_grad_(requires_grad=False)
    return network.to(device).to(memory_format=torch.channels_last)


def _check_fit(network: torch.nn.Module, state: Mapping[str, torch.Tensor], file: Path) -> None:
    wanted = {key: tuple(value.shape) for key, value in network.state_dict().items()}
    found = {key: tuple(value.shape) for key, value in state.items()}
    # Files older than this counter lack it; batch normalisation fills it in and does not use it here.
    missing = [key for key in wanted if key not in found and not key.endswith(".num_batches_tracked")]
    unexpected = [key for key in found if key not in wanted]
    other_shape = [
        f"{key} is {_shape(found[key])} and should be {_shape(wanted[key])}"
        for key in wanted
        if key in found and found[key] != wanted[key]
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": other_shape}
    faults = [f"{len(keys)} {kind} ({_first(keys)})" for kind, keys in kinds.items() if keys]
    if faults:
        raise WeightsError(
            f"{file} holds the weights of another network than {type(network).__name__}: {', '.join(faults)}. "
            "Give the file that belongs to this model."
        )


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join(map(str, shape)) or "a scalar"


def _first(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
