"""What every registered method promises."""

import pytest
import torch
from torch import nn
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.methods import METHODS


@pytest.mark.parametrize("method", METHODS)
def test_map_has_the_pictures_shape_is_finite_on_the_cpu_and_in_float32(small, picture, method):
    values = igcli.attribute(small, picture, method=method).values
    assert values.shape == picture.pixels.shape
    assert values.dtype == torch.float32
    assert values.device.type == "cpu"
    assert torch.isfinite(values).all()
    assert values.abs().max() > 0


@pytest.mark.parametrize("method", METHODS)
def test_the_picture_and_the_network_are_as_before(small, picture, method):
    small.network.train()
    pixels = picture.pixels.clone()
    state = {name: value.clone() for name, value in small.network.state_dict().items()}
    igcli.attribute(small, picture, method=method)
    assert torch.equal(picture.pixels, pixels)
    assert picture.pixels.grad is None
    assert all(torch.equal(value, state[name]) for name, value in small.network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in small.network.parameters())
    assert small.network.training


@pytest.mark.parametrize("method", METHODS)
def test_a_pixel_the_network_does_not_look_at_gets_nothing(method):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = small_network()

        def forward(self, x):
            return self.inner(torch.cat([x[..., :6], torch.zeros_like(x[..., 6:])], dim=-1))

    values = igcli.attribute(classifier(Half(), classes=5), random_picture(), method=method).values
    assert values[..., 6:].abs().max() == 0
    assert values[..., :6].abs().max() > 0


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].complete])
@pytest.mark.parametrize("score", ["softmax", "logit", "log-softmax"])
def test_complete_methods_sum_to_the_scores_rise(small_double, method, score):
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(small_double, picture, method=method, score=score, steps=3000)
    assert result.completeness.relative_gap < 2e-3


@pytest.mark.parametrize("method", METHODS)
def test_works_on_one_channel_and_on_odd_sizes(method):
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 5))
    model = classifier(network, classes=5)
    model.mean, model.std = (0.5,), (0.25,)
    picture = igcli.Picture(torch.rand(1, 7, 9))
    assert igcli.attribute(model, picture, method=method).values.shape == (1, 7, 9)
