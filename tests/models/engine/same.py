"""What every rewriting must keep: the same outputs and the same gradients, to rounding."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from igcli.models.engine.tracing import traced


def trained(network: nn.Module, *, seed: int = 0) -> nn.Module:
    """The network in double precision and evaluation mode, its batch norms as if they had seen pictures."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_mean is not None:
            with torch.no_grad():
                for values in (module.weight, module.running_var):
                    values.copy_(torch.rand(values.shape, generator=generator) + 0.5)
                for values in (module.bias, module.running_mean):
                    values.copy_(torch.rand(values.shape, generator=generator) - 0.5)
    return network.double().eval().requires_grad_(requires_grad=False)


def pictures(*shape: int, seed: int = 1) -> Tensor:
    """Pixels in [0, 1], in double precision."""
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def answers(network, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Outputs, and the gradient of a weighted sum of them towards the pixels."""
    pixels = pixels.clone().requires_grad_()
    outputs = network(pixels)
    weights = torch.linspace(-1, 1, outputs.numel(), dtype=outputs.dtype).view(outputs.shape)
    return outputs.detach(), torch.autograd.grad((outputs * weights).sum(), pixels)[0]


def assert_same(one, other, pixels: Tensor, *, tolerance: float = 1e-11) -> None:
    for own, its in zip(answers(one, pixels), answers(other, pixels), strict=True):
        assert own.abs().max() > 0
        torch.testing.assert_close(its, own, rtol=0, atol=tolerance * float(own.abs().max()))


def rewritten(network: nn.Module, *rewritings) -> tuple[nn.Module, list[int]]:
    """The traced network after each of the rewritings, and how often each found something to do."""
    graph = traced(network)
    done = [rewriting(graph) for rewriting in rewritings]
    graph.graph.lint()
    graph.delete_all_unused_submodules()
    graph.recompile()
    return graph, done


def kinds(network: nn.Module) -> list[str]:
    """The classes of all modules."""
    return [type(module).__name__ for module in network.modules()]
