"""Models whose best and worst map are known, maps for them, and slow plain versions of what is measured."""

from __future__ import annotations

import torch
from torch import nn

from igcli.attribution.scores import Score
from igcli.evaluation.scoring import Subject
from igcli.images.options import View
from igcli.models.batching import TOGETHER
from igcli.models.classifier import Classifier
from igcli.models.labels import Labels

SIDE = 8
LOGIT, SOFTMAX = Score("logit", 0), Score("softmax", 0)


class Linear(nn.Module):
    """Logit 0 is Σ w x: a pixel's contribution is known whatever the other pixels are. Logit 1 is 0.

    Most weights are positive, so that photos have a higher score than black, but not one that saturates.
    """

    def __init__(self, *, seed: int = 0, side: int = SIDE, channels: int = 3) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(1000 + seed)  # not the photo's numbers again
        noise = torch.randn(channels, side, side, generator=generator, dtype=torch.float64)
        self.weight = nn.Parameter(0.1 * noise + 0.02)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        first = (x * self.weight).sum(dim=(1, 2, 3))
        return torch.stack([first, torch.zeros_like(first)], dim=1)


class Patch(nn.Module):
    """Logit 0 rises with the brightness of one patch; nothing else matters."""

    def __init__(self, mask: torch.Tensor, *, steepness: float = 8.0) -> None:
        super().__init__()
        self.mask = nn.Parameter(mask.double())
        self.steepness = steepness

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        bright = (x * self.mask).sum(dim=(1, 2, 3)) / (x.shape[1] * self.mask.sum())
        return torch.stack([self.steepness * (bright - 0.25), torch.zeros_like(bright)], dim=1)


def patch_mask(side: int = SIDE) -> torch.Tensor:
    mask = torch.zeros(side, side, dtype=torch.bool)
    mask[1:4, 2:6] = True
    return mask


def plain(network: nn.Module, *, side: int = SIDE) -> Classifier:
    """A classifier without normalisation."""
    model = Classifier(network, Labels(["this", "that"]), view=View(size=side, resize=side))
    model.batching = TOGETHER  # known, so that tests can count passes: it is not tried at its first use
    return model


def photo(*, seed: int = 0, side: int = SIDE, channels: int = 3) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(channels, side, side, generator=generator, dtype=torch.float64)


def noise_map(*, seed: int = 0, side: int = SIDE, channels: int = 3) -> torch.Tensor:
    return torch.randn(channels, side, side, generator=torch.Generator().manual_seed(2000 + seed), dtype=torch.float64)


def subject(pixels: torch.Tensor, maps: dict[str, torch.Tensor], score: Score = LOGIT) -> Subject:
    return Subject(pixels, score, maps)


def count_passes(model: Classifier) -> list[int]:
    """Notes the size of every batch that goes through the network."""
    counted: list[int] = []
    model.network.register_forward_pre_hook(lambda _, inputs: counted.append(len(inputs[0])))
    return counted


def slow_score(model: Classifier, pixels: torch.Tensor, score: Score) -> float:
    with torch.no_grad():
        return float(score.of(model(pixels[None]).double())[0])


def slow_order(values: torch.Tensor) -> list[tuple[int, int]]:
    """The positions of the pixels, most positive channel sum first, ties by row and column."""
    total = values.sum(dim=0)
    places = [(row, column) for row in range(total.shape[0]) for column in range(total.shape[1])]
    return sorted(places, key=lambda place: (-float(total[place]), place))


def slow_scores(model, pixels, values, fill, counts, score, *, least_first=False) -> list[float]:
    """One picture after another: a copy, a loop over pixels, a forward pass."""
    order = slow_order(values)[::-1] if least_first else slow_order(values)
    scores = []
    for count in counts:
        changed = pixels.clone()
        for row, column in order[:count]:
            changed[:, row, column] = fill[:, row, column]
        scores.append(slow_score(model, changed, score))
    return scores
