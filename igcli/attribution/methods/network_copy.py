"""A method computed at the input itself on a copy of the network, so that hooks and changes end with the copy."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from copy import deepcopy

from igcli.attribution.methods.method import OwnPath
from igcli.attribution.path import network_inputs
from igcli.errors import IgError, UsageError, first_line
from igcli.lazy import torch
from igcli.models.devices import is_out_of_memory
from igcli.models.freezing import in_evaluation_mode
from igcli.models.module_activations import with_module_activations


class OnNetworkCopy(OwnPath):
    """A method that needs the network itself, not only its gradients along the path."""

    uses_steps = False
    from_baseline = False
    #: Gradients that it takes.
    gradients = 1
    #: Whether activations must be modules, so that what they do can be changed.
    changes_activations = True
    #: Whose code it is, for error messages.
    computed_by = "ig"

    def attributed(self, network: torch.nn.Module, values: torch.Tensor) -> torch.Tensor:
        """The attribution.

        Parameters
        ----------
        network
            From values (N, ...) to scores (N,); the copied network is its ``network``. Values of several tensors are
            packed, and unpacked there.
        values
            (1, ...), of the path's shape; so is the result.
        """
        raise NotImplementedError

    def finish(self) -> torch.Tensor:
        """The map, of the path's shape."""
        context = self.context
        with context.model.frozen():  # copies of TorchScript's parameters are leaves only if they need no gradient
            network = deepcopy(context.model.network)
        network = with_module_activations(network) if self.changes_activations else network
        network = in_evaluation_mode(network)
        with warnings.catch_warnings(), torch.inference_mode(mode=False), torch.enable_grad():
            warnings.simplefilter("ignore")  # Captum announces its hooks; they end with the copy
            values = context.path.end[None].clone()
            found = self._attempt(lambda: self.attributed(self._scored(network), values.requires_grad_()))
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
                f"{self.computed_by} cannot compute this method for this network ({first}): choose another."
            ) from error

    def _scored(self, network: torch.nn.Module) -> torch.nn.Module:
        context, method = self.context, self
        model, score = context.model, context.score

        class Scored(torch.nn.Module):
            """Normalisation, network and score as one module."""

            def __init__(self) -> None:
                super().__init__()
                self.network = network
                self.softmax = torch.nn.Softmax(dim=1)  # a module, as DeepLIFT has a rule for it

            def forward(self, values: torch.Tensor) -> torch.Tensor:
                if not torch.is_grad_enabled():
                    method.forward_evaluations += len(values)
                inputs = network_inputs(values, [(context.path, len(values))])
                outputs = model.through(self.network, *inputs)
                if score.kind != "softmax":
                    return score.of(outputs)
                probabilities: torch.Tensor = self.softmax(outputs)
                return probabilities[:, score.target]

        return Scored()
