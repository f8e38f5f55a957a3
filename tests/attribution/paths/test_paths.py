"""What every kind of path keeps, and every integration along it."""

import numpy as np
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.paths.kind import PATHS, find_path
from igcli.attribution.quadrature import RULES, nodes
from igcli.sample import Layout

KINDS = list(PATHS)
BENT = [kind for kind in KINDS if kind != "straight"]


def smooth_picture(*shape, seed=1, dtype=torch.float64):
    """Large shapes and small detail."""
    generator = torch.Generator().manual_seed(seed)
    values = torch.rand(*shape, generator=generator, dtype=dtype).cumsum(-1).cumsum(-2)
    return values / values.max()


def a_path(kind, *shape, dtype=torch.float64):
    end = smooth_picture(*(shape or (3, 12, 9)), dtype=dtype)
    return find_path(kind).path(smooth_picture(*end.shape, seed=2, dtype=dtype) / 3, end, Layout.of(end, 0), ())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("kind", KINDS)
def test_both_ends_are_exact(kind, dtype):
    path = a_path(kind, dtype=dtype)
    ends = path.at(torch.tensor([0.0, 1.0]))
    assert torch.equal(ends[0], path.baseline)
    assert torch.equal(ends[1], path.end)
    assert ends.dtype == dtype


@pytest.mark.parametrize("rule", list(RULES))
@pytest.mark.parametrize("kind", KINDS)
def test_moves_are_the_differences_of_points_and_sum_to_the_whole(kind, rule):
    path, points = a_path(kind), nodes(rule, 7)
    lower, upper = points.cells
    assert ((lower - 1e-12 <= points.alphas) & (points.alphas <= upper + 1e-12)).all()
    moves = path.moves(lower, upper)
    torch.testing.assert_close(moves, path.at(torch.from_numpy(upper)) - path.at(torch.from_numpy(lower)))
    torch.testing.assert_close(moves.sum(dim=0), path.end - path.baseline)


@pytest.mark.parametrize("kind", KINDS)
def test_a_path_has_the_same_speed_everywhere(kind):
    path, edges = a_path(kind), np.linspace(0, 1, 1001)
    lengths = path.moves(edges[:-1], edges[1:]).flatten(1).norm(dim=1)
    assert lengths.max() / lengths.median() < 1.001
    # where a component begins inside a part, the path turns: the move is shorter than the way
    assert lengths.quantile(0.1) / lengths.median() > 0.999


@pytest.mark.parametrize("kind", KINDS)
def test_points_do_not_depend_on_those_next_to_them_nor_on_the_order_in_memory(kind):
    path, alphas = a_path(kind), torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    together = path.at(alphas)
    torch.testing.assert_close(together, torch.cat([path.at(alpha[None]) for alpha in alphas]))
    out = torch.empty_like(together, memory_format=torch.channels_last)
    path.at(alphas, out=out)
    torch.testing.assert_close(out, together)
    assert out.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("kind", BENT)
@pytest.mark.parametrize("steps", [1, 5, "auto"])
def test_the_map_of_a_linear_score_is_exact_with_any_number_of_points(kind, steps, quadratic):
    picture = random_picture(dtype=torch.float64)
    quadratic.network.square.data.zero_()
    found = igcli.attribute(quadratic, picture, target=1, score="logit", path=kind, steps=steps)
    assert found.completeness.relative_gap < 1e-9
    assert found.extras["map_error"] == pytest.approx(0, abs=1e-9) or steps == 1


@pytest.mark.parametrize("method", ["integrated", "left-integrated", "right-integrated", "decision"])
@pytest.mark.parametrize("kind", BENT)
def test_methods_agree_with_a_plain_sum_over_the_path(kind, method, small_double):
    picture, steps = random_picture(dtype=torch.float64), 12
    found = igcli.attribute(small_double, picture, target=2, method=method, path=kind, steps=steps, score="logit")
    small_double.network.eval()
    path = find_path(kind).path(torch.zeros_like(picture.pixels), picture.pixels, picture.layout, ())
    edges = torch.linspace(0, 1, steps + 1, dtype=torch.float64)
    expected = torch.zeros_like(picture.pixels)

    def score(points):
        return small_double(points)[:, 2]

    scores = score(path.at(edges)).tolist()
    alphas, lower, upper = (edges[:-1] + edges[1:]).numpy() / 2, edges[:-1].numpy(), edges[1:].numpy()
    saturated = False
    for alpha, low, high in zip(alphas, lower, upper, strict=True):
        point = path.at(torch.tensor([alpha])).requires_grad_()
        value = score(point)
        (gradient,) = torch.autograd.grad(value.sum(), point)
        low_point, high_point = path.at(torch.tensor([low, high], dtype=torch.float64))
        saturated = saturated or (value.item() - scores[0]) / (scores[-1] - scores[0]) > 0.9
        counts = {"left-integrated": not saturated, "right-integrated": saturated}.get(method, True)
        share = counts * gradient[0] * (high_point - low_point)
        slope = share.sum() / (high - low) if method == "decision" else 1
        expected += share * slope
    torch.testing.assert_close(found.values, expected, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("kind", BENT)
def test_the_adaptive_path_is_complete_and_measures_its_own_gap(kind, small_double):
    picture = random_picture(dtype=torch.float64)
    for tolerance in (1e-2, 1e-4):
        found = igcli.attribute(small_double, picture, target=1, path=kind, tolerance=tolerance, max_steps=2000)
        assert found.completeness.within_tolerance


@pytest.mark.parametrize("kind", BENT)
def test_the_same_map_whether_gradients_are_kept_or_taken_again(kind, small_double, monkeypatch):
    picture, how = random_picture(dtype=torch.float64), {"target": 1, "path": kind, "tolerance": 1e-4}
    kept = igcli.attribute(small_double, picture, **how)
    monkeypatch.setattr("igcli.attribution.adaptive.adaptive_path.MOST_BYTES", 1)
    again = igcli.attribute(small_double, picture, **how)
    assert again.gradient_evaluations > again.steps
    # slopes are then those over larger parts of the path: other points are refined, and the gap is seen less exactly
    assert again.completeness.relative_gap < 1e-2
    assert (again.values - kept.values).norm() < 2 * kept.extras["map_error"] * kept.values.sum(dim=0).norm()


@pytest.mark.parametrize("kind", BENT)
@pytest.mark.parametrize("steps", [9, "auto"])
def test_the_same_map_for_every_chunk_size(kind, steps, small_double):
    picture = random_picture(dtype=torch.float64)
    maps = [
        igcli.attribute(small_double, picture, target=1, path=kind, steps=steps, budget=size).values
        for size in (1, 4, 64)
    ]
    for other in maps[1:]:
        torch.testing.assert_close(other, maps[0])


@pytest.mark.parametrize("kind", BENT)
def test_integrate_takes_the_path_too(kind):
    inputs = smooth_picture(4, 2, 8, 8)
    found = igcli.integrate(lambda x: x.square().flatten(1).sum(dim=1), inputs, path=kind, steps=50)
    assert max(each.relative_gap for each in found.completeness) < 1e-3
    straight = igcli.integrate(lambda x: x.square().flatten(1).sum(dim=1), inputs, steps=50)
    assert not torch.allclose(found.values, straight.values)
