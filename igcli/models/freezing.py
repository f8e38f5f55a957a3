"""A network whose parameters take part in no gradient, for as long as a block lasts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from igcli.lazy import torch


@contextmanager
def frozen(network: torch.nn.Module) -> Iterator[None]:
    """Evaluation mode and no parameter gradients inside the block; the network's own state again after it."""
    modes = [(module, module.training) for module in network.modules()]
    needs = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    try:
        in_evaluation_mode(network)
        yield
    finally:
        for module, training in modes:
            module.training = training
        for parameter, required in needs:
            parameter.requires_grad_(required)


def in_evaluation_mode(network: torch.nn.Module) -> torch.nn.Module:
    """The network itself, in evaluation mode and without parameter gradients."""
    network.eval()
    for parameter in network.parameters():  # one by one: scripted networks cannot do it as a whole
        parameter.requires_grad = False
    return network
