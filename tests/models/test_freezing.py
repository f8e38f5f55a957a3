"""Networks whose parameters take part in no gradient."""

from __future__ import annotations

import torch
from torch import nn

from igcli.models.freezing import frozen


class _Attention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)

    def forward(self, values: torch.Tensor) -> torch.Tensor:
        return self.attention(values, values, values, need_weights=False)[0]


def test_what_needs_a_gradient_is_as_before_and_none_is_kept() -> None:
    network, values = _Attention(), torch.rand(3, 5, 8, requires_grad=True)
    network.attention.in_proj_weight.requires_grad_(requires_grad=False)
    needs = [parameter.requires_grad for parameter in network.parameters()]
    with frozen(network):
        (gradient,) = torch.autograd.grad(network(values).sum(), values)
    assert [parameter.requires_grad for parameter in network.parameters()] == needs
    assert all(parameter.grad is None for parameter in network.parameters())
    network.requires_grad_(requires_grad=True).eval()
    (expected,) = torch.autograd.grad(network(values).sum(), values)
    torch.testing.assert_close(gradient, expected)
