from __future__ import annotations

import pytest
import torchvision
from torch import nn
from toys import classifier

from igcli.attribution.views.layer_choice import GOOGLENET_LAYERS, default_layers, find_layers
from igcli.errors import UsageError


def model_of(network):
    return classifier(network, classes=10)


@pytest.fixture(scope="module")
def googlenet():
    return model_of(torchvision.models.googlenet(num_classes=10, aux_logits=False, init_weights=False))


def test_a_googlenet_shows_the_papers_layers(googlenet):
    assert tuple(find_layers(googlenet)) == GOOGLENET_LAYERS


def test_patterns_and_names_give_each_layer_once_in_the_order_of_the_network(googlenet):
    found = find_layers(googlenet, ["inception5b", "inception4?", "inception4b"])
    assert found == ["inception4a", "inception4b", "inception4c", "inception4d", "inception4e", "inception5b"]


def test_an_unknown_layer_is_refused_with_the_closest_names(googlenet):
    with pytest.raises(UsageError, match=r"Did you mean .*inception4b"):
        find_layers(googlenet, ["inceptoin4b"])
    with pytest.raises(UsageError, match=r"ig models show MODEL --layers"):
        find_layers(googlenet, ["qqq*"])


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda: torchvision.models.resnet18(num_classes=10), ["bn1", "layer1", "layer3", "layer4"]),
        (lambda: torchvision.models.vit_b_16(num_classes=10), None),
        (lambda: torchvision.models.alexnet(num_classes=10), None),
        (lambda: nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(2, 2)), ["0"]),
        (lambda: nn.Sequential(nn.Linear(2, 2)), ["0"]),
    ],
)
def test_other_networks_show_evenly_spread_blocks_that_exist(build, expected):
    model = model_of(build())
    found = default_layers(model)
    assert set(found) <= set(model.layers())
    assert 1 <= len(found) <= 4
    assert found == [name for name in model.layers() if name in found]
    if expected:
        assert found == expected
    else:
        assert len(found) == 4
