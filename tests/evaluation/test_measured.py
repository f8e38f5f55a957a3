import math

import numpy as np
import pytest
from toys import trapezoid

from igcli.evaluation.measured import Curve, Measured


def test_the_area_is_exact_for_straight_pieces_of_unequal_width():
    assert Curve(np.array([0.0, 0.1, 1.0]), np.array([1.0, 0.0, 0.5])).area == pytest.approx(0.05 + 0.225)


def test_the_area_of_a_curve_is_that_of_numpy():
    generator = np.random.default_rng(0)
    fractions, values = np.sort(generator.random(50)), generator.random(50)
    assert Curve(fractions, values).area == pytest.approx(trapezoid(values, fractions))


def test_what_is_missing_has_a_reason_and_is_no_number():
    missing = Measured.missing("Because.")
    assert math.isnan(missing.value)
    assert missing.reason == "Because."
