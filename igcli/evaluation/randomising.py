"""A copy of a classifier with random weights (Adebayo et al. 2018, arXiv 1810.03292)."""

from __future__ import annotations

from copy import copy, deepcopy
from dataclasses import replace

from igcli.lazy import torch
from igcli.models.classifier import Classifier


def randomised(model: Classifier, *, seed: int = 0, top: int = 0) -> Classifier:
    """The same classifier over a copy of its network with random weights; the original is not touched.

    Every parameter is drawn from a normal distribution with its own mean and spread; what training measured rather
    than learned (a batch norm's statistics) is kept. In deep networks the signal grows weak, and maps small: compare
    their ranks, not their sizes.

    Parameters
    ----------
    seed
        The global generator is left alone.
    top
        How many layers, from the output down; 0 for all of them. In the order in which they were built, which is
        from input to output in the usual networks.
    """
    other = copy(model)
    other.network = deepcopy(model.network)
    other.provenance = replace(model.provenance, name=f"{model.provenance.name}, random weights (seed {seed})")
    layers = [list(module.parameters(recurse=False)) for module in other.network.modules()]
    layers = [own for own in layers if own]
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        # From the output down: the last layers get the same weights however many follow.
        for parameters in reversed(layers[-top:] if top else layers):
            for parameter in parameters:
                _draw(parameter, generator)
    return other


def _draw(parameter: torch.nn.Parameter, generator: torch.Generator) -> None:
    if not parameter.is_floating_point():
        return
    noise = torch.randn(parameter.shape, generator=generator).to(parameter)
    spread = parameter.std() if parameter.numel() > 1 else parameter.abs()
    parameter.copy_(parameter.mean() + spread * noise)
