import dataclasses
import math

import numpy as np
import pytest
from toys import trapezoid

from igcli.attribution.scores import SCORES
from igcli.errors import UsageError
from igcli.evaluation.context import NEEDS, Context
from igcli.evaluation.metrics.curve_metric import CurveMetric
from igcli.evaluation.metrics.metric import DEFAULT_METRICS, METRICS, Curve, Measured, Metric, arrow, configured

EXPECTED = {
    "aopc": "higher",
    "deletion": "lower",
    "insertion": "higher",
    "diffid": "higher",
    "diffid-insertion": "higher",
    "diffid-deletion": "lower",
    "mas": "higher",
    "mas-insertion": "higher",
    "mas-deletion": "lower",
    "abpc": "higher",
    "completeness": "lower",
    "max-sensitivity": "lower",
    "localisation": "higher",
    "focus": "higher",
    "pointing-game": "higher",
    "randomisation": "lower",
}


def test_every_metric_of_the_literature_is_there_with_its_direction():
    assert {name: kind.direction for name, kind in METRICS.items()} == EXPECTED


def test_the_defaults_are_metrics():
    assert set(DEFAULT_METRICS) <= set(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_says_what_it_needs_and_how_it_is_measured(name):
    metric = METRICS[name]()
    assert metric.needs
    assert set(metric.needs) <= set(NEEDS)
    for score in SCORES:
        assert score in metric.protocol(size=(224, 224), score=score)


@pytest.mark.parametrize("need", NEEDS.values(), ids=NEEDS)
def test_what_a_metric_can_need_is_a_method_of_its_context(need):
    assert NEEDS[need.name] is need
    assert f"``{need.name}``" in getattr(Context, need.supplied_by).__doc__.partition(":")[0]


def test_a_need_that_is_not_there_is_refused_with_those_that_are():
    kind = type("Strange", (Metric,), {"direction": "higher", "needs": ("weather",)})
    with pytest.raises(TypeError, match="Strange needs 'weather', which is none of model, replaced"):
        METRICS("strange", summary="x")(kind)


@pytest.mark.parametrize("name", [name for name, kind in METRICS.items() if issubclass(kind, CurveMetric)])
def test_a_protocol_names_fill_order_steps_and_resolution(name):
    said = METRICS[name](fill="mean", ranked="importance").protocol(size=(96, 128))
    for words in ("mean", "absolute", "important first", "128x96"):
        assert words in said


@pytest.mark.parametrize("name", METRICS)
def test_a_protocol_is_one_line(name):
    assert "\n" not in METRICS[name]().protocol(size=(224, 224))


@pytest.mark.parametrize("name", METRICS)
def test_a_metric_is_frozen(name):
    with pytest.raises(dataclasses.FrozenInstanceError):
        METRICS[name]().direction = "sideways"


def test_an_option_is_for_all_metrics_that_have_it_and_a_metrics_own_wins():
    found = configured(
        ("aopc", "deletion", "completeness"), {"fill": "mean", "deletion.fill": "noise", "aopc.steps": "9"}
    )
    assert (found["aopc"].fill, found["deletion"].fill) == ("mean", "noise")
    assert (found["aopc"].steps, found["deletion"].steps) == (9, METRICS["deletion"]().steps)


def test_text_is_read_as_the_options_type():
    found = configured(("abpc", "max-sensitivity"), {"floor": "yes", "radius": "0.1", "samples": "3"})
    assert found["abpc"].floor is True
    assert (found["max-sensitivity"].radius, found["max-sensitivity"].samples) == (0.1, 3)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"nonsense": 1}, "aopc.fill"),
        ({"deletion.steps": 1}, "deletion.steps"),
        ({"steps": "many"}, "number like 50"),
        ({"steps": "0"}, "at least 1 step"),
        ({"fill": "pink"}, "black"),
        ({"ranked": "size"}, "signed"),
        ({"pixels": 2000}, "50176"),
    ],
)
def test_an_option_that_cannot_be_is_refused(options, words):
    with pytest.raises(UsageError, match=words):
        configured(("aopc",), options)


def test_yes_or_no_takes_nothing_else():
    with pytest.raises(UsageError, match="yes or no"):
        configured(("abpc",), {"floor": "perhaps"})


def test_an_unknown_metric_names_the_nearest():
    with pytest.raises(UsageError, match="deletion"):
        configured(("deletions",))


def test_arrows_point_to_the_better_side():
    assert (arrow("higher"), arrow("lower")) == ("↑", "↓")


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
