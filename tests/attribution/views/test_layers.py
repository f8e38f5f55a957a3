from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn
from toys import classifier, random_picture

from igcli.attribution.budget import Budget
from igcli.attribution.path import Path
from igcli.attribution.views.layers import layer_distances
from igcli.errors import NetworkError, NumericalError, UsageError
from igcli.images.picture import Picture

ALPHAS = np.array([0.0, 0.3, 0.8, 1.0])


def path_of(picture):
    return Path.of(picture)


def plain(model, pixels, name):
    """The activation by running the layers one after the other, without hooks."""
    mean, std = (torch.tensor(v, dtype=pixels.dtype)[:, None, None] for v in (model.mean, model.std))
    value = (pixels - mean) / std
    for own, module in model.network.eval().named_children():
        value = module(value)
        if own == name:
            return value.detach().clone().flatten().double()
    raise AssertionError(name)


def hooks(model):
    return sum(len(module._forward_hooks) for module in model.network.modules())


@pytest.mark.parametrize("size", [1, 3, 100])
def test_distances_are_those_of_a_plain_forward_pass(small_double, size):
    picture = random_picture(dtype=torch.float64)
    # "1" is followed by an in-place ReLU that writes into its output
    found = layer_distances(small_double, path_of(picture), ALPHAS, layers=["1", "4", "9"], budget=Budget(size))
    assert found.layers == ("1", "4", "9")
    with torch.no_grad():
        for row, name in enumerate(found.layers):
            there = plain(small_double, picture.pixels[None], name)
            assert found.norms[row] == pytest.approx(there.norm().item())
            for column, alpha in enumerate(ALPHAS):
                here = plain(small_double, (alpha * picture.pixels)[None], name)
                cosine = 1 - torch.nn.functional.cosine_similarity(here, there, dim=0).item()
                assert found.l2[row, column] == pytest.approx((here - there).norm().item(), abs=1e-12)
                assert found.cosine[row, column] == pytest.approx(cosine, abs=1e-10)
                assert found.relative_l2[row, column] == pytest.approx(found.l2[row, column] / there.norm().item())


def test_at_the_photo_the_distance_vanishes(small, picture):
    found = layer_distances(small, path_of(picture), np.array([1.0]), layers=["*"], budget=Budget(1))
    assert found.l2.max() == pytest.approx(0, abs=1e-4)
    assert found.cosine.max() == pytest.approx(0, abs=1e-6)


def test_no_hook_is_left_and_the_mode_is_as_before(small, picture):
    small.network.train()
    layer_distances(small, path_of(picture), ALPHAS, budget=Budget(2))
    assert hooks(small) == 0
    assert small.network.training


class Raises(nn.Module):
    def __init__(self, at: int) -> None:
        super().__init__()
        self.inner = nn.Conv2d(3, 2, 1)
        self.calls, self.at = 0, at

    def forward(self, x):
        self.calls += 1
        value = self.inner(x)
        if self.calls == self.at:
            raise RuntimeError("broken on purpose")
        return value.flatten(1)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_no_hook_is_left_when_the_network_raises(picture, at):
    model = classifier(Raises(at), classes=3)
    with pytest.raises(NetworkError, match="on purpose"):
        layer_distances(model, path_of(picture), ALPHAS, layers=["inner"], budget=Budget(2))
    assert hooks(model) == 0


def test_out_of_memory_halves_the_chunk_and_counts_nothing_twice(small_double):
    picture = random_picture(dtype=torch.float64)
    inner = small_double.network

    class Cramped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = inner

        def forward(self, x):
            value = self.net(x)  # fails after the hooks have run
            if len(x) > 1:
                raise RuntimeError("out of memory")
            return value

    model = classifier(Cramped(), classes=5)
    budget = Budget(4)
    found = layer_distances(model, path_of(picture), ALPHAS, layers=["net.4"], budget=budget)
    whole = layer_distances(small_double, path_of(picture), ALPHAS, layers=["4"], budget=Budget(1))
    assert budget.size == 1
    np.testing.assert_allclose(found.l2, whole.l2, atol=1e-12)


class Switch(nn.Module):
    """An activation that is zero below a brightness, like a dead ReLU: at α = 0, at the photo, or at both."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.gate = nn.ReLU()
        self.threshold = threshold
        self.weight = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return (self.gate(x - self.threshold) * self.weight).flatten(1)


@pytest.mark.parametrize(("threshold", "at_baseline"), [(0.0, 1.0), (2.0, 0.0)])
def test_zero_activations_have_defined_distances(threshold, at_baseline):
    model = classifier(Switch(threshold), classes=3)
    model.mean, model.std = (0.0,), (1.0,)
    picture = random_picture()
    found = layer_distances(model, path_of(picture), ALPHAS, layers=["gate"], budget=Budget(3))
    assert found.cosine[0, 0] == at_baseline
    assert found.cosine[0, -1] == pytest.approx(0, abs=1e-6)
    for values in (found.l2, found.cosine, found.relative_l2, found.norms):
        assert np.isfinite(values).all()


def test_a_photo_that_is_zero_while_the_baseline_is_not():
    model = classifier(Switch(0.0), classes=3)
    model.mean, model.std = (0.0,), (1.0,)
    white = torch.ones(3, 12, 12)
    found = layer_distances(
        model, Path.of(Picture(torch.zeros_like(white)), white), ALPHAS, layers=["gate"], budget=Budget(3)
    )
    assert found.cosine.tolist() == [[1.0, 1.0, 1.0, 0.0]]
    assert found.relative_l2.tolist() == [[1.0, 1.0, 1.0, 0.0]]


def test_opposite_activations_are_two_apart():
    model = classifier(nn.Sequential(nn.Identity(), nn.Flatten()), classes=3)
    model.mean, model.std = (0.5,), (1.0,)
    path = Path.of(Picture(torch.ones(3, 12, 12)))
    found = layer_distances(model, path, np.array([0.0, 0.5]), layers=["0"], budget=Budget(1))
    assert found.cosine[0].tolist() == [2.0, 1.0]


def test_a_module_that_runs_twice_is_one_long_vector(small_double):
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.square = nn.Sigmoid()

        def forward(self, x):
            return (self.square(x) + self.square(2 * x)).flatten(1)

    model = classifier(Twice(), classes=3)
    model.mean, model.std = (0.0,), (1.0,)
    path = Path.of(Picture(torch.ones(3, 4, 4)))
    found = layer_distances(model, path, np.array([0.0]), layers=["square"], budget=Budget(1))
    s = torch.sigmoid(torch.tensor([1.0, 2.0])).double() - 0.5
    assert found.l2[0, 0] == pytest.approx((48 * s.square().sum()).sqrt().item(), rel=1e-5)


def test_an_unknown_layer_is_refused_with_the_closest_name(small, picture):
    with pytest.raises(UsageError, match=r"Did you mean .*9"):
        layer_distances(small, path_of(picture), ALPHAS, layers=["90"], budget=Budget(1))


class Odd(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.idle = nn.Linear(2, 2)
        self.text = Text()
        self.first = nn.Conv2d(3, 2, 1)

    def forward(self, x):
        self.text(x)
        return self.first(x).flatten(1)


class Text(nn.Module):
    def forward(self, x):
        return "no tensor"


@pytest.mark.parametrize(("layer", "words"), [("idle", "does not run"), ("text", "does not return a tensor")])
def test_a_layer_without_activations_is_refused(picture, layer, words):
    model = classifier(Odd(), classes=3)
    with pytest.raises(UsageError, match=words):
        layer_distances(model, path_of(picture), ALPHAS, layers=[layer], budget=Budget(2))
    assert hooks(model) == 0


def test_activations_that_are_not_finite_name_their_layer(small, picture):
    with torch.no_grad():
        small.network[4].weight[0, 0, 0, 0] = float("inf")
    with pytest.raises(NumericalError, match=r"of 4 are not finite"):
        layer_distances(small, path_of(picture), ALPHAS, layers=["0", "4"], budget=Budget(2))
