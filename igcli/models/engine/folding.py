"""Batch normalisation folded into the convolution before it.

In evaluation mode it is an affine map of each channel, and a convolution followed by one is a convolution. This file
imports torch.
"""

from __future__ import annotations

from collections import Counter

import torch
from torch import fx
from torch.nn.utils.fusion import fuse_conv_bn_eval

from igcli.models.engine.tracing import module_of, replace


def fold_batch_norms(traced: fx.GraphModule) -> int:
    """Rewrite the graph in place; returns the number of batch normalisations removed."""
    # a module that is called twice may be followed by another normalisation the second time
    calls = Counter(str(node.target) for node in traced.graph.nodes if node.op == "call_module")
    folded = 0
    for node in list(traced.graph.nodes):
        before = node.args[0] if node.args else None
        convolution, norm = module_of(traced, before), module_of(traced, node)
        rest = _after(norm)
        if (
            isinstance(before, fx.Node)
            and type(convolution) is torch.nn.Conv2d
            and isinstance(norm, torch.nn.BatchNorm2d)
            and rest is not None
            and norm.running_mean is not None
            and norm.running_mean.dtype == convolution.weight.dtype
            and list(before.users) == [node]
            and calls[str(before.target)] == calls[str(node.target)] == 1
        ):
            traced.set_submodule(str(before.target), fuse_conv_bn_eval(convolution, norm))
            if isinstance(rest, torch.nn.Identity):
                replace(traced, node, before)
            else:
                traced.set_submodule(str(node.target), rest)
            folded += 1
    return folded


def _after(norm: torch.nn.Module | None) -> torch.nn.Module | None:
    """What a module of batch normalisation applies after it, such as an activation; ``None`` if unknown."""
    if type(norm) is torch.nn.BatchNorm2d:
        return torch.nn.Identity()
    if type(norm).__name__ == "BatchNormAct2d" and isinstance(getattr(norm, "drop", None), torch.nn.Identity):
        return getattr(norm, "act", None)  # timm's normalisation and activation in one
    return None
