"""What every registered method promises."""

import pytest
import torch
from torch import nn
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Explanation, Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import NumericalError, UsageError


def suited(method):
    """A score that the method can explain."""
    return (METHODS[method].scores or ("softmax",))[0]


@pytest.mark.parametrize("method", METHODS)
def test_map_has_the_pictures_shape_is_finite_on_the_cpu_and_in_float32(small, picture, method):
    values = igcli.attribute(small, picture, method=method, score=suited(method)).values
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
    igcli.attribute(small, picture, method=method, score=suited(method))
    assert torch.equal(picture.pixels, pixels)
    assert picture.pixels.grad is None
    assert all(torch.equal(value, state[name]) for name, value in small.network.state_dict().items())
    assert all(parameter.grad is None and parameter.requires_grad for parameter in small.network.parameters())
    assert small.network.training


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].pixelwise])
def test_a_pixel_the_network_does_not_look_at_gets_nothing(method):
    class Half(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = small_network()

        def forward(self, x):
            return self.inner(torch.cat([x[..., :6], torch.zeros_like(x[..., 6:])], dim=-1))

    values = igcli.attribute(
        classifier(Half(), classes=5), random_picture(), method=method, score=suited(method)
    ).values
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
    assert igcli.attribute(model, picture, method=method, score=suited(method)).values.shape == (1, 7, 9)


@pytest.mark.parametrize("method", [name for name in METHODS if METHODS[name].scores])
def test_a_score_that_the_method_cannot_explain_is_refused(small, picture, method):
    with pytest.raises(UsageError, match=f"{method} cannot .* --score {suited(method)}"):
        igcli.attribute(small, picture, method=method, score="log-softmax")


@pytest.mark.parametrize("method", METHODS)
def test_leaves_no_hooks_on_the_network(small, picture, method):
    igcli.attribute(small, picture, method=method, score=suited(method))
    assert not any(m._forward_hooks or m._forward_pre_hooks or m._backward_hooks for m in small.network.modules())


@pytest.mark.parametrize("method", METHODS)
def test_a_method_gives_the_same_beside_others_as_alone(small, picture, method):
    wanted = Wanted(("integrated", method, "gradient"), settings=Settings(score=suited(method)))
    ((found,),) = explain(small, [picture], wanted)
    alone = igcli.attribute(small, picture, method=method, score=suited(method))
    torch.testing.assert_close(found.results[method].values, alone.values)
    assert found.results[method].steps == alone.steps


@pytest.mark.parametrize("method", [name for name in METHODS if not METHODS[name].from_baseline])
def test_a_method_that_has_no_use_for_the_baseline_does_not_depend_on_it(small, picture, method):
    maps = [
        igcli.attribute(small, picture, method=method, score=suited(method), baseline=b).values
        for b in ("black", "white+black")
    ]
    torch.testing.assert_close(*maps)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("surrounding", [torch.no_grad, torch.inference_mode])
def test_works_where_the_caller_has_switched_gradients_off(small, picture, method, surrounding):
    expected = igcli.attribute(small, picture, method=method, score=suited(method)).values
    with surrounding():
        values = igcli.attribute(small, picture, method=method, score=suited(method)).values
    torch.testing.assert_close(values, expected)


# A path to another class need not pass there: test_ig2.py has its own.
@pytest.mark.parametrize("method", [n for n in METHODS if METHODS[n].uses_steps and METHODS[n].sums_to != "end"])
def test_one_that_is_not_finite_along_its_way_fails_alone(method):
    class Fragile(nn.Module):
        """Without a number for pictures of a middling contrast: neither at the ends nor at the start of the path."""

        def __init__(self):
            super().__init__()
            self.inner = small_network()

        def forward(self, x):
            spread = x.std(dim=(1, 2, 3))
            return self.inner(x) + torch.where((spread > 0.12) & (spread < 0.2), torch.nan, 0.0)[:, None]

    model = classifier(Fragile(), classes=5)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    bad, good = random_picture(seed=1), random_picture(seed=2)
    good.pixels.mul_(0.3)
    wanted = Wanted((method,), settings=Settings(score=suited(method)))
    (first,), (second,) = explain(model, [bad, good], wanted)
    assert isinstance(first, NumericalError)
    assert isinstance(second, Explanation)
