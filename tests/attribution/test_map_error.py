"""The map's error bar: near the true error where the gradient jumps, above it where it changes smoothly."""

import math

import pytest
import torch
from torch import nn
from toys import classifier, random_picture

import igcli
from igcli.attribution.map_error import MapError


class Jumpy(nn.Module):
    """Sums of many ReLUs that open at random points of the path: its gradient is nothing but jumps."""

    def __init__(self):
        super().__init__()
        generator = torch.Generator().manual_seed(2)
        size = (400, 3 * 12 * 12)
        self.directions = nn.Parameter(torch.randn(size, generator=generator, dtype=torch.float64))
        self.thresholds = nn.Parameter(torch.randn(400, generator=generator, dtype=torch.float64) * 6)

    def forward(self, x):
        bent = (x.flatten(1) @ self.directions.T - self.thresholds).relu()
        return torch.stack([bent[:, :200].sum(dim=1), bent[:, 200:].sum(dim=1)], dim=1)


def jumpy():
    model = classifier(Jumpy(), classes=2)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    return model


def error(found, reference):
    difference = (found.values - reference.values).sum(dim=0)
    return (difference.norm() / reference.values.sum(dim=0).norm()).item()


@pytest.mark.parametrize("rule", ["midpoint", "gauss-legendre", "trapezoid"])
def test_where_the_gradient_jumps_the_estimate_is_the_error(rule):
    model = jumpy()
    ratios = []
    for seed in range(6):
        picture = random_picture(seed=seed, dtype=torch.float64)
        reference = igcli.attribute(model, picture, target=0, score="logit", steps=8000)
        for steps in (12, 30):
            found = igcli.attribute(model, picture, target=0, score="logit", steps=steps, rule=rule)
            ratios.append(found.extras["map_error"] / error(found, reference))
    assert 0.7 < torch.tensor(ratios).median() < 1.5
    assert min(ratios) > 0.4
    assert max(ratios) < 2.5


def test_smooth_change_is_taken_for_jumps(quadratic):
    picture = random_picture(dtype=torch.float64)
    found = igcli.attribute(quadratic, picture, target=1, score="logit", steps=10)
    assert found.completeness.relative_gap < 1e-12
    assert 0 < found.extras["map_error"] < 0.5


def test_a_straight_score_has_an_exact_map():
    error = MapError(torch.ones(1, 2, 2))
    error.add(torch.tensor([0.25, 0.75]), torch.tensor([0.5, 0.5]), torch.ones(2, 1, 2, 2))
    assert error.estimate(torch.ones(1, 2, 2)) == 0


def test_chunks_and_points_of_no_weight_make_no_difference():
    generator = torch.Generator().manual_seed(0)
    alphas, gradients = torch.linspace(0.05, 0.95, 10), torch.randn(10, 2, 3, 3, generator=generator)
    weights = torch.full((10,), 0.1)
    whole, parts = MapError(torch.ones(2, 3, 3)), MapError(torch.ones(2, 3, 3))
    whole.add(alphas, weights, gradients)
    for i in range(10):
        parts.add(alphas[i : i + 1], weights[i : i + 1], gradients[i : i + 1])
        parts.add(alphas[i : i + 1], torch.zeros(1), gradients[i : i + 1] * 100)
    values = torch.ones(2, 3, 3)
    assert parts.estimate(values) == pytest.approx(whole.estimate(values))


def test_one_point_and_an_empty_map_say_nothing_and_one_sided_rules_are_left_out(small):
    picture = random_picture()
    assert math.isnan(igcli.attribute(small, picture, steps=1).extras["map_error"])
    assert math.isnan(MapError(torch.ones(1, 2, 2)).estimate(torch.zeros(1, 2, 2)))
    assert "map_error" not in igcli.attribute(small, picture, steps=8, rule="right").extras
