import math

import numpy as np
import pytest
import torch
from evaluation.known import noise_map

from igcli.errors import UsageError
from igcli.evaluation.metrics.focus import Focus, quadrant_mask

DIAGONAL = quadrant_mask((True, False, False, True), size=(8, 8))


def test_quadrants_are_read_row_by_row():
    assert quadrant_mask((True, False, False, False), size=(4, 4)).tolist() == [
        [True, True, False, False],
        [True, True, False, False],
        [False] * 4,
        [False] * 4,
    ]
    assert quadrant_mask((False, True, True, False), size=(2, 2)).tolist() == [[False, True], [True, False]]
    assert quadrant_mask((True, False, True, False), size=(3, 5)).sum() == 6


@pytest.mark.parametrize("own", [(True, False), (True,) * 4, (False,) * 4, (True,) * 5])
def test_a_mosaic_has_four_quadrants_of_two_kinds(own):
    with pytest.raises(UsageError, match="four quadrants"):
        quadrant_mask(own, size=(8, 8))


def test_all_on_the_targets_quadrants_is_one_and_nothing_is_zero():
    positive = noise_map().abs()
    assert Focus().measure(positive * torch.from_numpy(DIAGONAL), DIAGONAL).value == pytest.approx(1)
    assert Focus().measure(positive * ~torch.from_numpy(DIAGONAL), DIAGONAL).value == 0


def test_of_random_maps_it_is_a_half():
    found = Focus().measure(noise_map(side=224), quadrant_mask((True, False, True, False), size=(224, 224)))
    assert found.value == pytest.approx(0.5, abs=0.01)


def test_negative_values_do_not_count_and_channels_are_summed_first():
    values = np.zeros((2, 2, 2))
    values[0] = [[3.0, 2.0], [-9.0, 1.0]]
    values[1] = [[-1.0, -5.0], [1.0, 1.0]]  # sums: 2, −3, −8, 2
    own = quadrant_mask((True, True, False, False), size=(2, 2))
    assert Focus().measure(values, own).value == pytest.approx(2 / 4)


def test_one_quadrant_has_its_share_of_a_map_that_is_the_same_everywhere():
    assert Focus().measure(np.ones((8, 8)), quadrant_mask((True, False, False, False), size=(8, 8))).value == 0.25


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (-np.ones((8, 8)), "no positive values"),
        (np.zeros((8, 8)), "zero everywhere"),
        (np.full((8, 8), np.inf), "not finite"),
        (np.ones((4, 4)), "4x4"),
    ],
)
def test_what_cannot_be_measured_has_a_reason(values, words):
    found = Focus().measure(values, DIAGONAL)
    assert math.isnan(found.value)
    assert words in found.reason
