"""A network that computes the same as another in less time.

What each rewriting does is told in its own file. This file needs torch; it is imported where that is in use.
"""

from __future__ import annotations

import warnings

import torch

from igcli.models.engine.folding import fold_batch_norms
from igcli.models.engine.normalisation import absorb_normalisation
from igcli.models.engine.pooling import put_relus_behind_pools
from igcli.models.engine.tracing import traced


def optimised(network: torch.nn.Module, *, mean: torch.Tensor, std: torch.Tensor) -> torch.nn.Module | None:
    """A network from pixels in [0, 1] to what this one makes of them, or ``None`` if it is no quicker or not traceable.

    The original is left as it is. The new one computes the same, to rounding, shares the parameters that were not
    rewritten, and has to be made anew when the others change.

    Parameters
    ----------
    mean, std
        (C,) or (1,): what the network's input is normalised by, on its device and in its precision.
    """
    try:
        with torch.inference_mode(mode=False), torch.no_grad(), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the network's own code, about being traced
            graph = traced(_Normalised(network, mean, std))
            # In this order: the entrance takes in a convolution that has taken in its normalisation.
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
