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

    from igcli.models.engine.tracing import is_relu, module_of, replace  # loads torch

    try:
        traced = fx.symbolic_trace(deepcopy(network).eval())
    except Exception as error:
        raise UsageError(
            "This method needs every activation of the network as a module, and the network's code cannot be traced "
            f"to make them so ({type(error).__name__}): choose another method."
        ) from error
    for number, node in enumerate(list(traced.graph.nodes)):
        module = module_of(traced, node)
        if is_relu(traced, node):
            _replace_by_module(traced, node, f"relu_{number}", torch.nn.ReLU())
        elif isinstance(module, torch.nn.MaxPool2d):
            _replace_by_module(traced, node, f"max_pool_{number}", deepcopy(module))
        elif node.op == "call_function" and node.target in (torch.max_pool2d, torch.nn.functional.max_pool2d):
            pool = torch.nn.MaxPool2d(*node.args[1:], **{k: v for k, v in node.kwargs.items() if v is not False})
            _replace_by_module(traced, node, f"max_pool_{number}", pool)
        elif isinstance(module, torch.nn.Flatten):
            with traced.graph.inserting_after(node):
                flat = traced.graph.call_function(torch.flatten, (node.args[0], module.start_dim, module.end_dim))
            replace(traced, node, flat)
        elif isinstance(module, (torch.nn.Dropout, torch.nn.Identity)):
            replace(traced, node, node.args[0])
    traced.delete_all_unused_submodules()
    traced.recompile()
    return traced


def _replace_by_module(traced: Any, node: Any, name: str, module: torch.nn.Module) -> None:
    from igcli.models.engine.tracing import replace

    traced.add_submodule(name, module)
    with traced.graph.inserting_after(node):
        new = traced.graph.call_module(name, (node.args[0],))
    replace(traced, node, new)
