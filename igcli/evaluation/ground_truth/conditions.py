"""When a photo counts for localisation: its object can be missed, and it matters (arXiv 1611.02639).

Where the object fills the picture, any map lies on it. Where blacking it out does not lower the score, the network did
not use it; that takes two forward passes per photo, many photos at once.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.perturbation import score_pictures
from igcli.images.masking import ablated
from igcli.images.picture import Picture
from igcli.models.classifier import Classifier

TWO_THIRDS = 2 / 3


@dataclass(frozen=True)
class Conditions:
    """Which photos count; by default both of the paper's conditions.

    Attributes
    ----------
    largest
        The object covers less than this share, in (0, 1], of the pixels that the model sees; ``None`` for no limit.
    matters
        Blacking the object out lowers the score.

    Raises
    ------
    UsageError
        For a share outside (0, 1].
    """

    largest: float | None = TWO_THIRDS
    matters: bool = True

    def __post_init__(self) -> None:
        if self.largest is not None and not 0 < self.largest <= 1:
            raise UsageError(f"The largest share of an object is {self.largest}; give one above 0 and up to 1.")

    def of_area(self, picture: Picture, area: Area) -> Exclusion | None:
        """Why the picture does not count, as far as its object's area says so; ``None`` when it does."""
        if self.largest is None or area.covered < self.largest:
            return None
        sentence = (
            f"{picture.name}: its object covers {100 * area.covered:.0f} % of what the model sees, "
            f"not less than {100 * self.largest:.0f} %, so that hardly a map could miss it."
        )
        return Exclusion(picture.name, "object covers too much", sentence)

    def of_scores(self, picture: Picture, *, at_photo: float, blacked_out: float) -> Exclusion | None:
        """Why the picture does not count, as far as its scores say so; ``None`` when it does.

        Parameters
        ----------
        at_photo, blacked_out
            The score of the class that is explained, of the photo as it is and with its object black.
        """
        if not self.matters:
            return None
        if not (math.isfinite(at_photo) and math.isfinite(blacked_out)):
            sentence = f"{picture.name}: the score is not a finite number; check the model."
            return Exclusion(picture.name, "score not finite", sentence)
        if blacked_out < at_photo:
            return None
        sentence = (
            f"{picture.name}: with its object black the score goes from {at_photo:.4g} to {blacked_out:.4g}, "
            "so that the model did not need it."
        )
        return Exclusion(picture.name, "score does not drop without the object", sentence)


@dataclass(frozen=True)
class Located:
    """A picture whose object is known, and the score that the object should matter to."""

    picture: Picture
    area: Area
    score: Score


def excluded(
    model: Classifier,
    photos: Sequence[Located],
    conditions: Conditions,
    *,
    budget: Budget | None = None,
    on_passes: Callable[[int], None] | None = None,
) -> list[Exclusion | None]:
    """Why each photo does not count, or ``None`` where it does.

    Only photos that meet the first condition go through the network, as they are and with their object black.

    Raises
    ------
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    found = [conditions.of_area(photo.picture, photo.area) for photo in photos]
    asked = [i for i, exclusion in enumerate(found) if exclusion is None] if conditions.matters else []
    pictures, scores = [], []
    for i in asked:
        photo = photos[i]
        blacked_out = ablated(photo.picture, photo.area.mask, note="object blacked out")
        pictures += [photo.picture.pixels, blacked_out.pixels]
        scores += [photo.score] * 2
    _, noted = score_pictures(model, pictures, scores, budget=budget or Budget.of(model))
    if on_passes is not None and pictures:
        on_passes(len(pictures))
    for i, before, after in zip(asked, noted[::2].tolist(), noted[1::2].tolist(), strict=True):
        found[i] = conditions.of_scores(photos[i].picture, at_photo=before, blacked_out=after)
    return found
