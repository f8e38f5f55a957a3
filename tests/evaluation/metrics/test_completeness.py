import math

import pytest
from evaluation.known import Linear, photo, plain
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.completeness import Completeness
from igcli.evaluation.metrics.completeness import CompletenessGap
from igcli.images.picture import Picture


def test_the_relative_gap_of_a_linear_model_is_nothing():
    found = igcli.attribute(plain(Linear()), Picture(photo()), target=0, score="logit", steps=3)
    assert CompletenessGap().measure(found.completeness).value == pytest.approx(0, abs=1e-9)


def test_fewer_gradients_leave_a_larger_gap():
    model = classifier(small_network(), classes=5)
    gaps = [
        CompletenessGap().measure(igcli.attribute(model, random_picture(), steps=steps).completeness).value
        for steps in (2, 256)
    ]
    assert gaps[1] < gaps[0]


@pytest.mark.parametrize("found", [None, Completeness(0.1, 0.5, None)])
def test_what_promises_nothing_has_no_gap(found):
    measured = CompletenessGap().measure(found)
    assert math.isnan(measured.value)
    assert "does not promise" in measured.reason


def test_a_sum_that_is_no_number_is_said():
    assert "not finite" in CompletenessGap().measure(Completeness(math.nan, math.nan, within_tolerance=False)).reason


def test_a_mean_over_samples_is_not_measured_by_its_gap():
    assert "on average only" in CompletenessGap().measure(Completeness(0.1, 0.5, None, "mean rise")).reason
