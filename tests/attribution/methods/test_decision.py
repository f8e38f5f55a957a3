"""Integrated decision gradients, against the published algorithm in plain loops."""

import numpy as np
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.methods.decision import decision_nodes


def by_the_paper(model, pixels, target, steps):
    """Pre-characterise the path, share out the points by the score's change, sum gradient · slope · width."""
    model.network.eval()

    def score(alpha):
        point = (alpha * pixels)[None].requires_grad_()
        value = model(point).softmax(1)[0, target]
        value.backward()
        return value.item(), point.grad[0]

    ends = [score(k / steps)[0] for k in range(steps + 1)]
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
            total += score(k / steps + (i + 0.5) * width)[1] * slope * width
    return total * pixels


@pytest.mark.parametrize("target", range(5))
def test_equals_the_published_algorithm_in_plain_loops(small_double, target):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="decision", target=target, steps=30)
    torch.testing.assert_close(ours.values, by_the_paper(small_double, picture.pixels, target, 30), atol=1e-12, rtol=0)
    assert ours.gradient_evaluations == 30
    assert ours.forward_evaluations == 2 + 31


def test_a_score_that_grows_evenly_gives_integrated_gradients_times_the_rise(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    ours, plain = (igcli.attribute(quadratic, picture, method=m, score="logit") for m in ("decision", "integrated"))
    torch.testing.assert_close(ours.values, plain.values * plain.score.rise)


def test_points_are_dealt_out_by_the_growth_and_weigh_as_much():
    nodes = decision_nodes(np.array([0.0, 0.0, 0.75, 1.0, 1.0]), 8)
    assert nodes.alphas == pytest.approx([*(0.25 + (np.arange(6) + 0.5) / 24), 0.5625, 0.6875])
    assert nodes.weights == pytest.approx([0.125] * 8)


def test_a_falling_stretch_has_points_too_and_counts_against():
    nodes = decision_nodes(np.array([0.0, 1.0, 0.0]), 4)
    assert nodes.weights.tolist() == [0.5, 0.5, -0.5, -0.5]


def test_a_score_that_does_not_move_has_no_decision_to_explain():
    nodes = decision_nodes(np.full(5, 0.3), 4)
    assert len(nodes) == 4
    assert not nodes.weights.any()


@pytest.mark.parametrize("steps", [1, 2, 7, 64])
def test_no_point_is_lost(steps):
    scores = np.random.default_rng(0).random(steps + 1)
    nodes = decision_nodes(scores, steps)
    assert len(nodes) == steps
    assert (np.diff(nodes.alphas) > 0).all()
