"""What is compared: igcli, Captum and PAIR's ``saliency``, all asked the same question on the same network.

The question: the softmax score of one class, against black, for the pixels that the network sees. Every rival hands its
map back on the CPU. The network is at rest (:meth:`igcli.Classifier.frozen`) and its convolutions are stored
channels-last for all, unless a rival says otherwise.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import captum.attr
import numpy as np
import saliency.core as pair
import torch

import igcli
from igcli.attribution.quadrature import RULES, Nodes

OURS = "igcli, midpoint"
ADAPTIVE = "igcli, adaptive"
CAPTUM = "captum as it comes"
CAPTUM_PLAIN = "captum as it comes, plain layout"
CAPTUM_BATCHED = "captum, its best batch"
CAPTUM_MIDPOINT = "captum, midpoint, its best batch"
PAIR_BATCHED = "saliency, its best batch"

_CPU_BATCHES = (2, 4, 8, 16, 32)
_GPU_BATCHES = (16, 32, 64, 128, 256)
_GRADIENTS = pair.INPUT_OUTPUT_GRADIENTS


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
        What to try; none where it is taken as it comes.
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
    plain = copy.deepcopy(model)
    plain.network.to(memory_format=torch.contiguous_format)
    gauss, midpoint = partial(_captum, method="gausslegendre"), partial(_captum, method="riemann_middle")
    every = (
        Rival(OURS, "midpoint", lambda subject, steps, _: ours(model, subject, steps).values),
        Rival(CAPTUM, "gauss-legendre", gauss(model)),
        Rival(CAPTUM_PLAIN, "gauss-legendre", gauss(plain)),
        Rival(CAPTUM_BATCHED, "gauss-legendre", gauss(model), batches),
        Rival(CAPTUM_MIDPOINT, "midpoint", midpoint(model), batches),
        Rival(PAIR_BATCHED, "ends-alike", _pair(model), batches),
    )
    return {rival.name: rival for rival in every}


def ours(
    model: igcli.Classifier, subject: Subject, steps: int | str, *, rule: str = "midpoint", **settings: object
) -> igcli.Attribution:
    """What a user of igcli calls."""
    return igcli.attribute(model, subject.picture, target=subject.target, steps=steps, rule=rule, **settings)


def _captum(model: igcli.Classifier, *, method: str) -> Callable[[Subject, int, int | None], torch.Tensor]:
    explainer = captum.attr.IntegratedGradients(lambda pixels: model(pixels).softmax(1))

    def explain(subject: Subject, steps: int, batch: int | None) -> torch.Tensor:
        pixels = subject.picture.pixels[None].to(model.device)
        values = explainer.attribute(
            pixels, target=subject.target, n_steps=steps, method=method, internal_batch_size=batch
        )
        return values[0].detach().cpu()

    return explain


def _pair(model: igcli.Classifier) -> Callable[[Subject, int, int | None], torch.Tensor]:
    explainer = pair.IntegratedGradients()

    def explain(subject: Subject, steps: int, batch: int | None) -> torch.Tensor:
        def call(points: np.ndarray, call_model_args: object, expected_keys: object) -> dict[str, np.ndarray]:
            # Pictures in its own order (N, H, W, C) are channels-last to the network without a copy.
            pixels = torch.from_numpy(points).to(model.device, torch.float32).requires_grad_()
            scores = model(pixels.permute(0, 3, 1, 2)).softmax(1)[:, subject.target]
            (gradients,) = torch.autograd.grad(scores.sum(), pixels)
            return {_GRADIENTS: gradients.cpu().numpy()}

        photo = subject.picture.pixels.permute(1, 2, 0).contiguous().numpy()
        values = explainer.GetMask(photo, call, x_steps=steps, batch_size=batch or 1)
        return torch.from_numpy(values).permute(2, 0, 1)

    return explain
