import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.evaluation.metrics.metric import Curve
from igcli.evaluation.statistics import FEWEST, band, best_marked, difference, estimate, win_rate, win_rates

NAN = float("nan")


def test_the_interval_is_that_of_a_plain_bootstrap():
    values = np.random.default_rng(1).gamma(2.0, size=40)
    found = estimate(values)
    chosen = np.random.default_rng(2)
    means = sorted(float(np.mean([values[chosen.integers(40)] for _ in range(40)])) for _ in range(4000))
    assert found.mean == pytest.approx(values.mean())
    assert found.low == pytest.approx(means[100], abs=0.03)
    assert found.high == pytest.approx(means[3900], abs=0.03)


def test_the_interval_of_many_photos_is_that_of_the_normal_distribution():
    values = np.random.default_rng(0).normal(5, 2, size=900)
    found = estimate(values)
    half = 1.96 * values.std() / 30
    assert (found.low, found.high) == (
        pytest.approx(found.mean - half, abs=0.01),
        pytest.approx(found.mean + half, abs=0.01),
    )


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(3)
    inside = [(e := estimate(generator.normal(size=40), draws=500)).low <= 0 <= e.high for _ in range(300)]
    assert 0.89 <= np.mean(inside) <= 0.98  # 95 %, less a little for 40 photos, with the noise of 300 trials


def test_photos_without_a_number_are_counted_and_do_not_matter():
    values = [1.0, NAN, 2.0, 4.0, NAN]
    found, clean = estimate(values), estimate([1.0, 2.0, 4.0])
    assert (found.count, found.missing) == (3, 2)
    assert (found.mean, found.low, found.high) == (clean.mean, clean.low, clean.high)


@pytest.mark.parametrize(("values", "mean"), [([], NAN), ([NAN], NAN), ([2.0], 2.0)])
def test_too_few_photos_have_no_interval(values, mean):
    found = estimate(values)
    assert found.mean == pytest.approx(mean, nan_ok=True)
    assert math.isnan(found.low)


@given(st.lists(st.floats(-10, 10), min_size=2, max_size=30), st.integers(0, 5))
def test_the_interval_lies_within_the_values_and_repeats_with_the_seed(values, seed):
    found = estimate(values, seed=seed, draws=200)
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == estimate(values, seed=seed, draws=200)


def test_a_difference_is_paired():
    generator = np.random.default_rng(0)
    photos = generator.normal(0, 10, size=60)  # photos differ much, methods little
    first, second = photos + 0.5 + generator.normal(0, 0.1, 60), photos
    assert difference(first, second).low > 0
    assert estimate(first).low < estimate(second).high
    assert difference([1.0, NAN, 3.0], [0.0, 5.0, NAN]).count == 1


def test_win_rates_count_ties_as_half_and_follow_the_direction():
    first, second = [1.0, 2.0, 3.0, 3.0], [0.0, 2.0, 5.0, NAN]
    assert win_rate(first, second, direction="higher").mean == pytest.approx(0.5)
    assert win_rate([1.0, 2.0], [0.0, 2.0], direction="higher").mean == pytest.approx(0.75)
    assert win_rate([1.0, 2.0], [0.0, 2.0], direction="lower").mean == pytest.approx(0.25)
    assert win_rate(first, second, direction="higher").missing == 1


def test_the_win_rates_of_a_pair_sum_to_one():
    generator = np.random.default_rng(0)
    values = {name: generator.normal(size=30) for name in "abc"}
    found = win_rates(values, direction="lower")
    assert len(found) == 6
    for one, other in (("a", "b"), ("b", "c"), ("a", "c")):
        forth, back = found[one, other], found[other, one]
        assert forth.mean + back.mean == pytest.approx(1)
        assert forth.low == pytest.approx(1 - back.high)


def test_the_best_is_marked_only_where_it_beats_every_other():
    generator = np.random.default_rng(0)
    photos = generator.normal(size=80)
    values = {
        "good": photos + 1.0,
        "twin": photos + 1.0 + generator.normal(0, 1, 80),
        "bad": photos + generator.normal(0, 0.1, 80),
    }
    assert best_marked(values, direction="higher") is None
    del values["twin"]
    assert best_marked(values, direction="higher") == "good"
    assert best_marked(values, direction="lower") == "bad"


def test_nothing_is_marked_without_rivals_or_with_few_photos():
    assert best_marked({"only": [1.0] * 20}, direction="higher") is None
    assert best_marked({}, direction="higher") is None
    few, enough = (dict.fromkeys(("a", "b"), None) for _ in range(2))
    for values, count in ((few, FEWEST - 1), (enough, FEWEST)):
        values.update(a=list(range(1, count + 1)), b=[0.0] * count)
    assert best_marked(few, direction="higher") is None
    assert best_marked(enough, direction="higher") == "a"


def test_photos_that_one_method_misses_do_not_decide():
    values = {"a": [1.0] * 10 + [NAN] * 10, "b": [0.0] * 10 + [100.0] * 10}
    assert best_marked(values, direction="higher") == "a"
    values["c"] = [NAN] * 20
    assert best_marked(values, direction="higher") is None


def test_a_band_is_the_pointwise_interval():
    generator = np.random.default_rng(0)
    fractions, values = np.linspace(0, 1, 7), generator.random((25, 7))
    found = band([Curve(fractions, each) for each in values])
    assert found.count == 25
    assert np.array_equal(found.fractions, fractions)
    for i in range(7):
        alone = estimate(values[:, i])
        assert (found.mean[i], found.low[i], found.high[i]) == pytest.approx((alone.mean, alone.low, alone.high))


def test_large_samples_are_resampled_in_blocks_to_the_same_effect(monkeypatch):
    values = np.random.default_rng(0).normal(size=50)
    whole = estimate(values)
    monkeypatch.setattr("igcli.evaluation.statistics._HELD", 1000)
    assert estimate(values) == whole
