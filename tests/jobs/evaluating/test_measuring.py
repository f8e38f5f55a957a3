from dataclasses import dataclass

import pytest

from igcli.attribution.scores import Score
from igcli.errors import UsageError
from igcli.evaluation.context import NEEDS, Need
from igcli.evaluation.metrics.metric import METRICS, Measured, Metric
from igcli.jobs.evaluating.card import Card
from igcli.jobs.evaluating.measuring import EvaluationPlan
from igcli.jobs.evaluating.photo_context import PhotoContext


@dataclass(frozen=True, kw_only=True)
class Told(Metric):
    direction = "higher"
    needs = ("captions",)


@pytest.fixture
def captions(monkeypatch):
    monkeypatch.setitem(NEEDS, "captions", Need("captions", "captions", "captions", option="--captions"))


def plan(metric, **changed):
    return EvaluationPlan((), (), {"told": metric}, **changed)


@pytest.mark.parametrize("need", NEEDS.values(), ids=NEEDS)
def test_what_a_metric_can_need_is_supplied(need):
    assert hasattr(PhotoContext, need.supplied_by)


@pytest.mark.parametrize("name", ["completeness", "max-sensitivity", "randomisation", "focus"])
def test_a_metric_that_needs_more_maps_is_refused_for_another_tools(name):
    with pytest.raises(UsageError, match="cannot be measured of another tool's maps"):
        plan(METRICS[name](), others=object()).check()
    plan(METRICS[name]()).check()


@pytest.mark.parametrize("name", ["aopc", "deletion", "insertion", "abpc"])
def test_other_metrics_are_measured_of_another_tools_maps(name):
    plan(METRICS[name](), others=object()).check()


def test_where_the_objects_are_must_be_given():
    with pytest.raises(UsageError, match=r"told needs the places of the objects: give --boxes or --masks\."):
        plan(METRICS["localisation"]()).check()
    plan(METRICS["localisation"](), given={"mask": object()}).check()


@pytest.mark.usefixtures("captions")
def test_a_new_need_asks_for_its_option():
    with pytest.raises(UsageError, match=r"told needs captions: give --captions\."):
        plan(Told()).check()
    plan(Told(), given={"captions": object()}).check()


@pytest.mark.usefixtures("captions")
def test_numbers_by_a_need_with_an_option_are_measured_again_when_its_file_changes():
    card = Card({}, {}, Score("logit", 0), "mark", given_digest="one")
    card.note("told", Told(), {"integrated": Measured(1.0)})
    assert card.missing("told", Told(), {"integrated": None}) == []
    card.given_digest = "two"
    assert card.missing("told", Told(), {"integrated": None}) == ["integrated"]


def test_a_metric_is_measured_on_photos_or_on_mosaics():
    both = EvaluationPlan((), (), {name: METRICS[name]() for name in ("aopc", "focus")})
    assert (list(both.on_photos()), list(both.on_mosaics())) == (["aopc"], ["focus"])
