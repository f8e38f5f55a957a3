import math

import numpy as np
import pytest
import torch
from evaluation.known import SIDE, noise_map, patch_mask

from igcli.errors import UsageError
from igcli.evaluation.ground_truth.conditions import Conditions
from igcli.evaluation.metrics.localisation import Localisation

MASK = patch_mask().numpy()


def test_all_on_the_object_is_one_and_nothing_is_zero():
    on = noise_map() * patch_mask()
    assert Localisation().measure(on, MASK).value == pytest.approx(1)
    assert Localisation().measure(noise_map() * ~patch_mask(), MASK).value == 0


def test_the_same_everywhere_is_the_objects_share_of_the_photo():
    assert Localisation().measure(np.full((SIDE, SIDE), -2.0), MASK).value == pytest.approx(12 / 64)


def test_it_equals_a_plain_loop_over_pixels_and_channels():
    values = noise_map()
    inside = total = 0.0
    for channel in range(3):
        for row in range(SIDE):
            for column in range(SIDE):
                size = abs(float(values[channel, row, column]))
                total += size
                inside += size if MASK[row, column] else 0
    assert Localisation().measure(values, MASK).value == pytest.approx(inside / total)


@pytest.mark.parametrize(
    ("values", "mask", "words"),
    [
        (torch.full((3, SIDE, SIDE), torch.nan), MASK, "not finite"),
        (torch.zeros(3, SIDE, SIDE), MASK, "zero"),
        (noise_map(), np.zeros((SIDE, SIDE), bool), "mask is empty"),
        (noise_map(), np.ones((5, 5), bool), "5x5"),
    ],
)
def test_what_cannot_be_measured_has_a_reason(values, mask, words):
    found = Localisation().measure(values, mask)
    assert math.isnan(found.value)
    assert words in found.reason


def test_the_conditions_are_the_papers_and_can_be_changed():
    assert Localisation().conditions == Conditions(largest=2 / 3, matters=True)
    assert Localisation(largest=0.5, matters=False).conditions == Conditions(largest=0.5, matters=False)
    assert "less than 67 %" in Localisation().protocol(size=(8, 8))
    assert "without it" not in Localisation(matters=False).protocol(size=(8, 8))


@pytest.mark.parametrize("largest", [0.0, 1.1, math.nan])
def test_a_share_that_is_none_is_refused(largest):
    with pytest.raises(UsageError):
        Localisation(largest=largest)
