import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.evaluation.metrics.metric import Curve
from igcli.evaluation.statistics import (
    FEWEST,
    Resampling,
    band,
    best_marked,
    difference,
    estimate,
    win_rate,
    win_rates,
)

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
    inside = [
        (e := estimate(generator.normal(size=40), resampling=Resampling(draws=500))).low <= 0 <= e.high
        for _ in range(300)
    ]
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
    found = estimate(values, resampling=Resampling(seed=seed, draws=200))
    assert min(values) - 1e-9 <= found.low <= found.high <= max(values) + 1e-9
    assert found == estimate(values, resampling=Resampling(seed=seed, draws=200))


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


def of_patients(generator, patients=25, photos=12, spread=1.0):
    """Values of photos that share their patient's mean, and whose they are: photos of one patient are much alike."""
    clusters = np.repeat(np.arange(patients), generator.integers(1, 2 * photos, patients))
    return spread * generator.normal(size=patients)[clusters] + 0.3 * generator.normal(size=len(clusters)), clusters


def test_the_interval_over_clusters_is_that_of_drawing_whole_clusters_one_after_another():
    values, clusters = of_patients(np.random.default_rng(1), patients=40)
    found = estimate(values, resampling=Resampling(tuple(clusters)))
    by_patient = [values[clusters == each].tolist() for each in range(40)]
    chosen, means = np.random.default_rng(2), []
    for _ in range(4000):
        drawn = [value for each in chosen.integers(40, size=40) for value in by_patient[each]]
        means.append(sum(drawn) / len(drawn))
    means.sort()
    assert found.mean == pytest.approx(values.mean())
    assert (found.count, found.clusters) == (len(values), 40)
    assert found.low == pytest.approx(means[100], abs=0.03)
    assert found.high == pytest.approx(means[3900], abs=0.03)


def test_intervals_over_photos_are_too_narrow_where_photos_of_a_cluster_are_alike_and_those_over_clusters_are_not():
    generator = np.random.default_rng(0)
    covered = {"photos": 0, "clusters": 0}
    for _ in range(200):
        values, clusters = of_patients(generator)
        for name, each in (("photos", None), ("clusters", tuple(clusters))):
            found = estimate(values, resampling=Resampling(each, draws=400))
            covered[name] += found.low <= 0 <= found.high  # the mean of all patients that there could be
    assert covered["photos"] < 0.6 * 200
    assert covered["clusters"] > 0.86 * 200  # 95 %, less what 25 clusters of unequal sizes take off


def test_clusters_of_one_photo_are_the_photos_and_clusters_of_equal_photos_are_their_means():
    values = np.random.default_rng(0).normal(size=30)
    alone, plain = estimate(values, resampling=Resampling(tuple(range(30)))), estimate(values)
    assert (alone.mean, alone.low, alone.high) == (plain.mean, plain.low, plain.high)
    repeated = estimate(np.repeat(values, 4), resampling=Resampling(tuple(np.repeat(np.arange(30), 4))))
    assert (repeated.low, repeated.high) == (pytest.approx(plain.low), pytest.approx(plain.high))


def test_a_mark_needs_enough_clusters_and_not_only_photos():
    better = {"a": [1.0] * 60, "b": [0.0] * 60}
    of_five, of_six = (Resampling(tuple(place % count for place in range(60))) for count in (FEWEST - 1, FEWEST))
    assert best_marked(better, direction="higher", resampling=of_five) is None
    assert best_marked(better, direction="higher", resampling=of_six) == "a"


def test_a_difference_that_one_patient_makes_is_not_marked_as_one_of_all():
    first, second = np.zeros(80), np.zeros(80)
    clusters = tuple([0] * 20 + [1 + place // 6 for place in range(60)])
    first[:20] = 1.0  # twenty photos of one patient
    values = {"a": first, "b": second}
    assert best_marked(values, direction="higher") == "a"
    assert best_marked(values, direction="higher", resampling=Resampling(clusters)) is None


def test_photos_without_a_number_take_their_clusters_with_them_and_one_cluster_has_no_interval():
    values = [1.0, 2.0, NAN, NAN, 4.0]
    found = estimate(values, resampling=Resampling((0, 0, 1, 1, 2)))
    assert (found.count, found.missing, found.clusters) == (3, 2, 2)
    only = estimate(values, resampling=Resampling((0, 0, 1, 1, 0)))
    assert only.mean == pytest.approx(7 / 3)
    assert math.isnan(only.low)


def test_a_band_over_clusters_is_their_pointwise_interval():
    generator = np.random.default_rng(0)
    fractions, values = np.linspace(0, 1, 3), generator.random((24, 3))
    of_clusters = Resampling(tuple(range(8)) * 3)
    found = band([Curve(fractions, each) for each in values], resampling=of_clusters)
    for i in range(3):
        alone = estimate(values[:, i], resampling=of_clusters)
        assert (found.low[i], found.high[i]) == pytest.approx((alone.low, alone.high))
