"""The two conditions on photos with an object, asked of the network: two forward passes a photo, many at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from igcli.attribution.budget import Budget
from igcli.attribution.scores import Score
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.conditions import Conditions, blacked_out
from igcli.evaluation.left_out import Omission
from igcli.evaluation.perturbation import look_and_score
from igcli.images.picture import Picture
from igcli.models.classifier import Classifier


@dataclass(frozen=True)
class Located:
    """A picture whose object is known, and the score that the object should matter to."""

    picture: Picture
    area: Area
    score: Score


def left_out(
    model: Classifier,
    photos: Sequence[Located],
    conditions: Conditions,
    *,
    budget: Budget | None = None,
    on_passes: Callable[[int], None] | None = None,
) -> list[Omission | None]:
    """Why each photo does not count, or ``None`` where it does.

    Only photos that meet the first condition go through the network, as they are and with their object black.

    Raises
    ------
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    found = [conditions.of_area(photo.picture, photo.area) for photo in photos]
    asked = [i for i, omission in enumerate(found) if omission is None] if conditions.matters else []
    pictures, scores = [], []
    for i in asked:
        photo = photos[i]
        pictures += [photo.picture.pixels, blacked_out(photo.picture, photo.area).pixels]
        scores += [photo.score] * 2
    _, noted = look_and_score(model, pictures, scores, budget=budget or Budget.of(model))
    if on_passes is not None and pictures:
        on_passes(len(pictures))
    for i, before, after in zip(asked, noted[::2].tolist(), noted[1::2].tolist(), strict=True):
        found[i] = conditions.of_scores(photos[i].picture, at_photo=before, blacked_out=after)
    return found
