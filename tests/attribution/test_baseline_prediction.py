import math

import pytest
import torch
from torch import nn
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.baseline_prediction import BaselinePrediction, predict_at_baselines
from igcli.attribution.baselines import baseline_values


def of(probabilities, *, target=0, model=None):
    logits = torch.tensor(probabilities, dtype=torch.float64).clamp_min(1e-300).log()
    return predict_at_baselines(logits, model or classifier(small_network(), classes=logits.shape[1]), target=target)


def test_equally_probable_classes_have_all_the_entropy_there_can_be():
    found = of([[0.25] * 4], target=2)
    assert found.entropy_bits == pytest.approx(2)
    assert found.entropy_share == pytest.approx(1)
    assert found.target == pytest.approx(0.25)


def test_a_certain_prediction_has_none():
    found = of([[0.0, 1.0, 0.0]], target=2)
    assert found.entropy_bits == pytest.approx(0, abs=1e-12)
    assert (found.label, found.probability, found.target) == ("class b", 1, pytest.approx(0))


def test_entropy_is_that_of_the_definition_in_bits():
    given = [0.5, 0.3, 0.15, 0.05]
    by_hand = -sum(p * math.log2(p) for p in given)
    assert of([given]).entropy_bits == pytest.approx(by_hand)
    assert of([given]).entropy_share == pytest.approx(by_hand / 2)


def test_of_several_baselines_it_is_the_mean_prediction():
    assert of([[1.0, 0.0], [0.0, 1.0]]).entropy_share == pytest.approx(1)


def test_classes_that_do_not_exclude_each_other_have_a_top_class_and_no_entropy():
    network = small_network()
    model = classifier(network, classes=5)
    model.multi_label = True
    logits = torch.tensor([[0.0, 2.0, -1.0, -1.0, -1.0]])
    found = predict_at_baselines(logits, model, target=0)
    assert (found.label, found.target) == ("class b", 0.5)
    assert found.probability == pytest.approx(1 / (1 + math.exp(-2)))
    assert found.entropy_bits is found.entropy_share is None


def test_a_regression_has_no_prediction_of_classes():
    model = classifier(nn.Sequential(nn.Flatten(), nn.Linear(3 * 12 * 12, 5)), classes=5)
    model.regression = True
    assert predict_at_baselines(torch.zeros(1, 5), model, target=0) is None


def test_every_result_says_what_the_network_predicts_at_its_baselines(small):
    picture = random_picture()
    found = igcli.attribute(small, picture, baseline="white+blur", target=3, steps=4).score.prediction_at_baseline
    both = torch.stack([baseline_values(name, picture) for name in ("white", "blur")])
    with small.frozen(), torch.no_grad():
        predicted = small(both).softmax(dim=1).mean(dim=0)
    assert found.label == small.labels[int(predicted.argmax())]
    assert found.probability == pytest.approx(float(predicted.max()), rel=1e-4)
    assert found.target == pytest.approx(float(predicted[3]), rel=1e-4)
    assert found.entropy_bits == pytest.approx(float(-(predicted * predicted.log2()).sum()), rel=1e-3)


@pytest.mark.parametrize(
    ("at_baseline", "at_photo", "worth_saying"),
    [(0.001, 0.9, False), (0.4, 0.9, False), (0.5, 0.9, True), (0.95, 0.9, True), (0.02, 0.01, False)],
)
def test_a_class_that_is_there_without_the_photo_is_said(at_baseline, at_photo, worth_saying):
    sentence = BaselinePrediction("cat", 0.95, at_baseline, 1.0, 0.1).concern(at_photo, "cat")
    assert bool(sentence) == worth_saying
    assert not worth_saying or "try another --baseline" in sentence
