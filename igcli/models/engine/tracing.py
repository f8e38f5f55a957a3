"""A network as a graph of calls, on modules of its own that share its parameters; and what a node of it does.

This file imports torch.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import chain
from typing import Any

import torch
from torch import fx
from torch.nn import functional

_RELUS = (torch.relu, torch.relu_, functional.relu, functional.relu_)
_MAX_POOLS = (torch.max_pool2d, functional.max_pool2d)


def traced(network: torch.nn.Module) -> fx.GraphModule:
    """The calls that the network makes in evaluation mode.

    The graph's modules are copies, so that neither modes nor rewriting reach the network; parameters and buffers are
    shared, so that the copy takes no memory.

    Raises
    ------
    Exception
        Of any kind, for a network that cannot be traced.
    """
    tensors = {id(tensor): tensor for tensor in chain(network.parameters(), network.buffers())}
    copied = deepcopy(network, memo=tensors).eval()
    return fx.GraphModule(copied, _Tracer().trace(copied))


class _Tracer(fx.Tracer):
    """Traces through every module but torch's own and batch normalisation of any library."""

    def is_leaf_module(self, m: torch.nn.Module, module_qualified_name: str) -> bool:
        return isinstance(m, torch.nn.BatchNorm2d) or super().is_leaf_module(m, module_qualified_name)


def module_of(traced: fx.GraphModule, node: Any) -> torch.nn.Module | None:
    """The module that the node calls, if it calls one."""
    called = isinstance(node, fx.Node) and node.op == "call_module"
    return traced.get_submodule(str(node.target)) if called else None


def is_relu(traced: fx.GraphModule, node: Any) -> bool:
    """Whether the node is a ReLU, written in any way."""
    if not isinstance(node, fx.Node):
        return False
    return (
        isinstance(module_of(traced, node), torch.nn.ReLU)
        or (node.op == "call_function" and node.target in _RELUS)
        or (node.op == "call_method" and node.target in ("relu", "relu_"))
    )


def is_max_pool(traced: fx.GraphModule, node: fx.Node) -> bool:
    """Whether the node is a max pool over rows and columns that returns the maxima alone."""
    module = module_of(traced, node)
    if isinstance(module, torch.nn.MaxPool2d):
        return not module.return_indices
    return node.op == "call_function" and node.target in _MAX_POOLS and not node.kwargs.get("return_indices")


def replace(traced: fx.GraphModule, node: fx.Node, other: fx.Node) -> None:
    """Replace ``node`` by ``other`` everywhere and remove it."""
    node.replace_all_uses_with(other)
    traced.graph.erase_node(node)
