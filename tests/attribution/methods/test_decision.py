"""Integrated decision gradients, against the integral in plain loops and the authors' way to estimate it."""

import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted


def score_and_gradient(model, pixels, target, alpha):
    point = (alpha * pixels)[None].requires_grad_()
    value = model(point).softmax(1)[0, target]
    (gradient,) = torch.autograd.grad(value, point)
    return value.item(), gradient[0]


def at_midpoints(model, pixels, target, steps):
    """Gradient times slope there, added up over the middles of equal parts of the path."""
    model.network.eval()
    total = torch.zeros_like(pixels)
    for k in range(steps):
        _, gradient = score_and_gradient(model, pixels, target, (k + 0.5) / steps)
        total += gradient * (gradient * pixels).sum() / steps
    return total * pixels


def by_the_paper(model, pixels, target, steps):
    """Pre-characterise the path, share out the points by the score's change, sum gradient · slope · width."""
    model.network.eval()
    ends = [score_and_gradient(model, pixels, target, k / steps)[0] for k in range(steps + 1)]
    growth = [ends[k + 1] - ends[k] for k in range(steps)]
    exact = [steps * abs(g) / sum(map(abs, growth)) for g in growth]
    counts = [int(e) for e in exact]
    for k in sorted(range(steps), key=lambda k: counts[k] - exact[k])[: steps - sum(counts)]:
        counts[k] += 1
    total = torch.zeros_like(pixels)
    for k, count in enumerate(counts):
        width = 1 / steps / count if count else 0
        slope = growth[k] * steps
        for i in range(count):
            total += score_and_gradient(model, pixels, target, k / steps + (i + 0.5) * width)[1] * slope * width
    return total * pixels


def far(found, from_this):
    return float((found - from_this).norm() / from_this.norm())


@pytest.mark.parametrize("target", range(5))
def test_equals_the_integral_in_plain_loops(small_double, target):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="decision", target=target, steps=30)
    torch.testing.assert_close(ours.values, at_midpoints(small_double, picture.pixels, target, 30), atol=1e-12, rtol=0)
    assert ours.gradient_evaluations == 30
    assert ours.forward_evaluations == 2


@pytest.mark.parametrize("target", [0, 1, 4])
def test_more_points_come_nearer_to_the_integral_which_the_published_algorithm_leaves_parts_out_of(
    small_double, target
):
    picture = random_picture(dtype=torch.float64)
    pixels, how = picture.pixels, {"method": "decision", "target": target}
    dense = at_midpoints(small_double, pixels, target, 3000)
    few, many = (far(igcli.attribute(small_double, picture, steps=steps, **how).values, dense) for steps in (20, 600))
    assert many < few / 10
    assert many < far(by_the_paper(small_double, pixels, target, 600), dense) < 0.1


def test_costs_no_gradient_beyond_those_of_integrated(small_double):
    picture = random_picture(dtype=torch.float64)
    alone = igcli.attribute(small_double, picture, method="integrated")
    ((both,),) = igcli.explain(small_double, [picture], Wanted(("integrated", "decision")))
    assert both.results["decision"].gradient_evaluations == alone.gradient_evaluations
    assert both.results["decision"].steps == alone.steps


def test_sums_to_the_mean_square_of_the_slope(small_double):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="decision", target=2, steps=50)
    small_double.network.eval()
    slopes = [
        (score_and_gradient(small_double, picture.pixels, 2, (k + 0.5) / 50)[1] * picture.pixels).sum().item()
        for k in range(50)
    ]
    assert ours.total == pytest.approx(sum(slope**2 for slope in slopes) / 50)


def test_a_score_that_grows_evenly_gives_integrated_gradients_times_the_rise(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    ours, plain = (igcli.attribute(quadratic, picture, method=m, score="logit") for m in ("decision", "integrated"))
    torch.testing.assert_close(ours.values, plain.values * plain.score.rise)


def test_a_falling_stretch_counts_as_a_rising_one_does(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    settings = Settings(score="logit", steps=4)
    rising, falling = igcli.explain(quadratic, [picture], Wanted(("decision",), (0, 1), settings))[0]
    weights = quadratic.network.linear.detach()
    for found, weight in ((rising, weights[0]), (falling, weights[1])):
        share = weight.reshape(picture.pixels.shape) * picture.pixels
        torch.testing.assert_close(found.results["decision"].values, share * share.sum())


def test_a_score_that_does_not_move_has_no_decision_to_explain(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
        quadratic.network.linear.zero_()
    assert not igcli.attribute(quadratic, random_picture(dtype=torch.float64), method="decision").values.any()
