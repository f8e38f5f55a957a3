"""What is compared: igcli, Captum and PAIR's ``saliency``, all asked the same question on the same weights.

The question: the softmax score of one class, against black, for the pixels that the network sees. Every one returns its
map on the CPU. Captum and saliency run in a process of their own, on torchvision's network as a user has it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from apart import Apart

import igcli
from igcli.attribution.quadrature import RULES, Nodes
from igcli.models.devices import exact_numbers

OURS = "igcli, midpoint"
ADAPTIVE = "igcli, adaptive"
CAPTUM = "captum, defaults"
CAPTUM_BATCHED = "captum, its best batch"
CAPTUM_LAST = "captum, defaults, channels-last"
CAPTUM_LAST_BATCHED = "captum, its best batch, channels-last"
CAPTUM_MIDPOINT = "captum, midpoint, its best batch"
PAIR_BATCHED = "saliency, its best batch, channels-last"

_CPU_BATCHES = (4, 8, 16, 32)
_GPU_BATCHES = (16, 32, 64, 128, 256)


@RULES("ends-alike", summary="N points with both ends, all counted alike: the sum that saliency takes")
def ends_alike(steps: int) -> Nodes:
    """The nodes and weights of PAIR's integrated gradients."""
    return Nodes(np.linspace(0, 1, steps), np.full(steps, 1 / steps))


@dataclass(frozen=True)
class Subject:
    """A photo and the class to explain."""

    file: Path
    picture: igcli.Picture
    target: int


@dataclass(frozen=True)
class Rival:
    """A way to explain a subject with a number of gradients.

    Attributes
    ----------
    rule
        Which of igcli's rules has the same nodes and weights.
    explain
        Subject, number of gradients, batch (``None`` for what it takes by itself) -> map (C, H, W) on the CPU.
    batches
        What to try; none where its default is used.
    """

    name: str
    rule: str
    explain: Callable[[Subject, int, int | None], torch.Tensor]
    batches: tuple[int, ...] = ()

    def at(self, steps: int, batch: int | None = None) -> Callable[[Subject], torch.Tensor]:
        """The same with all but the subject settled."""
        return lambda subject: self.explain(subject, steps, batch)


def rivals_on(model: igcli.Classifier) -> dict[str, Rival]:
    """All that take a number of gradients, by name."""
    batches = _CPU_BATCHES if model.device.type == "cpu" else _GPU_BATCHES
    apart = Apart(users_ways, model.provenance.name, str(model.device))

    def user(name: str, rule: str, *batches: int) -> Rival:
        def explain(subject: Subject, steps: int, batch: int | None) -> torch.Tensor:
            values: Any = apart.ask(name, subject.picture.pixels.numpy(), subject.target, steps, batch)
            return torch.from_numpy(values)

        return Rival(name, rule, explain, batches)

    every = (
        Rival(OURS, "midpoint", lambda subject, steps, _: ours(model, subject, steps).values),
        user(CAPTUM, "gauss-legendre"),
        user(CAPTUM_BATCHED, "gauss-legendre", *batches),
        user(CAPTUM_LAST, "gauss-legendre"),
        user(CAPTUM_LAST_BATCHED, "gauss-legendre", *batches),
        user(CAPTUM_MIDPOINT, "midpoint", *batches),
        user(PAIR_BATCHED, "ends-alike", *batches),
    )
    return {rival.name: rival for rival in every}


def ours(
    model: igcli.Classifier, subject: Subject, steps: int | str, *, rule: str | None = None, **settings: object
) -> igcli.Attribution:
    """What a user of igcli calls."""
    return igcli.attribute(model, subject.picture, target=subject.target, steps=steps, rule=rule, **settings)


def users_ways(model: str, device: str) -> Callable[..., torch.Tensor]:
    """What answers for the rivals of others, by name: called in their process, where alone these libraries load."""
    import users
    from zoo import as_users_have_it

    exact_numbers().__enter__()  # for good
    if model == "caltech101":
        plain, last = (users.network(device, channels_last=channels_last) for channels_last in (False, True))
    else:
        plain, last = as_users_have_it(model).to(device), as_users_have_it(model).to(device)
        last = last.to(memory_format=torch.channels_last)
    gauss, midpoint = (partial(users.with_captum, method=method) for method in ("gausslegendre", "riemann_middle"))
    ways: dict[str, tuple[users.Way, torch.nn.Module]] = {
        CAPTUM: (gauss, plain),
        CAPTUM_BATCHED: (gauss, plain),
        CAPTUM_LAST: (gauss, last),
        CAPTUM_LAST_BATCHED: (gauss, last),
        CAPTUM_MIDPOINT: (midpoint, plain),
        PAIR_BATCHED: (users.with_saliency, last),
    }

    def explain(name: str, pixels: np.ndarray, target: int, steps: int, batch: int | None) -> torch.Tensor:
        way, network = ways[name]
        return way(network, torch.from_numpy(pixels).to(device), target, steps, batch)

    return explain
