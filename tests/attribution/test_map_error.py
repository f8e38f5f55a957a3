"""The map's error bar: near the true error where the gradient jumps, above it where it changes smoothly."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from toys import classifier, random_picture

import igcli
from igcli.attribution.map_error import MapError
from igcli.attribution.paths.kind import find_path
from igcli.attribution.quadrature import Nodes, nodes
from igcli.attribution.sweep import Chunk
from igcli.sample import Layout


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


def estimate(gradients, points, *, kind="straight", size=1000):
    """The estimate of a picture from its gradients at all points of the path, ``size`` of them at once."""
    generator = torch.Generator().manual_seed(5)
    end = (
        torch.rand(gradients.shape[1:], generator=generator) if kind != "straight" else torch.ones(gradients.shape[1:])
    )
    path = find_path(kind).path(torch.zeros_like(end), end, Layout.of(end, 0), ())
    error, none = MapError(path, points), torch.zeros(len(points), 1)
    alphas, weights = torch.from_numpy(points.alphas), torch.from_numpy(points.weights)
    for start in range(0, len(gradients), size):
        here = slice(start, start + size)
        error.add(Chunk(start, alphas[here], weights[here], none, none[:, 0], gradients[here], path, points))
    return error.estimate()


def jumpy():
    model = classifier(Jumpy(), classes=2)
    model.mean, model.std = (0.0,) * 3, (1.0,) * 3
    return model


def error(found, reference):
    difference = (found.values - reference.values).sum(dim=0)
    return (difference.norm() / reference.values.sum(dim=0).norm()).item()


@pytest.fixture(scope="module")
def references():
    """Six pictures, each with its map as if without error."""
    model, pictures = jumpy(), [random_picture(seed=seed, dtype=torch.float64) for seed in range(6)]
    return [(each, igcli.attribute(model, each, target=0, score="logit", steps=8000)) for each in pictures]


def ratios(references, **settings):
    """Estimate over true error, for each picture."""
    model, found = jumpy(), []
    for picture, reference in references:
        result = igcli.attribute(model, picture, target=0, score="logit", **settings)
        found.append(result.extras["map_error"] / error(result, reference))
    return found


@pytest.mark.parametrize("rule", ["midpoint", "gauss-legendre", "trapezoid"])
@pytest.mark.parametrize("steps", [12, 30])
def test_where_the_gradient_jumps_the_estimate_is_the_error(references, rule, steps):
    found = ratios(references, steps=steps, rule=rule)
    assert 0.7 < np.median(found) < 1.5
    assert 0.4 < min(found) <= max(found) < 2.5


@pytest.mark.parametrize("tolerance", [0.01, 1e-4])
def test_on_the_adaptive_path_too(references, tolerance):
    found = ratios(references, tolerance=tolerance)
    assert 0.7 < np.median(found) < 1.5
    assert 0.4 < min(found) <= max(found) < 2.5


def test_within_a_tolerance_of_the_map_the_true_error_is_as_small(references):
    model = jumpy()
    for picture, reference in references[:3]:
        result = igcli.attribute(model, picture, target=0, score="logit", map_tolerance=0.01, max_steps=1000)
        assert result.extras["map_within_tolerance"] is True
        assert 0.0025 < error(result, reference) < 0.02


def test_cells_whose_points_lie_at_an_edge_are_off_by_four_times_as_much():
    generator = torch.Generator().manual_seed(0)
    gradients = torch.randn(1000, 1, 2, 2, generator=generator, dtype=torch.float64)
    estimates = [estimate(gradients, nodes(rule, 1000)) for rule in ("midpoint", "right")]
    assert estimates[1] ** 2 / estimates[0] ** 2 == pytest.approx(4, rel=1e-2)


def test_errors_of_averaged_paths_make_up_for_one_another(small_double):
    picture = random_picture(dtype=torch.float64)
    apart = [igcli.attribute(small_double, picture, baseline=name, steps=20) for name in ("black", "white")]
    joint = igcli.attribute(small_double, picture, baseline="black+white", steps=20)
    errors = [each.extras["map_error"] * each.values.sum(dim=0).norm().item() for each in apart]
    expected = math.hypot(*errors) / 2 / joint.values.sum(dim=0).norm().item()
    assert joint.extras["map_error"] == pytest.approx(expected)


def test_smooth_change_is_taken_for_jumps(quadratic):
    picture = random_picture(dtype=torch.float64)
    found = igcli.attribute(quadratic, picture, target=1, score="logit", steps=10)
    assert found.completeness.relative_gap < 1e-12
    assert 0 < found.extras["map_error"] < 0.5


@pytest.mark.parametrize("kind", ["straight", "spectral", "blur"])
def test_a_straight_score_has_an_exact_map(kind):
    assert estimate(torch.ones(5, 1, 4, 4), nodes("midpoint", 5), kind=kind) == 0


@pytest.mark.parametrize("kind", ["straight", "spectral", "blur"])
def test_chunks_and_points_of_no_weight_make_no_difference(kind):
    generator = torch.Generator().manual_seed(0)
    points, gradients = nodes("midpoint", 10), torch.randn(10, 2, 3, 3, generator=generator)
    whole = estimate(gradients, points, kind=kind)
    with_others = points.including(points.alphas + 0.02)
    asked_for = (gradients[:1] * 100).expand_as(gradients)
    mixed = torch.stack([gradients, asked_for], dim=1).flatten(0, 1)
    for size in (1, 3, 20):
        assert estimate(mixed, with_others, kind=kind, size=size) == pytest.approx(whole)


@pytest.mark.parametrize("method", ["spectral-integrated", "blur-integrated"])
def test_on_a_path_that_bends_the_estimate_is_the_error_too(method):
    model, found = jumpy(), []
    for seed in range(6):
        picture = random_picture(seed=seed, dtype=torch.float64)
        how = {"target": 0, "score": "logit", "method": method}
        result, reference = (igcli.attribute(model, picture, steps=steps, **how) for steps in (24, 4000))
        found.append(result.extras["map_error"] / error(result, reference))
    assert 0.6 < np.median(found) < 1.7


def test_one_point_and_no_point_say_nothing(small):
    assert math.isnan(igcli.attribute(small, random_picture(), steps=1).extras["map_error"])
    assert math.isnan(estimate(torch.ones(0, 1, 2, 2), Nodes.none()))


def test_a_picture_that_is_its_own_baseline_has_an_exact_map(small):
    black = random_picture()
    black.pixels.zero_()
    assert igcli.attribute(small, black).extras["map_error"] == 0
