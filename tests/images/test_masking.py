import numpy as np
import pytest
import torch
from toys import random_picture

from igcli.errors import UsageError
from igcli.images.masking import ablated, box_mask, top_mask


def test_masked_pixels_are_black_and_the_original_is_as_before():
    picture = random_picture()
    before = picture.pixels.clone()
    mask = np.zeros((12, 12), bool)
    mask[2, 3] = True
    after = ablated(picture, mask, note="one pixel")
    assert (after.pixels[:, 2, 3] == 0).all()
    assert (after.pixels != before).any(dim=0).sum() == 1
    assert torch.equal(picture.pixels, before)
    assert after.notes[-1] == "one pixel"


def test_a_box_is_left_top_right_bottom_and_clipped_to_the_picture():
    mask = box_mask(random_picture(), (2, 5, 4, 6))
    assert np.argwhere(mask).tolist() == [[5, 2], [5, 3]]
    assert box_mask(random_picture(), (-5, 10, 99, 99)).sum() == 2 * 12


@pytest.mark.parametrize("box", [(5, 5, 5, 9), (8, 2, 3, 9), (20, 20, 30, 30), (-9, -9, 0, 0)])
def test_a_box_without_pixels_is_refused(box):
    with pytest.raises(UsageError, match="none of the 12x12"):
        box_mask(random_picture(), box)


def test_the_top_is_the_most_important_share_whatever_the_sign():
    values = torch.zeros(3, 10, 10)
    values[0, 1, 1], values[1, 2, 2], values[2, 3, 3] = 3.0, -5.0, 0.5
    assert np.argwhere(top_mask(values, 2)).tolist() == [[1, 1], [2, 2]]
    assert top_mask(values, 100).all()
    assert not top_mask(values, 0.4).any()
