"""What methods rely on and a network does not have: said once per run, and in every record and table.

A method states it in :meth:`Method.unmet_premise`; all commands ask here. What several methods need to know of a
network, its nonlinear operations as Captum meets them, is counted here too.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any
from weakref import WeakKeyDictionary

from igcli.attribution.methods.method import METHODS
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.models.module_activations import with_module_activations


def unmet_premises(model: Model, methods: Iterable[str]) -> dict[str, str]:
    """For each of ``methods`` whose premise the network does not meet: its name, and a sentence that says so."""
    known = _KNOWN.setdefault(model.network, {})
    for name in methods:
        if name not in known:
            known[name] = METHODS[name].unmet_premise(model)
    return {name: known[name] for name in methods if known[name]}


_KNOWN: WeakKeyDictionary[torch.nn.Module, dict[str, str]] = WeakKeyDictionary()

#: Nonlinear functions of one activation, by the names that torch's modules have.
ACTIVATIONS = frozenset(
    {
        *("CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh", "LeakyReLU", "LogSigmoid"),
        *("Mish", "PReLU", "ReLU", "ReLU6", "RReLU", "SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink", "Softsign"),
        *("Tanh", "Tanhshrink", "Threshold"),
    }
)
#: Other operations that no multiple of their input goes through unchanged.
_OTHERS = {
    "GroupNorm": "GroupNorm",
    "InstanceNorm2d": "InstanceNorm",
    "LayerNorm": "LayerNorm",
    "RMSNorm": "RMSNorm",
    "MultiheadAttention": "attention",
    "Softmax": "softmax",
}
_FUNCTIONS = {
    **{name.lower(): name for name in ACTIVATIONS},
    "hard_swish": "Hardswish",
    "leaky_relu": "LeakyReLU",
    "group_norm": "GroupNorm",
    "layer_norm": "LayerNorm",
    "rms_norm": "RMSNorm",
    "multi_head_attention_forward": "attention",
    "scaled_dot_product_attention": "attention",
    "softmax": "softmax",
}
_PRODUCTS = ("mul", "matmul", "bmm", "einsum")


def nonlinearities(network: torch.nn.Module) -> Counter[tuple[str, bool]]:
    """How often a network calls each of its nonlinear operations: (name, whether it is a module's).

    Raises
    ------
    UsageError
        For a network whose calls cannot be listed.
    """
    traced: Any = with_module_activations(network)
    modules = dict(traced.named_modules())
    found: Counter[tuple[str, bool]] = Counter()
    for node in traced.graph.nodes:
        name = getattr(node.target, "__name__", str(node.target)).strip("_")
        if node.op == "call_module":
            name = type(modules[str(node.target)]).__name__
            name = _OTHERS.get(name, name if name in ACTIVATIONS else "")
            found[name, True] += bool(name)
        elif node.op in ("call_function", "call_method") and name in _PRODUCTS:
            both = sum(getattr(each, "op", "get_attr") != "get_attr" for each in node.args) > 1
            found["products of activations", False] += both
        elif node.op in ("call_function", "call_method") and name in _FUNCTIONS:
            found[_FUNCTIONS[name], False] += 1
    return +found


def counts_in_words(counts: Counter[str]) -> str:
    """``12 GELU, 24 LayerNorm``."""
    return ", ".join(f"{count} {name}" for name, count in counts.most_common())
