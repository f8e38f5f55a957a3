"""The arithmetic of the benchmarks: percentiles, ratios, the search for the smallest count, the table's text."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import SimpleNamespace

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


def test_networks_are_measured_in_turns_and_the_best_batch_is_the_fastest_of_those_tried(monkeypatch):
    monkeypatch.syspath_prepend(str(Path(__file__).parent / "benchmarks"))
    networks = importlib.import_module("networks")
    calls = []

    class Process:
        def __init__(self, prepare, name):
            self.name, self.closed = prepare.__name__, False

        def ask(self, *arguments):
            if self.name == "captum_on":
                _, _, _, batch = arguments
                calls.append(("captum", batch))
                return {4: 3.0, 8: 2.0, 16: 2.5, 32: 4.0}[batch], 9.0
            what, *_ = arguments
            if what == "explain":
                calls.append(("igcli", None))
                return 1.0, 3.0
            return 16 if what == "batch" else ("pixels", 7)

        def close(self):
            self.closed = True

    monkeypatch.setattr(networks, "Apart", Process)
    trial = SimpleNamespace(
        files=["a.jpg", "b.jpg"], options=SimpleNamespace(gradients=32, timed=16, networks=["a network"])
    )
    section = networks.measure(trial)
    found = section.data["networks"]["a network"]
    assert found["best_batch"] == 8
    ratios = {
        clock: [found["over"][clock][who]["median"] for who in (networks.AS_IT_IS, networks.BEST)]
        for clock in found["over"]
    }
    assert ratios == {"processor": [4.0, 2.0], "wall": [3.0, 3.0]}
    turns = [calls[-6:-3], calls[-3:]]
    assert sorted(map(str, turns[0])) == sorted(map(str, turns[1]))
    assert turns[0][0] != turns[1][0]
