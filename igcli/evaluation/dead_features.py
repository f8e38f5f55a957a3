"""What receives no gradient: a network's parameters that no output depends on, and features of its inputs.

An anomaly of a network shows in this way without any map (arXiv 1611.02639, §3.1: the pair features of a molecule
network's last module, which nothing used). "On the given inputs": a ReLU that none of them switches on is dead too.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igcli.attribution.network import network_logits
from igcli.attribution.path import Path
from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.models.model import Model
from igcli.sample import Sample


@dataclass(frozen=True)
class DeadFeatures:
    """What no output of the network depends on, at the given inputs.

    Attributes
    ----------
    inputs
        How many samples were tried.
    parameters
        Names of parameters whose every value has a gradient of 0, or none.
    parameter_count
        Parameters in all.
    features
        Of each tensor of a sample the positions along its summed axis, such as a picture's channels, whose gradient is
        0 everywhere; positions in the flat tensor where no axis is summed over.
    feature_counts
        Such positions in all.
    """

    inputs: int
    parameters: tuple[str, ...]
    parameter_count: int
    features: tuple[tuple[int, ...], ...]
    feature_counts: tuple[int, ...]


def dead_features(model: Model, samples: Sequence[Sample]) -> DeadFeatures:
    """Take the gradient of all outputs at each sample, weighted at random so that none cancel.

    The network is run in evaluation mode, one sample at a time, and is as before afterwards. Samples of different
    shapes count together where the axis has the same length.

    Raises
    ------
    ValueError
        Without any sample.
    UsageError
        For a network whose output cannot be differentiated.
    """
    if not samples:
        raise ValueError("there is nothing to try")
    named = [(name, parameter) for name, parameter in model.network.named_parameters() if parameter.is_floating_point()]
    alive = dict.fromkeys((name for name, _ in named), False)
    reached: list[torch.Tensor] = []
    with torch.inference_mode(mode=False), model.frozen(), torch.enable_grad():
        for _, parameter in named:
            parameter.requires_grad_()  # frozen() takes it back
        for sample in samples:
            path = Path.of(sample).to(model.device, model.dtype)
            point = path.end[None].clone().requires_grad_()
            logits = network_logits(model, point, [(path, 1)])
            total = (logits * torch.rand(logits.shape, generator=_seeded()).to(logits)).sum()
            if not total.requires_grad:
                raise UsageError.without_gradient()
            gradients = torch.autograd.grad(total, [point, *(each for _, each in named)], allow_unused=True)
            for (name, _), gradient in zip(named, gradients[1:], strict=True):
                alive[name] |= gradient is not None and bool(gradient.any())
            own = torch.zeros_like(point) if gradients[0] is None else gradients[0]
            reached = _together(reached, _by_feature(own.detach() != 0, sample))
    return DeadFeatures(
        len(samples),
        tuple(name for name, seen in alive.items() if not seen),
        len(named),
        tuple(tuple((~part).nonzero().flatten().tolist()) for part in reached),
        tuple(len(part) for part in reached),
    )


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def _by_feature(reached: torch.Tensor, sample: Sample) -> list[torch.Tensor]:
    """Whether anything was reached, for each position along each tensor's summed axis."""
    layout = sample.layout
    return [
        part.flatten() if axis is None else part[0].movedim(axis, 0).flatten(1).any(dim=1)
        for part, axis in zip(layout.unpack(reached), layout.axes, strict=True)
    ]


def _together(before: list[torch.Tensor], now: list[torch.Tensor]) -> list[torch.Tensor]:
    if not before or [len(part) for part in before] != [len(part) for part in now]:
        return before or now  # values without an axis, of another number: only the first sample's are listed
    return [one | other for one, other in zip(before, now, strict=True)]
