"""ReLU moved behind the max pool that follows it, where there is a quarter of the data.

Both are monotonic, so that max(ReLU(x)) = ReLU(max(x)), and the gradient is the same: it goes to the first of the
largest values, if that is above zero. This file imports torch.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import fx
from torch.nn import functional

from igcli.models.engine.tracing import is_max_pool, is_relu, module_of, replace


def put_relus_behind_pools(traced: fx.GraphModule) -> int:
    """Rewrite the graph in place; returns how many ReLUs were moved."""
    moved = 0
    pool: Any
    for pool in list(traced.graph.nodes):
        if not is_max_pool(traced, pool) or not pool.args or not _can_move(traced, pool.args[0]):
            continue
        relu = pool.args[0]
        with traced.graph.inserting_after(pool):
            after = traced.graph.call_function(functional.relu, (pool,), {"inplace": True})
        pool.replace_all_uses_with(after, delete_user_cb=lambda user, own=after: user is not own)
        replace(traced, relu, relu.args[0])
        moved += 1
    return moved


def _can_move(traced: fx.GraphModule, relu: Any) -> bool:
    """Whether nothing else uses the output of the ReLU, or its input, which it may have overwritten."""
    if not is_relu(traced, relu) or len(relu.users) != 1:
        return False
    if not relu.args or not isinstance(module_of(traced, relu.args[0]), (torch.nn.Conv2d, torch.nn.BatchNorm2d)):
        return False  # anything else may return a view of a tensor that is used elsewhere
    return len(relu.args[0].users) == 1
