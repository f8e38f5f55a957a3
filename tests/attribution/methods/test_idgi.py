"""Important direction gradient integration, against the published sum in plain loops."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn
from toys import classifier, random_picture

import igcli
from igcli.attribution.explain import explain
from igcli.attribution.methods.method import METHODS
from igcli.attribution.quadrature import nodes
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted


def at(model, pixels, target):
    """The softmax score of a picture and its gradient."""
    pixels = pixels[None].clone().requires_grad_()
    score = model(pixels).softmax(1)[0, target]
    score.backward()
    return score.item(), pixels.grad[0]


def in_plain_loops(model, pixels, target, alphas):
    """One interval after another, the gradient taken where each begins; the first begins at the baseline."""
    model.network.eval()
    points = [at(model, alpha * pixels, target) for alpha in alphas]
    scores = [at(model, 0 * pixels, target)[0], *(score for score, _ in points[1:]), at(model, pixels, target)[0]]
    return sum(
        (after - before) * gradient.square() / gradient.square().sum()
        for (_, gradient), before, after in zip(points, scores[:-1], scores[1:], strict=True)
    )


@pytest.mark.parametrize("rule", ["midpoint", "right", "trapezoid", "gauss-legendre"])
@pytest.mark.parametrize("size", [1, 5, 64])
def test_equals_the_published_sum_in_plain_loops(small_double, rule, size):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="idgi", target=2, steps=20, rule=rule, budget=size)
    expected = in_plain_loops(small_double, picture.pixels, 2, nodes(rule, 20).alphas)
    torch.testing.assert_close(ours.values, expected, rtol=0, atol=1e-12)


def test_with_both_ends_among_the_points_the_intervals_are_the_authors_own(small_double):
    """Their loop: points k/M for k = 0..M, differences between neighbours, the gradient at the first of the two."""
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="idgi", target=1, steps=13, rule="trapezoid")
    small_double.network.eval()
    path = [at(small_double, k / 12 * picture.pixels, 1) for k in range(13)]
    expected = torch.zeros_like(picture.pixels)
    for (score, gradient), (following, _) in itertools.pairwise(path):
        expected += (following - score) * gradient**2 / (gradient * gradient).sum()
    torch.testing.assert_close(ours.values, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("steps", [1, 3, 50, "auto"])
def test_the_sum_is_the_rise_whatever_the_points_and_is_therefore_no_promise(small, steps):
    result = igcli.attribute(small, random_picture(), method="idgi", steps=steps)
    assert result.total == pytest.approx(result.score.rise, abs=1e-6)
    assert not METHODS["idgi"].complete
    assert result.completeness.within_tolerance is None


@pytest.mark.parametrize("path", ["spectral", "blur"])
def test_along_another_path_the_gradients_and_the_ends_are_those_of_that_path(small_double, path):
    picture = random_picture(dtype=torch.float64)
    found = igcli.attribute(small_double, picture, method="idgi", path=path, target=1, steps=12, rule="trapezoid")
    assert found.total == pytest.approx(found.score.rise, abs=1e-9)
    straight = igcli.attribute(small_double, picture, method="idgi", target=1, steps=12, rule="trapezoid")
    assert not torch.allclose(found.values, straight.values)


def test_costs_no_gradient_beyond_those_of_integrated_gradients(small):
    ((found,),) = explain(small, [random_picture()], Wanted(("integrated", "idgi"), settings=Settings(steps=16)))
    assert {result.gradient_evaluations for result in found.results.values()} == {16}


def test_points_that_others_ask_for_do_not_change_the_map(small):
    picture = random_picture()
    alone = igcli.attribute(small, picture, method="idgi", steps=16).values
    wanted = Wanted(("idgi", "gradient"), settings=Settings(steps=16), alphas=np.linspace(0, 1, 101).tolist())
    ((shared,),) = explain(small, [picture], wanted)
    torch.testing.assert_close(shared.results["idgi"].values, alone)


def test_intervals_without_a_gradient_get_nothing_and_divide_by_nothing():
    class Plateau(nn.Module):
        def forward(self, x):
            bent = torch.relu(x.mean(dim=(1, 2, 3)) - 0.25)
            return torch.stack([bent, torch.zeros_like(bent)], dim=1)

    model = classifier(Plateau(), classes=2)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    picture = igcli.Picture(torch.full((3, 4, 4), 0.5))
    result = igcli.attribute(model, picture, method="idgi", target=0, score="logit", steps=32)
    torch.testing.assert_close(result.values, torch.full((3, 4, 4), result.total / 48))
    assert result.total == pytest.approx(0.25, abs=0.5 / 32)


def test_gradients_too_small_to_be_squared_in_float32_still_have_a_direction():
    class Faint(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(torch.linspace(1, 2, 48) * 1e-25)

        def forward(self, x):
            return torch.stack([x.flatten(1) @ self.weight, torch.zeros(len(x))], dim=1)

    model = classifier(Faint(), classes=2)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    picture = random_picture(size=4)
    values = igcli.attribute(model, picture, method="idgi", target=0, score="logit", steps=4).values.double()
    squares = torch.linspace(1, 2, 48, dtype=torch.float64).square().reshape(3, 4, 4)
    torch.testing.assert_close(values / values.sum(), squares / squares.sum(), rtol=1e-4, atol=0)
