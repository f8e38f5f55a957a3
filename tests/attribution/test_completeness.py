"""When a completeness gap is small: in units of the rise, of the range, and in itself."""

import pytest

from igcli.attribution.completeness import Completeness
from igcli.attribution.result import Settings


def test_a_probability_that_hardly_rises_may_be_off_by_a_tenth_of_the_tolerance():
    floor = Settings().floor
    assert floor == pytest.approx(0.001)
    found = Completeness.of(0.0029, 0.002, tolerance=0.01, floor=floor)
    assert found.within_tolerance is True
    assert found.relative_gap == pytest.approx(0.45)
    assert found.words == ", but only 0.0009 of the score"
    assert Completeness.of(0.0031, 0.002, tolerance=0.01, floor=floor).within_tolerance is False


def test_a_gap_within_the_tolerance_needs_no_further_words():
    assert Completeness.of(0.998, 1.0, tolerance=0.01, floor=0.001).words == ""


def test_scores_without_a_unit_of_their_own_have_no_floor():
    assert Settings(score="logit").floor == Settings(score="margin").floor == 0
    assert Completeness.of(0.0029, 0.002, tolerance=0.01).within_tolerance is False
    assert Settings(score="sigmoid", tolerance=1e-3).floor == pytest.approx(1e-4)


def test_a_method_that_promises_nothing_has_nothing_to_keep():
    assert Completeness.of(0.002, 0.002, tolerance=None, floor=0.001).within_tolerance is None
