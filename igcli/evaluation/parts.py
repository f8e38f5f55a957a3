"""A photo without its background, and without its object: what is left of the score on either part alone.

The pixels that are removed become a fill (:mod:`igcli.evaluation.fills`). No fill is a photo that the network was made
for, so that a score which falls may fall for the fill: several fills that agree say more than one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from igcli.attribution.budget import Budget
from igcli.attribution.network import recognised_logits
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.fills import REMAINING, check_fill, fill_values
from igcli.evaluation.perturbation import scored
from igcli.lazy import np, torch
from igcli.models.classifier import Classifier
from igcli.sample import Sample

Removed = Literal["background", "object"]

#: What can be removed, in the order of all tables.
REMOVED: tuple[Removed, ...] = ("background", "object")


@dataclass(frozen=True)
class PartScore:
    """What the network says of a photo of which a part was removed.

    Attributes
    ----------
    score
        That of the class which is explained; NaN for logits that are not finite.
    predicted
        The index of the class with the largest logit.
    """

    fill: str
    removed: Removed
    score: float
    predicted: int


@dataclass(frozen=True)
class PartedPhoto:
    """A photo, the pixels of its object, and what is explained of it.

    Attributes
    ----------
    pixels
        (C, H, W) in [0, 1], as the model sees it.
    mask
        (H, W) bool.
    """

    pixels: torch.Tensor
    mask: np.ndarray
    score: Score

    def without(self, removed: Removed, filled: torch.Tensor) -> torch.Tensor:
        """The photo with the background or the object replaced by ``filled`` (C, H, W)."""
        shown = torch.from_numpy(np.array(self.mask, bool))
        shown = (shown if removed == "background" else ~shown).to(self.pixels.device)
        return torch.where(shown, self.pixels, filled.to(self.pixels))


def check_part_fills(fills: Sequence[str], model: Classifier) -> None:
    """Raise ``UsageError`` for a fill that does not exist, that the model lacks, or that has no picture of its own."""
    for fill in fills:
        if fill == REMAINING:
            raise UsageError(f"{REMAINING} changes with every pixel that is removed: choose another --fill.")
        check_fill(fill, model)


def score_parts(
    model: Classifier, photos: Sequence[PartedPhoto], fills: Sequence[str], *, budget: Budget, seed: int = 0
) -> list[list[PartScore]]:
    """For each photo its scores without background and without object, by fill; forward passes, as many as fit.

    Raises
    ------
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    wanted = [(photo, fill, removed) for photo in photos for fill in fills for removed in REMOVED]
    if not wanted:
        return [[] for _ in photos]
    samples = []
    for photo in photos:
        for fill in fills:
            filled = fill_values(fill, photo.pixels, model=model, seed=seed)
            samples += [Sample(photo.without(removed, filled), summed_axis=0) for removed in REMOVED]
    _, logits = recognised_logits(model, samples, budget=budget)
    found = [
        PartScore(fill, removed, float(scored(photo.score, own[None])[0]), int(own.argmax()))
        for (photo, fill, removed), own in zip(wanted, logits, strict=True)
    ]
    each = len(fills) * len(REMOVED)
    return [found[start : start + each] for start in range(0, len(found), each)]
