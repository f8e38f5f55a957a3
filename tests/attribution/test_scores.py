import pytest
import torch
from torch import nn
from torch.nn import functional
from toys import classifier, random_picture

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.scores import Score
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.models.outputs import log_of_probabilities

LOGITS = torch.tensor([[1.0, 2.0, -1.0], [0.0, 0.0, 300.0]])


def test_softmax_is_the_probability():
    torch.testing.assert_close(Score("softmax", 1).of(LOGITS), functional.softmax(LOGITS, 1)[:, 1])


def test_sigmoid_is_the_probability_of_one_class_for_itself():
    torch.testing.assert_close(Score("sigmoid", 1).of(LOGITS), LOGITS[:, 1].sigmoid())


def test_logit_is_the_raw_output():
    assert Score("logit", 2).of(LOGITS).tolist() == [-1.0, 300.0]


def test_log_softmax_is_the_log_of_the_probability_and_finite_where_that_is_zero():
    score = Score("log-softmax", 0).of(LOGITS)
    torch.testing.assert_close(score[0], functional.softmax(LOGITS, 1)[0, 0].log())
    assert score[1].item() == -300


def test_margin_is_the_difference_of_two_raw_outputs():
    assert Score("margin", 1, against=0).of(LOGITS).tolist() == [1.0, 0.0]


def test_margin_is_the_log_of_the_ratio_of_the_probabilities():
    ratio = Score("softmax", 1).of(LOGITS[:1]) / Score("softmax", 0).of(LOGITS[:1])
    torch.testing.assert_close(Score("margin", 1, against=0).of(LOGITS[:1]), ratio.log())


def test_margin_explains_what_speaks_for_one_class_rather_than_the_other(quadratic):
    picture = random_picture(dtype=torch.float64)
    first, second = (igcli.attribute(quadratic, picture, target=k, score="logit") for k in (0, 2))
    contrast = igcli.attribute(quadratic, picture, target="class a", score="margin", against="class c")
    torch.testing.assert_close(contrast.values, first.values - second.values)
    assert contrast.score.against == "class c"
    assert contrast.completeness.relative_gap < 1e-10


def test_against_top_is_what_the_network_says_instead(small, picture):
    result = igcli.attribute(small, picture, target=picked(small, picture, 1), score="margin", against="top")
    assert result.score.at_image < 0


def picked(model, picture, rank):
    ((found,),) = explain(model, [picture], Wanted())
    return found.prediction[rank].index


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"score": "margin"}, "--against"),
        ({"score": "logit", "against": 1}, "--score margin"),
        ({"score": "margin", "target": 1, "against": 1}, "itself"),
        ({"score": "margin", "target": 1, "against": "top-2"}, "names 2"),
        ({"score": "margin", "against": "class z"}, "class z"),
    ],
)
def test_a_comparison_needs_exactly_one_other_class(small, picture, settings, message):
    with pytest.raises(UsageError, match=message):
        igcli.attribute(small, picture, **settings)


@pytest.mark.parametrize("score", ["softmax", "log-softmax", "margin"])
@pytest.mark.parametrize("method", ["integrated", "gradient"])
def test_a_network_that_ends_in_softmax_is_recognised_and_explained_as_if_it_did_not(small_double, score, method):
    picture = random_picture(dtype=torch.float64)
    ending = classifier(nn.Sequential(small_double.network, nn.Softmax(dim=1)), classes=5)
    settings = {"score": score, "method": method, "target": 1, "against": 0 if score == "margin" else None}
    bare, ended = (igcli.attribute(model, picture, **settings) for model in (small_double, ending))
    torch.testing.assert_close(ended.values, bare.values, rtol=1e-6, atol=1e-9)
    assert ended.target.probability == pytest.approx(bare.target.probability)
    assert bare.score.note is None
    assert "ends in softmax" in ended.score.note
    assert not ending.ends_in_softmax  # the caller's own classifier is as before


def test_probabilities_that_underflow_have_finite_logits():
    outputs = torch.tensor([[1.0, 0.0], [0.25, 0.75]])
    assert torch.isfinite(log_of_probabilities(outputs)).all()
    torch.testing.assert_close(log_of_probabilities(outputs).softmax(1), outputs)


@pytest.mark.parametrize("outputs", [[[0.5, 0.6]], [[-0.1, 1.1]], [[1.0]], [[0.2, 0.8], [3.0, -2.0]]])
def test_other_outputs_are_not_taken_for_probabilities(small, outputs):
    assert small.recognised(torch.tensor(outputs)) is small
