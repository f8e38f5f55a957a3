"""The last representation of a network: what its last linear layer takes, found by a hook during a pass forward."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from igcli.attribution.network import network_logits
from igcli.attribution.path import Path
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model


@dataclass(frozen=True)
class LastRepresentation:
    """A network together with the linear layer that it calls last.

    Attributes
    ----------
    calls
        How often one pass forward calls that layer; the last call counts.
    """

    model: Model
    layer: torch.nn.Module
    calls: int

    @classmethod
    def of(cls, model: Model, path: Path) -> Self:
        """Find the layer by one pass forward at the path's end.

        Raises
        ------
        UsageError
            For a network that calls no linear layer.
        """
        called: list[torch.nn.Module] = []
        with torch.no_grad():
            network_logits(model, torch.stack([path.end, path.end]), [(path, 2)])  # how it batches is known after this
            handles = [
                layer.register_forward_pre_hook(lambda module, _: called.append(module))
                for layer in model.network.modules()
                if isinstance(layer, torch.nn.Linear)
            ]
            try:
                network_logits(model, path.end[None], [(path, 1)])
            finally:
                for handle in handles:
                    handle.remove()
        if not called:
            raise no_linear_layer()
        return cls(model, called[-1], called.count(called[-1]))

    def at(self, points: torch.Tensor, path: Path) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits (N, K) and representations (N, D) of packed points (N, ...), from one pass forward."""
        taken: list[torch.Tensor] = []
        handle = self.layer.register_forward_pre_hook(lambda _, inputs: taken.append(inputs[0]))
        try:
            logits = network_logits(self.model, points, [(path, len(points))])
        finally:
            handle.remove()
        # of networks that are given one sample at a time, the parts of a batch come one after another
        return logits, torch.cat(taken[self.calls - 1 :: self.calls]).reshape(len(points), -1)


def no_linear_layer() -> UsageError:
    """For a network that has no last representation of this kind."""
    return UsageError(
        "ig2 compares photos by what the last linear layer of the network takes, and this network has no such layer: "
        "choose another method, such as integrated."
    )
