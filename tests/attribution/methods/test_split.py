"""Left and right integrated gradients: the two parts of one integral."""

import math

import numpy as np
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.budget import Budget
from igcli.attribution.explain import explain
from igcli.attribution.result import Settings
from igcli.attribution.views.saturation import alpha_star
from igcli.attribution.wanted import Wanted

BOTH = ("left-integrated", "right-integrated")


def explained(model, picture, methods=(*BOTH, "integrated"), *, targets=("top",), budget=None, **settings):
    wanted = Wanted(methods, targets, Settings(**settings))
    ((explanation,),) = explain(model, [picture], wanted, budget=budget)
    return explanation


@pytest.mark.parametrize("rule", ["midpoint", "right", "trapezoid", "gauss-legendre"])
@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, 0.99])
def test_left_and_right_add_up_to_integrated_to_rounding(small, picture, rule, phi):
    results = explained(small, picture, steps=30, rule=rule, phi=phi).results
    left, right, whole = (results[name].values.double() for name in (*BOTH, "integrated"))
    assert ((left + right) - whole).abs().max() < 1e-6 * whole.abs().max()


@pytest.mark.parametrize("target", range(5))
@pytest.mark.parametrize("size", [1, 5, 64])
def test_equals_the_plain_loop_for_rising_and_falling_scores(small_double, target, size):
    picture = random_picture(dtype=torch.float64)
    got = explained(
        small_double, picture, BOTH, targets=(target,), score="logit", steps=40, phi=0.6, budget=Budget(size)
    )
    small_double.network.eval()
    start, end = got.score.at_baseline, got.score.at_image
    parts, saturated, star = [torch.zeros(3, 12, 12).double() for _ in range(2)], False, 1.0
    for k in range(40):
        point = ((k + 0.5) / 40 * picture.pixels)[None].requires_grad_()
        score = small_double(point)[0, target]
        score.backward()
        if not saturated and (score.item() - start) / (end - start) > 0.6:
            saturated, star = True, (k + 0.5) / 40
        parts[saturated] += point.grad[0] / 40
    for name, part in zip(BOTH, parts, strict=True):
        torch.testing.assert_close(got.results[name].values, part * picture.pixels, rtol=1e-10, atol=1e-14)
    extras = got.results["left-integrated"].extras
    left, right = (part * picture.pixels for part in parts)
    assert extras["alpha_star"] == pytest.approx(star)
    assert extras["right_over_left"] == pytest.approx((right.norm() / left.norm()).item())
    assert extras["left_share"] == pytest.approx(left.sum().item() / (end - start))


def test_alpha_star_is_that_of_the_saturation_view(small, picture):
    explanation = explained(small, picture)
    trace, extras = explanation.trace, explanation.results["right-integrated"].extras
    expected = alpha_star(trace.alphas, trace.scores, at_baseline=trace.at_baseline, at_image=trace.at_image, phi=0.9)
    assert extras["alpha_star"] == pytest.approx(expected)


def test_shares_sum_to_one_but_for_the_completeness_gap(small, picture):
    explanation = explained(small, picture)
    extras, gap = explanation.results["left-integrated"].extras, explanation.results["integrated"].completeness
    assert extras["left_share"] + extras["right_share"] == pytest.approx(1, abs=1.01 * gap.relative_gap + 1e-6)


def test_points_that_others_ask_for_do_not_move_the_split(small, picture):
    alone = explained(small, picture, BOTH)
    wanted = Wanted((*BOTH, "gradient"), alphas=np.linspace(0, 1, 301).tolist())
    ((shared,),) = explain(small, [picture], wanted)
    for name in BOTH:
        torch.testing.assert_close(shared.results[name].values, alone.results[name].values)
        assert shared.results[name].extras["alpha_star"] == alone.results[name].extras["alpha_star"]


def test_a_linear_score_is_split_at_phi(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    result = igcli.attribute(quadratic, picture, method="left-integrated", score="logit", phi=0.75, steps=100)
    assert result.extras["alpha_star"] == pytest.approx(0.755)
    assert result.extras["left_share"] == pytest.approx(0.75)
    assert result.extras["right_over_left"] == pytest.approx(1 / 3)


def test_a_score_that_does_not_move_is_all_left_and_has_no_alpha_star(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
        quadratic.network.linear.zero_()
    result = igcli.attribute(quadratic, random_picture(dtype=torch.float64), method="right-integrated", score="logit")
    assert result.values.abs().max() == 0
    assert all(math.isnan(value) for value in result.extras.values())


def test_three_methods_share_one_sweep(small, picture):
    explanation = explained(small, picture, steps=20)
    assert {result.gradient_evaluations for result in explanation.results.values()} == {20}
