"""Signed numbers on white: the sign in the text and in the hue, the size in the strength."""

from __future__ import annotations

import pytest

from igcli.rendering.signed import LOWERS, RAISES, decimals_for, signed_colour, signed_text


def test_nothing_is_white_and_the_largest_has_full_colour():
    assert signed_colour(0.0, 1.0) == (1, 1, 1)
    assert signed_colour(2.0, 2.0) == pytest.approx(RAISES)
    assert signed_colour(-9.0, 2.0) == pytest.approx(LOWERS)
    assert signed_colour(1.0, 0.0) == (1, 1, 1)


@pytest.mark.parametrize(
    ("value", "largest", "text"),
    [
        (0.123, 0.48, "+.12"),
        (-0.5, 0.5, "-.50"),
        (1.26, 3.0, "+1.3"),
        (-12.4, 30.0, "-12"),
        (0.00123, 0.0048, "+.0012"),
    ],
)
def test_the_largest_number_has_two_digits(value, largest, text):
    assert signed_text(value, decimals_for(largest)) == text


@pytest.mark.parametrize("largest", [0.0, float("nan"), float("inf")])
def test_numbers_without_a_size_have_two_decimals(largest):
    assert decimals_for(largest) == 2
