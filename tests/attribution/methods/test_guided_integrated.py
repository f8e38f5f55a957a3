"""Guided integrated gradients, against the published algorithm in plain loops."""

import pytest
import torch
from toys import count_gradients, random_picture

import igcli
from igcli.attribution.methods.guided_integrated import advance
from igcli.attribution.path import Path
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted


def gradient(model, point, target):
    point = point[None].clone().requires_grad_()
    model(point).softmax(1)[0, target].backward()
    return point.grad[0]


def by_the_paper(model, pixels, target, steps, *, fraction=0.25, distance=0.02):
    """One value at a time, positions rather than progress; baseline black."""
    model.network.eval()
    goal_of_all = pixels.flatten().tolist()
    here, attribution = [0.0] * len(goal_of_all), [0.0] * len(goal_of_all)
    whole = sum(abs(g) for g in goal_of_all)
    for step in range(1, steps + 1):
        slopes = gradient(model, torch.tensor(here, dtype=torch.float64).reshape(pixels.shape), target).flatten()
        low, high = max(step / steps - distance, 0), min(step / steps + distance, 1)
        before = list(here)
        here = [max(x, low * g) for x, g in zip(here, goal_of_all, strict=True)]
        open_ones = {i for i, g in enumerate(goal_of_all) if g and here[i] < high * g - 1e-15}
        while True:
            missing = sum(g - x for x, g in zip(here, goal_of_all, strict=True)) - whole * (1 - step / steps)
            if missing <= 1e-12 or not open_ones:
                break
            ranks = sorted(abs(slopes[i].item()) if i in open_ones else float("inf") for i in range(len(here)))
            limit = ranks[int(fraction * (len(here) - 1))]
            chosen = [i for i in open_ones if abs(slopes[i].item()) <= limit]
            room = sum(high * goal_of_all[i] - here[i] for i in chosen)
            share = min(missing / room, 1)
            for i in chosen:
                here[i] += share * (high * goal_of_all[i] - here[i])
            open_ones -= set(chosen)
            if share < 1:
                break
        attribution = [
            a + (x - b) * slope for a, x, b, slope in zip(attribution, here, before, slopes.tolist(), strict=True)
        ]
    return torch.tensor(attribution, dtype=torch.float64).reshape(pixels.shape)


@pytest.mark.parametrize("steps", [1, 10, 60])
def test_equals_the_published_algorithm_in_plain_loops(small_double, steps):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="guided-integrated", target=2, steps=steps)
    torch.testing.assert_close(ours.values, by_the_paper(small_double, picture.pixels, 2, steps), rtol=0, atol=1e-10)
    assert ours.gradient_evaluations == steps


def test_all_values_at_once_is_the_straight_path(small_double):
    picture, how = random_picture(dtype=torch.float64), {"target": 1, "steps": 20, "guided_fraction": 1.0}
    ours = igcli.attribute(small_double, picture, method="guided-integrated", **how)
    small_double.network.eval()
    left_sum = sum(gradient(small_double, picture.pixels * k / 20, 1) for k in range(20)) / 20 * picture.pixels
    torch.testing.assert_close(ours.values, left_sum, rtol=0, atol=1e-10)


def test_no_distance_is_the_straight_path_too(small_double):
    picture, how = random_picture(dtype=torch.float64), {"target": 1, "steps": 20, "guided_distance": 0.0}
    ours = igcli.attribute(small_double, picture, method="guided-integrated", **how)
    small_double.network.eval()
    left_sum = sum(gradient(small_double, picture.pixels * k / 20, 1) for k in range(20)) / 20 * picture.pixels
    torch.testing.assert_close(ours.values, left_sum, rtol=0, atol=1e-10)


@pytest.mark.parametrize(("fraction", "distance"), [(0.1, 1.0), (0.5, 0.1)])
def test_fraction_and_distance_are_those_of_the_algorithm(small_double, fraction, distance):
    picture = random_picture(dtype=torch.float64)
    how = {"target": 2, "steps": 9, "guided_fraction": fraction, "guided_distance": distance}
    ours = igcli.attribute(small_double, picture, method="guided-integrated", **how)
    expected = by_the_paper(small_double, picture.pixels, 2, 9, fraction=fraction, distance=distance)
    torch.testing.assert_close(ours.values, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("size", [1, 4, 64])
def test_photos_and_classes_side_by_side_have_the_maps_that_they_have_alone(small_double, size):
    pictures = [random_picture(seed=seed, dtype=torch.float64) for seed in range(3)]
    wanted = Wanted(("guided-integrated",), (0, 2), Settings(steps=7, baseline="black+white"))
    calls = count_gradients(small_double)
    several = igcli.explain(small_double, pictures, wanted, budget=size)
    passes = 3 * 2 * 2 * 7  # photos, classes, baselines, steps
    assert sum(calls) == passes
    assert sum(map(bool, calls)) == 7 * -(-12 // size)
    for picture, each in zip(pictures, several, strict=True):
        for target, explanation in zip((0, 2), each, strict=True):
            found = explanation.results["guided-integrated"]
            how = {"target": target, "steps": 7, "baseline": "black+white"}
            alone = igcli.attribute(small_double, picture, method="guided-integrated", **how)
            torch.testing.assert_close(found.values, alone.values)
            assert found.gradient_evaluations == alone.gradient_evaluations == 14


@pytest.mark.parametrize("baseline", ["black", "white", "blur"])
def test_on_a_linear_score_every_path_gives_integrated_gradients(quadratic, baseline):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    settings = {"score": "logit", "baseline": baseline, "steps": 9}
    guided, plain = (
        igcli.attribute(quadratic, picture, method=m, **settings) for m in ("guided-integrated", "integrated")
    )
    torch.testing.assert_close(guided.values, plain.values)


def test_flat_values_go_first_and_none_strays_from_the_straight_path():
    path = Path.of(igcli.Picture(torch.ones(1, 1, 4)))
    steep = torch.tensor([[[3.0, 1.0, 2.0, 4.0]]])
    after = advance(torch.zeros(1, 1, 4), steep, path, goal=0.25, fraction=0.25, distance=0.5)
    torch.testing.assert_close(after, torch.tensor([[[0.0, 0.75, 0.25, 0.0]]]))
    near = advance(torch.zeros(1, 1, 4), steep, path, goal=0.25, fraction=0.25, distance=0.1)
    torch.testing.assert_close(near, torch.tensor([[[0.15, 0.35, 0.35, 0.15]]]))


def test_a_value_that_is_the_baselines_already_gets_nothing(small):
    picture = random_picture()
    picture.pixels[:, 3, 4] = 0
    assert igcli.attribute(small, picture, method="guided-integrated", steps=12).values[:, 3, 4].abs().max() == 0
