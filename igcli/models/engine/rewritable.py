"""Which networks may be rewritten, and whether a network has changed since it was.

A network may be rewritten if all its modules come from libraries whose forward passes are known to be traceable. A
user's own code may do anything in its forward pass, such as counting calls or drawing random numbers, which a trace
would record once and for all. Hooks expect the modules that they were registered on: a network with hooks stays as it
is, too.
"""

from __future__ import annotations

from igcli.lazy import torch

_LIBRARIES = ("torch.nn.", "torchvision.", "timm.", "igcli.models.efficientnet_lite0_network")

# torch has a function that checks them all, but it is private, and missing in some versions.
_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)

_PLAIN = (bool, int, float, str, type(None))


def may_be_rewritten(network: torch.nn.Module) -> bool:
    """Whether all modules are of known libraries and unchanged, without any hook on them."""
    return not has_hooks(network) and all(map(_is_unchanged, network.modules()))


def has_hooks(network: torch.nn.Module) -> bool:
    """Whether anything is to be called when a module of the network is, or any module."""
    return any(getattr(torch.nn.modules.module, name) for name in _GLOBAL_HOOKS) or any(
        module._forward_hooks or module._forward_pre_hooks or module._backward_hooks or module._backward_pre_hooks
        for module in network.modules()
    )


def _is_unchanged(module: torch.nn.Module) -> bool:
    # a forward pass may have been replaced on this one object
    return type(module).__module__.startswith(_LIBRARIES) and "forward" not in vars(module)


class Fingerprint:
    """A network's modules with their settings, its parameters and buffers, where they are, and how often written to.

    Two fingerprints of a network are equal if nothing was replaced, moved, set or changed in place in between; no
    weight is read. Not noticed: writes that torch does not count (through ``.data`` or numpy), settings that are
    objects (only numbers, strings, flags and tuples of them are compared), and changes of a module's class.
    """

    def __init__(self, network: torch.nn.Module) -> None:
        self._modules = list(network.modules())  # kept, as are the tensors, so that no other object gets their ids
        self._tensors = [tensor for module in self._modules for tensor in _own_tensors(module)]
        self._marks = (
            [(id(module), _settings(module)) for module in self._modules],
            [_mark(tensor) for tensor in self._tensors],
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Fingerprint) and self._marks == other._marks

    __hash__ = None  # type: ignore[assignment]


def _settings(module: torch.nn.Module) -> list[tuple[str, object]]:
    """The module's own attributes that are plain values, without ``training``: models always compute in evaluation."""
    return [(name, value) for name, value in vars(module).items() if name != "training" and _is_plain(value)]


def _is_plain(value: object) -> bool:
    return isinstance(value, _PLAIN) or (isinstance(value, tuple) and all(map(_is_plain, value)))


def _own_tensors(module: torch.nn.Module) -> list[torch.Tensor]:
    return [own for each in (module._parameters, module._buffers) for own in each.values() if own is not None]


def _mark(tensor: torch.Tensor) -> tuple[object, ...]:
    writes = None if tensor.is_inference() else tensor._version  # tensors of inference mode do not count them
    return id(tensor), writes, tensor.data_ptr(), tensor.device, tensor.dtype
