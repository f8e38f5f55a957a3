"""A copy of a network in which every activation is a module, for methods that replace what activations do.

Such methods hook modules: they miss an activation that is called as a function (as GoogLeNet's are), and fail on one
that is used twice or works in place. The copy computes the same.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from igcli.errors import UsageError
from igcli.lazy import torch


def with_module_activations(network: torch.nn.Module) -> torch.nn.Module:
    """A copy, in evaluation mode, with one ReLU or max-pool module per call, and without modules that do nothing.

    Raises
    ------
    UsageError
        For a network that cannot be traced, for instance because its computation depends on its input.
    """
    from torch import fx

    try:
        traced = fx.symbolic_trace(deepcopy(network).eval())
    except Exception as error:
        raise UsageError(
            "This method needs every activation of the network as a module, and the network's code cannot be traced "
            f"to make them so ({type(error).__name__}): choose another method."
        ) from error
    modules = dict(traced.named_modules())
    for number, node in enumerate(list(traced.graph.nodes)):
        module = modules.get(str(node.target)) if node.op == "call_module" else None
        if _is_relu(node, module):
            _replace_by_module(traced, node, f"relu_{number}", torch.nn.ReLU())
        elif isinstance(module, torch.nn.MaxPool2d):
            _replace_by_module(traced, node, f"max_pool_{number}", deepcopy(module))
        elif node.op == "call_function" and node.target in (torch.max_pool2d, torch.nn.functional.max_pool2d):
            pool = torch.nn.MaxPool2d(*node.args[1:], **{k: v for k, v in node.kwargs.items() if v is not False})
            _replace_by_module(traced, node, f"max_pool_{number}", pool)
        elif isinstance(module, torch.nn.Flatten):
            with traced.graph.inserting_after(node):
                flat = traced.graph.call_function(torch.flatten, (node.args[0], module.start_dim, module.end_dim))
            _replace(traced, node, flat)
        elif isinstance(module, (torch.nn.Dropout, torch.nn.Identity)):
            _replace(traced, node, node.args[0])
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced


def _is_relu(node: Any, module: torch.nn.Module | None) -> bool:
    functions = (torch.relu, torch.relu_, torch.nn.functional.relu, torch.nn.functional.relu_)
    return (
        isinstance(module, torch.nn.ReLU)
        or (node.op == "call_function" and node.target in functions)
        or (node.op == "call_method" and node.target in ("relu", "relu_"))
    )


def _replace_by_module(traced: Any, node: Any, name: str, module: torch.nn.Module) -> None:
    traced.add_submodule(name, module)
    with traced.graph.inserting_after(node):
        new = traced.graph.call_module(name, (node.args[0],))
    _replace(traced, node, new)


def _replace(traced: Any, node: Any, new: Any) -> None:
    node.replace_all_uses_with(new)
    traced.graph.erase_node(node)
