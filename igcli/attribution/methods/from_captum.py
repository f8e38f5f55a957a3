"""What all methods of Captum share: the network as Captum wants it, and the way to the one result type.

The methods themselves are Captum's own code (the extra ``igcli[captum]``). They get a copy of the network, so that
the hooks and attributes that they leave behind are thrown away with it.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy
from importlib.util import find_spec
from typing import Any

from igcli.attribution.methods.method import OwnPath
from igcli.errors import IgError, UsageError, first_line
from igcli.lazy import torch
from igcli.models.devices import is_out_of_memory
from igcli.models.unfolding import unfolded


class FromCaptum(OwnPath):
    """A method that Captum computes, at the photo itself rather than along the path."""

    uses_steps = False
    from_baseline = False
    #: Gradients that Captum takes.
    gradients = 1
    #: Whether activations must be modules, so that Captum can change what they do.
    changes_activations = True

    @classmethod
    def check_available(cls) -> None:
        """Raise ``UsageError`` with how to install the extra."""
        if find_spec("captum") is None:
            raise UsageError('This method is computed by Captum, which is not installed: pip install "igcli[captum]".')

    def attributed(self, network: torch.nn.Module, pixels: torch.Tensor) -> torch.Tensor:
        """Captum's attribution.

        Parameters
        ----------
        network
            From pixels (N, C, H, W) to scores (N,).
        pixels
            (1, C, H, W).
        """
        raise NotImplementedError

    def finish(self) -> torch.Tensor:
        """Captum's map, (C, H, W)."""
        context = self.context
        network = deepcopy(context.model.network).eval()
        network = unfolded(network) if self.changes_activations else network
        network.requires_grad_(requires_grad=False)
        with warnings.catch_warnings(), torch.inference_mode(mode=False), torch.enable_grad():
            warnings.simplefilter("ignore")  # Captum announces its hooks; they end with the copy
            pixels = context.path.end[None].clone()
            found = self._attempt(lambda: self.attributed(self._scored(network), pixels.requires_grad_()))
        self.gradient_evaluations = self.gradients
        return found.detach()[0]

    def _attempt(self, work: Callable[[], torch.Tensor]) -> torch.Tensor:
        try:
            return next(self.context.budget.chunks(1, lambda *_: work()))
        except IgError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise
            first = first_line(error) or type(error).__name__
            raise UsageError(
                f"Captum cannot compute this method for this network ({first}): choose another."
            ) from error

    def _scored(self, network: torch.nn.Module) -> torch.nn.Module:
        model, score, method = self.context.model, self.context.score, self

        class Scored(torch.nn.Module):
            """Normalisation, network and score as one module."""

            def __init__(self) -> None:
                super().__init__()
                self.network = network
                self.softmax = torch.nn.Softmax(dim=1)  # a module, as DeepLIFT has a rule for it

            def forward(self, pixels: torch.Tensor) -> torch.Tensor:
                if not torch.is_grad_enabled():
                    method.forward_evaluations += len(pixels)
                outputs = model.through(self.network, pixels)
                if score.kind != "softmax":
                    return score.of(outputs)
                probabilities: torch.Tensor = self.softmax(outputs)
                return probabilities[:, score.target]

        return Scored()


def captum_attr() -> Any:
    """Captum's package of methods; imported here alone, as it is large and optional."""
    import captum.attr

    return captum.attr
