"""What a network was like at some moment: told apart from what it is like now, without looking at a single weight."""

from __future__ import annotations

from igcli.lazy import torch

_PLAIN = (bool, int, float, str, type(None))


class State:
    """Which modules, parameters and buffers a network has, where they are, how often written to; modules' settings.

    Two are equal if nothing was replaced, moved, set or changed in place in between. What torch itself does not count
    stays unseen, writing through ``.data`` or numpy, and so do settings that are objects (only numbers, strings, flags
    and tuples of them are compared) and what is changed on a module's class.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        self._modules = list(network.modules())  # kept, as are the tensors, so that no other object gets their ids
        self._tensors = [tensor for module in self._modules for tensor in _own(module)]
        self._marks = (
            [(id(module), _settings(module)) for module in self._modules],
            [_mark(tensor) for tensor in self._tensors],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, State) and self._marks == other._marks

    __hash__ = None  # type: ignore[assignment]


def _settings(module: torch.nn.Module) -> list[tuple[str, object]]:
    """Its own attributes that are plain values; whether it is in training is no part of what is computed in the end."""
    return [(name, value) for name, value in vars(module).items() if name != "training" and _is_plain(value)]


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))


def _own(module: torch.nn.Module) -> list[torch.Tensor]:
    return [own for each in (module._parameters, module._buffers) for own in each.values() if own is not None]


def _mark(tensor: torch.Tensor) -> tuple[object, ...]:
    writes = None if tensor.is_inference() else tensor._version  # tensors of inference mode do not count them
    return id(tensor), writes, tensor.data_ptr(), tensor.device, tensor.dtype
