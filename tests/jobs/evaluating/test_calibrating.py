"""The best cut-off by insertion − deletion: known by hand on columns of numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from igcli.evaluation.map_views import LowpassView, Unchanged, viewed_names
from igcli.evaluation.metrics.metric import configured
from igcli.images.lowpass import Lowpass
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.evaluating.calibrating import CALIBRATED_BY, CYCLES, calibrated, grid, lines_of_calibration
from igcli.jobs.evaluating.table import Column

CHOICES = (LowpassChoice(4), LowpassChoice(8), None)
VIEWS = (LowpassView(Lowpass(4)), LowpassView(Lowpass(8)), Unchanged())


def columns(differences: dict[str, list[list[float]]]) -> list[Column]:
    """Insertion and deletion whose difference is given, by map: a row for each cut-off, a column for each photo."""
    found = []
    for name, metric in configured(CALIBRATED_BY).items():
        values = {}
        for base, rows in differences.items():
            for key, row in zip(viewed_names([base], VIEWS), rows, strict=True):
                values[key] = [0.5 + value if name == "insertion" else 0.5 for value in row]
        found.append(Column(name, metric, "", values=values))
    return found


def of(differences):
    return calibrated(columns(differences), list(differences), choices=CHOICES, views=VIEWS, score="softmax")


def test_the_cut_off_with_the_highest_mean_is_taken():
    first, second = of({"integrated": [[0.1, 0.3], [0.4, 0.2], [0.1, 0.1]], "gradient": [[0, 0], [0, 0], [0.2, 0]]})
    assert first.cutoff.cycles == 8
    assert first.cutoff.curve == pytest.approx({"4": 0.2, "8": 0.3, "none": 0.1})
    assert (first.cutoff.photos, first.cutoff.of, first.cutoff.score) == (2, "absolute", "softmax")
    assert second.cutoff.cycles is None


def test_held_out_each_photo_has_the_cut_off_of_the_others():
    # Of the others' sums, photo by photo: rows 1, 1 and 0 are the best ones.
    (found,) = of({"integrated": [[0.0, 0.1, 0.3], [0.2, 0.1, 0.0], [0, 0, 0]]})
    values = np.array([[0.0, 0.1, 0.3], [0.2, 0.1, 0.0], [0, 0, 0]])
    expected = []
    for photo in range(3):
        rest = np.delete(values, photo, axis=1).mean(axis=1)
        expected.append(values[rest.argmax(), photo])
    assert found.held_out == pytest.approx(np.mean(expected))
    assert found.held_out < found.cutoff.curve[found.best]


def test_photos_without_a_number_do_not_count_and_a_map_without_any_has_no_cut_off():
    nan = math.nan
    (found,) = of({"integrated": [[0.1, nan], [0.2, 9.0], [0.1, 9.0]], "gradient": [[nan, nan]] * 3})
    assert (found.cutoff.map, found.cutoff.photos) == ("integrated", 1)
    assert math.isnan(found.held_out)


def test_the_table_marks_the_best_and_says_that_it_is_optimistic():
    table, *rest = "\n".join(lines_of_calibration(of({"integrated": [[0.1], [0.25], [0.2]]}))).partition("integrated: ")
    assert [line.split() for line in table.splitlines()] == [
        ["lowpass", "integrated"],
        ["4", "0.100"],
        ["8", "0.250", "*"],
        ["none", "0.200"],
    ]
    assert "8 cycles per picture side (0.250, 0.200 without; 1 photo)" in rest[1]
    assert "optimistic" in rest[1]


def test_the_grid_has_the_unfiltered_map_last():
    assert [choice and choice.cycles for choice in grid("signed")] == [*CYCLES, None]
    assert {choice.of for choice in grid("signed") if choice} == {"signed"}
