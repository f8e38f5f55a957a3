import math

import numpy as np
import pytest
import torch
from toys import random_picture

from igcli.errors import UsageError
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.conditions import Conditions, blacked_out


def area(rows):
    """The first so many of twelve rows."""
    mask = np.zeros((12, 12), bool)
    mask[:rows] = True
    return Area(mask)


@pytest.mark.parametrize(("rows", "counts"), [(1, True), (7, True), (8, False), (12, False)])
def test_an_object_must_cover_less_than_two_thirds(rows, counts):
    omission = Conditions().of_area(random_picture(), area(rows))
    assert (omission is None) == counts
    assert counts or omission.reason == "object covers too much"


def test_both_conditions_can_be_switched_off():
    off = Conditions(largest=None, matters=False)
    assert off.of_area(random_picture(), area(12)) is None
    assert off.of_scores(random_picture(), at_photo=0.1, blacked_out=0.9) is None


@pytest.mark.parametrize(
    ("at_photo", "black", "reason"),
    [
        (0.9, 0.1, None),
        (0.9, 0.9, "score does not drop without the object"),
        (0.1, 0.9, "score does not drop without the object"),
        (math.nan, 0.1, "score not finite"),
        (0.9, math.nan, "score not finite"),
        (math.inf, 0.1, "score not finite"),
    ],
)
def test_the_score_must_drop_without_the_object(at_photo, black, reason):
    omission = Conditions().of_scores(random_picture(), at_photo=at_photo, blacked_out=black)
    assert (omission and omission.reason) == reason


def test_blacking_out_changes_the_objects_pixels_alone_in_a_copy():
    picture = random_picture()
    before = picture.pixels.clone()
    black = blacked_out(picture, area(5))
    assert torch.equal(black.pixels[:, :5], torch.zeros(3, 5, 12))
    assert torch.equal(black.pixels[:, 5:], before[:, 5:])
    assert torch.equal(picture.pixels, before)
    assert "object blacked out" in black.notes


@pytest.mark.parametrize("largest", [0, -1, 1.1, math.nan])
def test_a_share_that_cannot_be_is_refused(largest):
    with pytest.raises(UsageError, match="largest share"):
        Conditions(largest=largest)
