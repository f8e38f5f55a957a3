import math

import numpy as np
import pytest
import torch
from evaluation.known import SIDE, noise_map, patch_mask

from igcli.errors import UsageError
from igcli.evaluation.metrics.pointing_game import PointingGame

MASK = patch_mask().numpy()  # rows 1 to 3, columns 2 to 5


def at(row, column, value=1.0):
    values = 0.01 * noise_map().abs()
    values[:, row, column] = value
    return values


@pytest.mark.parametrize(("place", "hit"), [((1, 2), 1), ((3, 5), 1), ((0, 2), 0), ((7, 7), 0)])
def test_a_hit_lies_on_the_object(place, hit):
    assert PointingGame(tolerance=0).measure(at(*place), MASK).value == hit


@pytest.mark.parametrize(("tolerance", "hit"), [(2, 0), (3, 1)])
def test_a_hit_may_lie_so_many_pixels_away(tolerance, hit):
    assert PointingGame(tolerance=tolerance).measure(at(6, 4), MASK).value == hit


def test_the_distance_is_that_of_a_plain_loop():
    for row in range(SIDE):
        for column in range(SIDE):
            near = min(math.dist((row, column), (r, c)) for r in range(1, 4) for c in range(2, 6))
            assert PointingGame(tolerance=2).measure(at(row, column), MASK).value == (near <= 2)


def test_what_speaks_against_the_class_points_only_where_its_sign_does_not_count():
    values = at(2, 3, value=-1.0)
    assert PointingGame(tolerance=0, ranked="magnitude").measure(values, MASK).value == 1
    values[:, 7, 7] = 0.5
    assert PointingGame(tolerance=0).measure(values, MASK).value == 0


def test_what_cannot_be_measured_has_a_reason():
    assert "zero" in PointingGame().measure(torch.zeros(3, SIDE, SIDE), MASK).reason
    assert "mask is empty" in PointingGame().measure(noise_map(), np.zeros((SIDE, SIDE), bool)).reason


@pytest.mark.parametrize("options", [{"tolerance": -1}, {"ranked": "value"}, {"ranked": "size"}])
def test_parameters_that_cannot_be_are_refused(options):
    with pytest.raises(UsageError):
        PointingGame(**options)
