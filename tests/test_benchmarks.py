"""The arithmetic of the benchmarks: percentiles, ratios, the search for the smallest count, the table's text."""

from __future__ import annotations

import pytest
import torch
from benchmarks.errors import distance, first_that_holds
from benchmarks.spread import Spread, allowed_over, ninetieth
from benchmarks.table import Section
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.floats(0, 1), min_size=1, max_size=40), st.floats(0, 1))
def test_the_ninetieth_percentile_is_within_a_limit_if_no_more_than_are_allowed_are_over_it(values, limit):
    assert (ninetieth(values) <= limit) == (sum(value > limit for value in values) <= allowed_over(len(values)))


@pytest.mark.parametrize(("photos", "over"), [(1, 0), (9, 0), (10, 1), (60, 6), (100, 10)])
def test_a_tenth_of_the_photos_may_be_over_the_limit(photos, over):
    assert allowed_over(photos) == over


def test_ratios_are_taken_photo_by_photo_before_their_median():
    spread = Spread.of_ratios([2.0, 30.0, 5.0], [1.0, 10.0, 1.0])
    assert (spread.median, spread.lower_quartile, spread.upper_quartile, spread.largest) == (3.0, 2.5, 4.0, 5.0)
    assert spread.with_quartiles() == "3.00 [2.50, 4.00]"


def test_the_search_finds_the_first_count_that_holds_even_if_a_larger_one_does_not():
    errors = {8: 0.9, 16: 0.1, 32: 0.9}
    found = first_that_holds([8, 16, 32], ["photo"], lambda _, count: errors[count], limit=0.1, allowed_over=0)
    assert found == 16


def test_the_search_says_when_no_count_holds():
    assert first_that_holds([8, 16], ["photo"], lambda *_: 1.0, limit=0.1, allowed_over=0) is None


def test_the_search_gives_a_count_up_at_the_first_photo_too_many():
    asked = []

    def error(photo, count):
        asked.append((photo, count))
        return 1.0 if count == 8 else 0.0

    assert first_that_holds([8, 16], range(10), error, limit=0.1, allowed_over=1) == 16
    assert [photo for photo, count in asked if count == 8] == [0, 1]
    assert [photo for photo, count in asked if count == 16] == list(range(10))


def test_maps_are_compared_summed_over_the_channels():
    truth = torch.tensor([[[3.0, 4.0]], [[0.0, 0.0]]])
    assert distance(truth.flip(0), truth) == 0
    assert distance(truth * 1.5, truth) == pytest.approx(0.5)


def test_a_table_has_its_columns_under_each_other_and_says_how_to_measure_it_again():
    section = Section("Speed", ("", "s"), [("igcli", "1.00"), ("other one", "12.00")], {}, ["A note."])
    assert section.text(command="bench --only speed").split("\n") == [
        "Speed",
        "               s",
        "---------  -----",
        "igcli       1.00",
        "other one  12.00",
        "A note.",
        "$ bench --only speed",
    ]
