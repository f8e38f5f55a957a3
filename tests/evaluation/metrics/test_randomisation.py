import math

import numpy as np
import pytest
import torch
from evaluation.known import noise_map, photo
from toys import classifier, random_picture, small_network

import igcli
from igcli.errors import UsageError
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.metrics.randomisation import Randomisation
from igcli.evaluation.randomising import randomised


def test_a_map_that_knows_nothing_of_the_network_is_worst():
    for control in CONTROLS.values():
        assert Randomisation().measure(control(photo(), 0), control(photo(), 0)).value == pytest.approx(1)


def test_maps_that_have_nothing_in_common_are_near_zero():
    assert abs(Randomisation().measure(noise_map(seed=0, side=64), noise_map(seed=1, side=64)).value) < 0.05


def test_the_rank_correlation_is_that_of_the_importances_ranks():
    first, second = noise_map(seed=0).abs().sum(dim=0).numpy(), noise_map(seed=1).abs().sum(dim=0).numpy()
    ranked = [each.flatten().argsort().argsort() for each in (first, second)]
    found = Randomisation().measure(noise_map(seed=0), noise_map(seed=1))
    assert found.value == pytest.approx(np.corrcoef(*ranked)[0, 1])


def test_other_similarities_are_a_choice():
    assert Randomisation(compared="cosine").measure(noise_map(), -noise_map()).value == pytest.approx(-1)
    with pytest.raises(UsageError, match="spearman"):
        Randomisation(compared="taste")
    with pytest.raises(UsageError, match="layers"):
        Randomisation(top=-1)


def test_the_gradient_depends_on_the_weights_and_edges_do_not():
    model, metric = classifier(small_network(), classes=5), Randomisation(seed=1)
    other = randomised(model, seed=metric.seed, top=metric.top)
    similarities = []
    for seed in range(5):
        picture = random_picture(seed=seed)
        maps = [igcli.attribute(each, picture, method="gradient", target=0).values for each in (model, other)]
        similarities.append(metric.measure(*maps).value)
    assert np.mean(similarities) < 0.6


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (torch.zeros(3, 8, 8), noise_map(), "The map is zero"),
        (noise_map(), torch.full((3, 8, 8), torch.nan), "With random weights: the map has values"),
        (noise_map(), noise_map(side=5), "With random weights: the map is 5x5"),
    ],
)
def test_maps_that_cannot_be_compared_have_a_reason(first, second, words):
    found = Randomisation().measure(first, second)
    assert math.isnan(found.value)
    assert words in found.reason


def test_the_protocol_says_how_much_is_random():
    assert "all layers" in Randomisation().protocol(size=(224, 224))
    assert "the last 3 layers" in Randomisation(top=3).protocol(size=(224, 224))
