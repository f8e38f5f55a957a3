"""What guided backpropagation and deconvolution rely on: ReLUs, as they change nothing but these."""

from __future__ import annotations

from collections import Counter

from igcli.attribution.methods.premises import ACTIVATIONS, listed, nonlinearities
from igcli.models.model import Model

#: Activations that gate a channel rather than pass a signal on.
_GATES = ("Sigmoid", "Hardsigmoid")


def few_relus(model: Model) -> str:
    """What to say of a network without ReLUs, or with other activations beside them; empty if there is nothing."""
    found = nonlinearities(model.network)
    relus = found["ReLU", True]
    others: Counter[str] = Counter()
    for (name, _), count in found.items():
        if name in ACTIVATIONS and name not in (*_GATES, "ReLU"):
            others[name] += count
    if not relus:
        instead = f" (it has {listed(others)})" if others else ""
        return f"This network has no ReLU{instead}, so that the map is the plain gradient."
    if others:
        return (
            f"Only the {relus} ReLUs of this network pass the signal back in the method's way; its other activations "
            f"({listed(others)}) do as in the plain gradient."
        )
    return ""
