"""Whose networks may be rewritten: those made of modules by libraries whose forward passes are known to be traceable.

Code of a user's own may do anything on its way, such as counting its calls or drawing random numbers; a trace would
do it once and for all. Hooks see the modules that they were registered on, so a network with any is left alone too.
"""

from __future__ import annotations

from igcli.lazy import torch

_LIBRARIES = ("torch.nn.", "torchvision.", "timm.", "igcli.models.efficientnet_lite0_network")

# torch has a function that looks at them all, which is private, and missing in some versions.
_GLOBAL_HOOKS = (
    "_global_forward_hooks",
    "_global_forward_pre_hooks",
    "_global_backward_hooks",
    "_global_backward_pre_hooks",
)


def may_be_rewritten(network: torch.nn.Module) -> bool:
    """Whether all the network's modules are of known libraries, as these made them, and nothing listens to any."""
    if any(getattr(torch.nn.modules.module, name) for name in _GLOBAL_HOOKS):
        return False
    return all(map(_is_plain, network.modules()))


def _is_plain(module: torch.nn.Module) -> bool:
    return (
        type(module).__module__.startswith(_LIBRARIES)
        and "forward" not in vars(module)  # replaced on this one object
        and not (module._forward_hooks or module._forward_pre_hooks)
        and not (module._backward_hooks or module._backward_pre_hooks)
    )
