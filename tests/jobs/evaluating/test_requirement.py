import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.metrics.aopc import Aopc
from igcli.evaluation.metrics.metric import Measured
from igcli.evaluation.statistics import Resampling, estimate
from igcli.jobs.evaluating.card import Card
from igcli.jobs.evaluating.earlier import Difference
from igcli.jobs.evaluating.requirement import check_all, parsed_requirement
from igcli.jobs.evaluating.table import Column
from igcli.models.labels import Labels


def column(values, *, targets=None, clusters=None, name="aopc"):
    found = Column(name, Aopc(), "")
    for place, value in enumerate(values):
        label = targets[place] if targets else "cat"
        card = Card({"path": f"{place}.jpg"}, {"label": label}, Score("softmax", 0), "")
        card.note(name, Aopc(), {"integrated": Measured.missing("None.") if math.isnan(value) else Measured(value)})
        found.add(card, ["integrated"], cluster=clusters[place] if clusters else None)
    return found


def verdict(text, of, differences=None):
    (found,) = check_all([parsed_requirement(text)], [of], differences or {})
    return found


WORDS = st.text("abcdefghij-", min_size=1, max_size=8)


@given(
    WORDS,
    st.text("abc, 123-†", min_size=1).map(str.strip).filter(bool),
    st.one_of(st.just(""), st.text("ab @()<>:", min_size=1).map(str.strip).filter(bool)),
    st.sampled_from([">=", "<=", ">", "<"]),
    st.floats(-1e6, 1e6),
    st.sampled_from(["mean", "low", "high"]),
    st.booleans(),
)
def test_every_requirement_is_read_as_it_was_written(metric, name, label, comparison, limit, bound, of_difference):
    text = f"{metric}:{name}" + (f"@{label}" if label else "")
    text = f"difference({text})" if of_difference else text
    text = text if bound == "mean" else f"{bound}({text})"
    found = parsed_requirement(f"{text} {comparison} {limit!r}")
    read = (found.metric, found.map, found.label, found.comparison, found.limit, found.bound, found.of_difference)
    assert read == (metric, name, label, comparison, limit, bound, of_difference)


def test_spaces_do_not_matter():
    for text in (
        "low(difference(aopc:integrated@big cat))>=-.5",
        " low ( difference( aopc : integrated @ big cat ) ) >= -5e-1 ",
    ):
        found = parsed_requirement(text)
        assert (found.metric, found.map, found.label, found.limit) == ("aopc", "integrated", "big cat", -0.5)
        assert found.bound == "low"
        assert found.of_difference


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "compares nothing"),
        ("aopc:integrated", "compares nothing"),
        ("aopc:integrated = 0.5", "compares nothing"),
        ("aopc:integrated == 0.5", "compares nothing"),
        ("aopc:integrated >= half", "'half', which is no number"),
        ("aopc:integrated >=", "'', which is no number"),
        ("aopc:integrated >= nan", "no number"),
        ("aopc:integrated >= 1e999", "no number"),
        ("aopc >= 0.5", "is no METRIC:MAP"),
        (">= 0.5", "is no METRIC:MAP"),
        (":integrated >= 0.5", "names no metric"),
        ("aopc: >= 0.5", "names no map"),
        ("aopc:integrated@ >= 0.5", "names no class"),
        ("median(aopc:integrated) >= 0.5", "is no METRIC:MAP"),
        ("difference(low(aopc:integrated)) >= 0.5", "is no METRIC:MAP"),
        ("low(high(aopc:integrated)) >= 0.5", "is no METRIC:MAP"),
        ("low(aopc:integrated >= 0.5", "is no METRIC:MAP"),
        ("__import__('os').system('true') >= 0", "is no METRIC:MAP"),
        ("0.2 <= aopc:integrated <= 0.5", "is no METRIC:MAP"),
    ],
)
def test_what_is_no_requirement_is_a_sentence(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parsed_requirement(text)


@given(st.text(max_size=40))
def test_any_text_is_a_requirement_or_a_sentence(text):
    try:
        limit = parsed_requirement(text).limit
    except ValueError:
        return  # anything else is a bug
    assert math.isfinite(limit)


@pytest.mark.parametrize(
    ("text", "met"),
    [
        ("aopc:integrated >= 0.25", True),
        ("aopc:integrated > 0.25", False),
        ("aopc:integrated <= 0.25", True),
        ("aopc:integrated < 0.25", False),
        ("aopc:integrated@dog > 0.25", True),
        ("aopc:integrated@cat > 0.25", False),
        ("low(aopc:integrated) >= 0.25", False),
        ("high(aopc:integrated) > 0.25", True),
    ],
)
def test_the_number_is_the_mean_of_all_or_of_a_class_or_an_end_of_its_interval(text, met):
    of = column([0.125, 0.375, 0.125, 0.375], targets=["cat", "dog", "cat", "dog"])
    found = verdict(text, of)
    assert found.met is met
    assert f"required {text}: {'met' if met else 'not met'}, found " in found.line
    assert found.photos == (2 if "@" in text else 4)


def test_bounds_and_classes_are_over_clusters_where_there_are_some():
    values = np.random.default_rng(0).normal(size=24)
    clusters = [f"p{place % 6}" for place in range(24)]
    targets = ["cat" if place % 6 < 4 else "dog" for place in range(24)]
    of = column(values, targets=targets, clusters=clusters)
    own = np.flatnonzero([target == "cat" for target in targets])
    expected = estimate(values[own], resampling=Resampling(tuple(place % 6 for place in own)))
    assert verdict("low(aopc:integrated@cat) > 0", of).found == pytest.approx(expected.low)
    assert verdict("low(aopc:integrated@cat) > 0", of).found != pytest.approx(estimate(values[own]).low)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("aopc:gradient >= 0", "No photo was measured"),
        ("deletion:integrated >= 0", "No photo was measured"),
        ("aopc:integrated@bird >= 0", "no photo of which 'bird' is explained"),
        ("aopc:integrated@dog >= 0", "No photo has a number."),
        ("low(aopc:integrated@cat) >= 0", "There is no interval: 1 independent sample"),
        ("difference(aopc:integrated) >= 0", "no earlier evaluation"),
    ],
)
def test_a_number_that_is_missing_is_neither_met_nor_not_met(text, words):
    found = verdict(text, column([0.5, math.nan], targets=["cat", "dog"]))
    assert found.met is None
    assert words in found.reason
    assert "no number" in found.line


def test_a_difference_is_that_of_the_photos_that_both_have():
    of = column([0.5, 0.7, 0.9])
    differences = {"aopc": Difference(of, {"integrated": np.array([-0.1, math.nan, 0.3])})}
    found = verdict("difference(aopc:integrated) >= 0.1", of, differences)
    assert found.found == pytest.approx(0.1)
    assert found.photos == 2
    unlike = {"aopc": Difference(of, reason="It was measured with another fill.")}
    assert verdict("difference(aopc:integrated) >= 0", of, unlike).reason == "It was measured with another fill."


def test_a_number_that_just_misses_does_not_look_like_the_limit():
    found = verdict("aopc:integrated >= 0.5", column([0.49999]))
    assert found.met is False
    assert found.number == "0.49999"
    assert verdict("aopc:integrated >= 0.5", column([0.5])).number == "0.5"


def test_metrics_maps_and_classes_are_checked_before_anything_is_measured():
    labels = Labels(["Cat", "dog"])
    known = {"metrics": ["aopc"], "maps": ["integrated"]}
    assert parsed_requirement("aopc:integrated@cat >= 0").on(labels, **known).label == "Cat"
    assert parsed_requirement("aopc:integrated@1 >= 0").on(labels, **known).label == "dog"
    assert parsed_requirement("aopc:theirs >= 0").on(labels, metrics=["aopc"], maps=None).map == "theirs"
    for text, words in (
        ("deletion:integrated >= 0", "Add --metric deletion"),
        ("aopc:gradient >= 0", "Name one of integrated"),
        ("aopc:integrated@bird >= 0", "bird"),
    ):
        with pytest.raises(UsageError, match=words):
            parsed_requirement(text).on(labels, **known)
