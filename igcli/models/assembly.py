"""A network and a state dict -> a network ready to be explained; or one sentence on why they do not fit.

Weights are not initialised before they are overwritten, and a network is never loaded in part.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import chain
from typing import TYPE_CHECKING, Any

from igcli.errors import WeightsError
from igcli.lazy import torch
from igcli.models.freezing import in_evaluation_mode
from igcli.models.named_tensors import without_prefix
from igcli.models.select_tensors import select_tensors
from igcli.models.spec import warn_python
from igcli.models.tensor_values import has_shape, too_large

if TYPE_CHECKING:
    from pathlib import Path

NAMED = 3
"""Number of keys of each kind that an error lists."""

MOST_SIDES = 8
"""Number of sides of a shape that it shows."""


def assemble(
    build: Callable[[], torch.nn.Module],
    state: Mapping[str, torch.Tensor],
    *,
    device: torch.device,
    file: Path,
    warn: Callable[[str], None] = warn_python,
) -> torch.nn.Module:
    """Build the network and give it these weights: float32, channels last, evaluation mode, frozen, on the device.

    Parameters
    ----------
    state
        A value for every parameter and buffer, in any floating-point type; other tensors are ignored as
        :func:`~igcli.models.select_tensors.select_tensors` describes.

    Raises
    ------
    WeightsError
        When keys are missing or left over, or shapes differ.
    """
    network = outline(build)
    state = select_tensors(state, network, file=file, warn=warn)
    if too_large(state, network.state_dict()):  # not to be cast, nor copied
        raise _another(network, state, file)
    state = _in_float32(state)
    fill(network, state, file=file, assign=True)
    if any(tensor.is_meta for tensor in chain(network.parameters(), network.buffers())):
        network = build()  # has buffers that no state dict holds: only a real construction fills them
        fill(network, state, file=file)
    network.eval().requires_grad_(requires_grad=False)
    return network.to(device).to(memory_format=torch.channels_last)


def placed(network: torch.nn.Module, device: torch.device) -> torch.nn.Module:
    """The network itself on the device, in evaluation mode, with the channels of its kernels last if it has such."""
    in_evaluation_mode(network).to(device)
    with suppress(RuntimeError):  # a few networks have parameters that have no such order
        network.to(memory_format=torch.channels_last)
    return network


def outline(build: Callable[[], torch.nn.Module]) -> torch.nn.Module:
    """The network on the meta device: shapes only, without memory or random numbers for weights.

    No random numbers are drawn: to draw them for tensors without memory, torch would load its compiler.
    """
    from torch.overrides import TorchFunctionMode

    class WithoutRandomNumbers(TorchFunctionMode):
        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if func in (torch.Tensor.normal_, torch.Tensor.uniform_) and args[0].is_meta:
                return args[0]
            return func(*args, **(kwargs or {}))

    try:
        with torch.device("meta"), WithoutRandomNumbers():
            return build()
    except (NotImplementedError, RuntimeError) as problem:
        if "meta" not in str(problem).lower():
            raise
        return build()  # some networks compute their own widths, for which tensors need memory


def by_position(state: Mapping[str, torch.Tensor], network: torch.nn.Module) -> Mapping[str, torch.Tensor]:
    """The state dict under the network's own names, if its tensors have the network's shapes in the same order.

    Ports of one architecture differ in how they name its layers. Shapes are compared but for the length of the
    classifier, the last two tensors; a state dict that does not match is returned unchanged.
    """
    own = network.state_dict()
    if len(own) != len(state):
        return state
    pairs = list(zip(own.values(), state.values(), strict=True))
    same = all(ours.shape == theirs.shape for ours, theirs in pairs[:-2])
    head = all(ours.shape[1:] == theirs.shape[1:] for ours, theirs in pairs[-2:])
    return dict(zip(own, state.values(), strict=True)) if same and head else state


def head_size(network: torch.nn.Module, state: Mapping[str, torch.Tensor], *, classes: int) -> int:
    """The file's number of classes, if it fits the network in all else; else ``classes``, the network's own."""
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
    """Load the weights into the network. If this raises, the network may be loaded in part: do not use it.

    Raises
    ------
    WeightsError
        When keys are missing or left over, or shapes differ: how many, and the first few.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # on old versions of a network, which load and work
            # Not strict: keys are compared after the network has translated those of older versions.
            missing, unexpected = network.load_state_dict(state, strict=False, assign=assign)
    except (RuntimeError, ValueError) as problem:
        if not _other_shapes(network, state):
            reason = str(problem).strip().splitlines()[-1].strip()
            raise WeightsError(f"{file} cannot be loaded into {type(network).__name__}: {reason}") from problem
        raise _another(network, state, file) from problem
    # Files older than this counter lack it; batch normalisation fills it in and does not use it here.
    missing = [key for key in missing if not key.endswith(".num_batches_tracked")]
    if missing or unexpected:
        raise _fault(network, file, missing, unexpected, [])


def _another(network: torch.nn.Module, state: Mapping[str, torch.Tensor], file: Path) -> WeightsError:
    own = network.state_dict().keys()
    missing = [key for key in own if key not in state and not key.endswith(".num_batches_tracked")]
    unexpected = [key for key in state if key not in own]
    return _fault(network, file, missing, unexpected, _other_shapes(network, state))


def _fault(
    network: torch.nn.Module, file: Path, missing: list[str], unexpected: list[str], shapes: list[str]
) -> WeightsError:
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    faults = [f"{len(keys)} {kind} ({_first(keys)})" for kind, keys in kinds.items() if keys]
    return WeightsError(
        f"{file} holds the weights of another network than {type(network).__name__}: {', '.join(faults)}. "
        "Give the file that belongs to this model, or the model of this file: --model NAME ('ig models' lists them), "
        "or --model FILE.py:FUNCTION for one of your own."
    )


def _in_float32(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    # a copy of the mapping's own type, which also holds torch's versions of modules
    cast = without_prefix(state, "")
    cast.update((key, value.float()) for key, value in state.items() if value.is_floating_point())
    return cast


def _other_shapes(network: torch.nn.Module, state: Mapping[str, torch.Tensor]) -> list[str]:
    own = {key: value.shape for key, value in network.state_dict().items() if has_shape(value)}
    return [
        f"{key} is {_shape(state[key].shape)} and should be {_shape(shape)}"
        for key, shape in own.items()
        if key in state and state[key].shape != shape
    ]


def _shape(shape: torch.Size) -> str:
    shown = "x".join(map(str, shape[:MOST_SIDES])) + ("x..." if len(shape) > MOST_SIDES else "")
    return shown or "a scalar"


def _first(names: Iterable[str]) -> str:
    names = [name if len(name) <= 200 else f"{name[:200]}..." for name in names]
    return ", ".join(names[:NAMED]) + (", ..." if len(names) > NAMED else "")
