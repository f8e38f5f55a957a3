import numpy as np
import pytest
import torch
from evaluation.known import LOGIT, SOFTMAX, Linear, Patch, noise_map, patch_mask, photo, plain, slow_scores, subject

from igcli.evaluation.metrics.abpc import Abpc
from igcli.evaluation.scoring import score_maps

SIDE = 10  # 100 pixels: a tenth is a whole number


def measured(network, pixels, maps, score=SOFTMAX, **options):
    found = score_maps(plain(network), [subject(pixels, maps, score)], {"abpc": Abpc(**options)}).measured[0]
    return {name: each["abpc"] for name, each in found.items()}


def as_in_the_notebook(model, pixels, values, score, *, floor):
    """The authors' own function in plain steps: nine differences, normalised and clipped, their sum divided by ten."""
    black = torch.zeros_like(pixels)
    at_photo, at_black = slow_scores(model, pixels, values, black, (0, 100), score)

    def normalised(each):
        return min(max((each - at_black) / (at_photo - at_black), 0), 1)

    total = 0.0
    for count in range(10, 91, 10):
        (top,) = slow_scores(model, pixels, values, black, (count,), score)
        (bottom,) = slow_scores(model, pixels, values, black, (count,), score, least_first=True)
        apart = normalised(bottom) - normalised(top)
        total += max(apart, 0) if floor else apart
    return total / 10


@pytest.mark.parametrize("floor", [False, True])
@pytest.mark.parametrize("score", [SOFTMAX, LOGIT])
def test_it_equals_the_authors_notebook(score, floor):
    network = Linear(side=SIDE)
    for seed in range(4):
        pixels, values = photo(seed=seed, side=SIDE), noise_map(seed=seed, side=SIDE)
        found = measured(network, pixels, {"map": values}, score, floor=floor)["map"]
        expected = as_in_the_notebook(plain(network), pixels, values, score, floor=floor)
        assert found.value == pytest.approx(expected, abs=1e-12)


def test_the_true_contributions_are_best_and_their_opposite_worst():
    network, pixels = Linear(side=SIDE), photo(side=SIDE)
    true = network.weight.detach() * pixels
    maps = {"best": true, "worst": -true, **{f"random {i}": noise_map(seed=i, side=SIDE) for i in range(10)}}
    found = measured(network, pixels, maps, LOGIT)
    assert found["best"].value == pytest.approx(-found["worst"].value, abs=1e-12)
    assert all(found["worst"].value < found[f"random {i}"].value < found["best"].value for i in range(10))


def test_only_the_patch_matters():
    mask = patch_mask(SIDE)  # 12 of 100 pixels
    patch = mask.double() * (1 + 0.01 * noise_map(side=SIDE, channels=1))
    found = measured(Patch(mask), torch.full((3, SIDE, SIDE), 0.8, dtype=torch.float64), {"patch": patch})["patch"]
    most, least = found.curves["most first"].values, found.curves["least first"].values
    assert (most[0], least[0], most[-1], least[-1]) == pytest.approx((1, 1, 0, 0))
    assert (most[2:] == 0).all()  # from 20 % on the patch is gone
    assert least[1:9] == pytest.approx(np.ones(8))  # up to 80 % all of it is there
    assert 0.75 < found.value < 0.9


def test_of_random_maps_it_is_nothing_in_the_mean_and_floored_it_is_more():
    network, pixels = Linear(side=SIDE), photo(side=SIDE)
    maps = {str(i): noise_map(seed=i, side=SIDE) for i in range(200)}
    means = [
        np.mean([each.value for each in measured(network, pixels, maps, LOGIT, floor=floor).values()])
        for floor in (False, True)
    ]
    assert abs(means[0]) < 0.02
    assert means[1] > 0.03


@pytest.mark.parametrize("offset", [0.0, -1.0])
def test_a_score_that_does_not_rise_has_nothing_to_normalise_by(offset):
    network = Linear(side=SIDE)
    with torch.no_grad():
        network.weight.fill_(offset)
    found = measured(network, photo(side=SIDE), {"map": noise_map(side=SIDE)})["map"]
    assert np.isnan(found.value)
    assert "nothing to normalise" in found.reason
