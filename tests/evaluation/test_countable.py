import numpy as np
import torch
from evaluation.known import SIDE, SOFTMAX, Patch, count_passes, patch_mask, photo, plain

from igcli.attribution.budget import Budget
from igcli.evaluation.countable import Located, left_out
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.conditions import Conditions
from igcli.images.picture import Picture

MASK = patch_mask().numpy()
LARGE, BESIDE = np.zeros((SIDE, SIDE), bool), np.zeros((SIDE, SIDE), bool)
LARGE[:6], BESIDE[6:] = True, True


def located(mask=MASK):
    return Located(Picture(0.5 + 0.5 * photo()), Area(mask), SOFTMAX)


def test_photos_whose_object_is_too_large_or_does_not_matter_are_left_out():
    found = left_out(plain(Patch(patch_mask())), [located(), located(LARGE), located(BESIDE)], Conditions())
    assert found[0] is None
    assert "75%" in found[1].sentence
    assert "did not need it" in found[2].sentence


def test_both_conditions_can_be_switched_off_and_then_nothing_is_run():
    model = plain(Patch(patch_mask()))
    counted = count_passes(model)
    assert left_out(model, [located(LARGE), located(BESIDE)], Conditions(largest=None, matters=False)) == [None, None]
    assert left_out(model, [], Conditions()) == []
    assert counted == []


def test_two_passes_a_photo_that_is_not_too_large_whatever_the_chunk_size():
    model = plain(Patch(patch_mask()))
    counted, heard = count_passes(model), []
    photos = [located(), located(LARGE), located()]
    found = left_out(model, photos, Conditions(), budget=Budget(3), on_passes=heard.append)
    assert [each is None for each in found] == [True, False, True]
    assert sum(counted) == sum(heard) == 4
    assert max(counted) <= 3


def test_a_network_that_ends_in_softmax_is_recognised():
    network = torch.nn.Sequential(Patch(patch_mask()), torch.nn.Softmax(dim=1))
    assert left_out(plain(network), [located(), located(BESIDE)], Conditions())[0] is None


def test_logits_that_are_not_finite_leave_a_photo_out():
    class Spoilt(torch.nn.Module):
        def forward(self, x):
            return torch.full((len(x), 2), torch.nan, dtype=x.dtype)

    (found,) = left_out(plain(Spoilt()), [located()], Conditions())
    assert "finite" in found.reason
