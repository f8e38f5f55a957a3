import math

import numpy as np
import pytest
import torch
from evaluation.known import SIDE, SOFTMAX, Patch, count_passes, patch_mask, photo, plain
from toys import random_picture

from igcli.attribution.budget import Budget
from igcli.errors import UsageError
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.conditions import Conditions, Located, excluded
from igcli.images.picture import Picture


def area(rows):
    """The first so many of twelve rows."""
    mask = np.zeros((12, 12), bool)
    mask[:rows] = True
    return Area(mask)


@pytest.mark.parametrize(("rows", "counts"), [(1, True), (7, True), (8, False), (12, False)])
def test_an_object_must_cover_less_than_two_thirds(rows, counts):
    exclusion = Conditions().of_area(random_picture(), area(rows))
    assert (exclusion is None) == counts
    assert counts or exclusion.reason == "object covers too much"


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
    exclusion = Conditions().of_scores(random_picture(), at_photo=at_photo, blacked_out=black)
    assert (exclusion and exclusion.reason) == reason


@pytest.mark.parametrize("largest", [0, -1, 1.1, math.nan])
def test_a_share_that_cannot_be_is_refused(largest):
    with pytest.raises(UsageError, match="largest share"):
        Conditions(largest=largest)


MASK = patch_mask().numpy()
LARGE, BESIDE = np.zeros((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
LARGE[:6], BESIDE[6:] = True, True


def located(mask=MASK):
    return Located(Picture(0.5 + 0.5 * photo()), Area(mask), SOFTMAX)


def test_photos_whose_object_is_too_large_or_does_not_matter_are_left_out():
    found = excluded(plain(Patch(patch_mask())), [located(), located(LARGE), located(BESIDE)], Conditions())
    assert found[0] is None
    assert "75 %" in found[1].sentence
    assert "did not need it" in found[2].sentence


def test_both_conditions_can_be_switched_off_and_then_nothing_is_run():
    model = plain(Patch(patch_mask()))
    counted = count_passes(model)
    assert excluded(model, [located(LARGE), located(BESIDE)], Conditions(largest=None, matters=False)) == [None, None]
    assert excluded(model, [], Conditions()) == []
    assert counted == []


def test_two_passes_a_photo_that_is_not_too_large_whatever_the_chunk_size():
    model = plain(Patch(patch_mask()))
    counted, heard = count_passes(model), []
    photos = [located(), located(LARGE), located()]
    found = excluded(model, photos, Conditions(), budget=Budget(3), on_passes=heard.append)
    assert [each is None for each in found] == [True, False, True]
    assert sum(counted) == sum(heard) == 4
    assert max(counted) <= 3


def test_a_network_that_ends_in_softmax_is_recognised():
    network = torch.nn.Sequential(Patch(patch_mask()), torch.nn.Softmax(dim=1))
    assert excluded(plain(network), [located(), located(BESIDE)], Conditions())[0] is None


def test_logits_that_are_not_finite_leave_a_photo_out():
    class Spoilt(torch.nn.Module):
        def forward(self, x):
            return torch.full((len(x), 2), torch.nan, dtype=x.dtype)

    (found,) = excluded(plain(Spoilt()), [located()], Conditions())
    assert "finite" in found.reason
