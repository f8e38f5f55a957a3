import math

import numpy as np
import pytest

from igcli.evaluation.reliability import reliability


def slow(ranks):
    """Krippendorff's definition over all pairs: units of observers' values, squared differences."""
    units, everything = ranks, [value for unit in ranks for value in unit]
    count = len(everything)
    observed = 0.0
    for unit in units:
        pairs = [(a - b) ** 2 for i, a in enumerate(unit) for j, b in enumerate(unit) if i != j]
        observed += sum(pairs) / (len(unit) - 1)
    pairs = [(a - b) ** 2 for i, a in enumerate(everything) for j, b in enumerate(everything) if i != j]
    return 1 - (observed / count) / (sum(pairs) / (count * (count - 1)))


@pytest.mark.parametrize("seed", range(5))
def test_equals_the_definition_over_all_pairs(seed):
    chance = np.random.default_rng(seed)
    table = chance.normal(size=(4, 9)) + np.arange(4)[:, None]
    ranks = [[int((table[:, photo] < value).sum()) for photo, value in enumerate(row)] for row in table]
    assert reliability(dict(zip("abcd", table, strict=True))) == pytest.approx(slow(ranks))


def test_a_case_by_hand():
    # Ranks of three maps by two photos: 0 1 2 and 1 0 2. Within: (1 + 1 + 0) · 2 pairs / (2 − 1) = 4, over 6 values.
    # Between all: each of 0, 1, 2 twice, so that the ordered pairs sum to 2 · (4 · 1 + 4 · 1 + 4 · 4) = 48, over 6 · 5.
    found = reliability({"a": [0.1, 0.4], "b": [0.2, 0.3], "c": [0.9, 0.9]})
    assert found == pytest.approx(1 - (4 / 6) / (48 / 30))


def test_photos_that_agree_are_1_and_chance_is_about_0():
    agreed = {name: np.full(5, value) for value, name in enumerate("abc")}
    assert reliability(agreed) == pytest.approx(1)
    chance = np.random.default_rng(0).normal(size=(3, 4000))
    assert reliability(dict(zip("abc", chance, strict=True))) == pytest.approx(0, abs=0.03)


def test_only_the_ranks_count_and_their_direction_does_not():
    table = np.random.default_rng(1).normal(size=(3, 20))
    found = reliability(dict(zip("abc", table, strict=True)))
    assert reliability(dict(zip("abc", np.exp(3 * table), strict=True))) == pytest.approx(found)
    assert reliability(dict(zip("abc", -table, strict=True))) == pytest.approx(found)


def test_photos_without_a_number_do_not_count():
    table = np.random.default_rng(2).normal(size=(3, 8))
    gaps = np.concatenate([table, [[1.0], [np.nan], [2.0]]], axis=1)
    assert reliability(dict(zip("abc", gaps, strict=True))) == pytest.approx(
        reliability(dict(zip("abc", table, strict=True)))
    )


@pytest.mark.parametrize(
    "values", [{}, {"a": [1, 2], "b": [2, 1]}, {"a": [1], "b": [2], "c": [3]}, {"a": [1, 1], "b": [1, 1], "c": [1, 1]}]
)
def test_too_little_to_rank_has_no_number(values):
    assert math.isnan(reliability(values))
