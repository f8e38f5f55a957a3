"""An equivalent network that is faster. Each rewriting is described in its own module.

This file imports torch.
"""

from __future__ import annotations

import warnings

import torch

from igcli.models.engine.folding import fold_batch_norms
from igcli.models.engine.normalisation import absorb_normalisation
from igcli.models.engine.pooling import put_relus_behind_pools
from igcli.models.engine.tracing import traced


def optimised(network: torch.nn.Module, *, mean: torch.Tensor, std: torch.Tensor) -> torch.nn.Module | None:
    """A faster network with the same outputs for pixels in [0, 1]; ``None`` if nothing can be rewritten.

    The original is not changed. The new one computes the same, to rounding, shares the parameters that were not
    rewritten, and must be made again when the others change.

    Parameters
    ----------
    mean, std
        (C,) or (1,): what the network's input is normalised by, on its device and in its precision.
    """
    try:
        with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the network's own code, about being traced
            graph = traced(_Normalised(network, mean, std))
            # in this order: batch normalisation goes into the first convolution before input normalisation does
            gained = fold_batch_norms(graph) + put_relus_behind_pools(graph) + absorb_normalisation(graph)
    except Exception:  # tracing runs the network's own code, which may not be made for it
        return None
    if not gained:
        return None
    graph.delete_all_unused_submodules()
    graph.recompile()
    return _Optimised(graph)


class _Normalised(torch.nn.Module):
    """A network that takes pixels in [0, 1] instead of normalised ones; ``mean`` and ``std`` are (C,) or (1,)."""

    def __init__(self, network: torch.nn.Module, mean: torch.Tensor, std: torch.Tensor) -> None:
        super().__init__()
        self.network = network
        # copies, since tensors of a caller's inference mode cannot be part of a gradient
        self.register_buffer("mean", mean[:, None, None].clone())
        self.register_buffer("std", std[:, None, None].clone())
        self.mean: torch.Tensor
        self.std: torch.Tensor

    def forward(self, pixels: torch.Tensor) -> object:
        """Whatever the network returns for pixels (N, C, H, W)."""
        return self.network((pixels - self.mean) / self.std)


class _Optimised(torch.nn.Module):
    """A rewritten graph, called past ``GraphModule.__call__``, which prints on stderr what it raises."""

    def __init__(self, graph: torch.fx.GraphModule) -> None:
        super().__init__()
        self.graph = graph

    def forward(self, pixels: torch.Tensor) -> object:
        """What the network returns for pixels (N, C, H, W) in [0, 1]."""
        return self.graph.forward(pixels)
