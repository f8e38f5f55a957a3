"""The sentence about a network that does not meet a method's premise."""

import pytest
import torch
from torch import nn
from torch.nn import functional
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.methods.method import METHODS
from igcli.attribution.methods.premises import unmet_premises


def network_of(activation):
    torch.manual_seed(4)
    layers = [nn.Conv2d(3, 6, 3, padding=1), activation, nn.Conv2d(6, 8, 3, padding=1), activation]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


class Functional(nn.Module):
    """A ReLU called as a function, then a GELU; a gate of the channels."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.last = nn.Conv2d(3, 6, 3), nn.Conv2d(6, 8, 3), nn.Linear(8, 4)

    def forward(self, x):
        x = functional.gelu(self.second(torch.relu(self.first(x))))
        return self.last((x * x.mean(dim=(2, 3), keepdim=True).sigmoid()).mean(dim=(2, 3)))


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
@pytest.mark.parametrize("activation", [nn.GELU(), nn.ReLU6(), nn.SiLU(), nn.Hardswish(), nn.LeakyReLU()])
def test_without_a_relu_the_map_is_the_gradient_and_that_is_said(method, activation):
    model, picture = classifier(network_of(activation), classes=4), random_picture()
    found, gradient = (igcli.attribute(model, picture, method=name, score="logit") for name in (method, "gradient"))
    torch.testing.assert_close(found.values, gradient.values)
    assert "no ReLU" in found.premise
    assert f"2 {type(activation).__name__}" in found.premise
    assert found.premise.endswith("plain gradient.")
    assert gradient.premise == ""


@pytest.mark.parametrize("method", ["guided-backprop", "deconvolution"])
def test_relus_called_as_functions_count_and_other_activations_beside_them_are_named(method):
    model, picture = classifier(Functional(), classes=4), random_picture()
    found, gradient = (igcli.attribute(model, picture, method=name, score="logit") for name in (method, "gradient"))
    assert not torch.allclose(found.values, gradient.values)
    assert "Only the 1 ReLU" in found.premise
    assert "1 GELU" in found.premise
    assert "Sigmoid" not in found.premise


def test_a_network_that_meets_all_premises_is_not_spoken_of():
    assert unmet_premises(classifier(small_network(), classes=5), METHODS) == {}


def test_deep_lift_names_what_it_has_no_rule_for_and_its_gap_is_told():
    model = classifier(Functional(), classes=4)
    with torch.no_grad():
        model.network.second.weight.mul_(20)
    found = igcli.attribute(model, random_picture(), method="deep-lift", score="logit")
    assert all(part in found.premise for part in ("1 GELU", "1 Sigmoid", "1 products of activations"))
    assert "1 ReLU" not in found.premise
    assert found.completeness.within_tolerance is False
    assert found.completeness.gap == pytest.approx(abs(found.total - found.score.rise))


def test_the_gap_of_deep_lift_says_whether_its_rules_kept_the_sum():
    """Captum's rule for max-pooling does not always: called by hand on this network, it is off by as much."""
    kept, broken = small_network(), small_network()
    kept[3] = nn.AvgPool2d(2)
    for network, expected in ((kept, True), (broken, False)):
        model = classifier(network, classes=5)
        found = igcli.attribute(model, random_picture(), method="deep-lift", score="logit")
        assert found.completeness.within_tolerance is expected


def test_the_gap_of_lrp_is_measured_against_the_score_itself():
    """Without biases relevance is conserved; with them they take their share."""
    network = network_of(nn.ReLU())
    for module in network:
        if getattr(module, "bias", None) is not None:
            nn.init.zeros_(module.bias)
    model = classifier(network, classes=4)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    found = igcli.attribute(model, random_picture(), method="lrp", score="logit", baseline="white")
    assert found.completeness.sums_to == "score"
    assert found.completeness.gap == pytest.approx(abs(found.total - found.score.at_image))
    assert found.completeness.relative_gap < 1e-3


def test_a_premise_is_asked_of_each_network_once(monkeypatch):
    asked = []

    def ask(_method, model):
        asked.append(model)
        return ""

    monkeypatch.setattr(METHODS["gradient"], "unmet_premise", classmethod(ask))
    model = classifier(small_network(), classes=5)
    for seed in range(3):
        igcli.attribute(model, random_picture(seed=seed), method="gradient")
    assert len(asked) == 1
