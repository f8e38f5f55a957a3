"""Integrated gradients against Captum's, at the same nodes, on the bundled network."""

import captum.attr
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.budget import Budget
from igcli.images.picture import Picture
from igcli.images.reading import read_image

SIDE = 96  # the network takes any size, and its double precision any amount of time


@pytest.fixture(scope="module")
def bundled():
    return igcli.load_model("caltech101", device="cpu")


@pytest.fixture(scope="module")
def photo(samples) -> Picture:
    return read_image(samples / "chelsea.jpg", size=SIDE)


def captums(model, picture: Picture, target: int, *, rule: str, steps: int) -> torch.Tensor:
    explainer = captum.attr.IntegratedGradients(lambda pixels: model(pixels).softmax(1))
    pixels = picture.pixels.to(model.dtype)[None]
    with model.frozen():
        found = explainer.attribute(
            pixels, baselines=torch.zeros_like(pixels), target=target, n_steps=steps, method=rule, internal_batch_size=4
        )
    return found[0]


def relative_distance(first: torch.Tensor, second: torch.Tensor) -> float:
    return ((first.double() - second.double()).norm() / second.double().norm()).item()


RULES = [("right", "riemann_right"), ("midpoint", "riemann_middle"), ("gauss-legendre", "gausslegendre")]


@pytest.mark.parametrize(("rule", "captum_rule"), RULES)
def test_equals_captum_in_double(bundled, photo, rule, captum_rule, monkeypatch):
    # Captum rounds its weights to float32 on the way, an error of 3e-8; here it is kept from doing so.
    monkeypatch.setattr(torch.Tensor, "float", torch.Tensor.double)
    torch.set_default_dtype(torch.float64)
    bundled.network.double()
    try:
        ours = igcli.attribute(bundled, photo, rule=rule, steps=7)
        theirs = captums(bundled, photo, ours.target.index, rule=captum_rule, steps=7)
    finally:
        torch.set_default_dtype(torch.float32)
        bundled.network.to(torch.float32)
    assert ours.values.dtype == torch.float64
    assert relative_distance(ours.values, theirs) < 1e-8


@pytest.mark.parametrize(("rule", "captum_rule"), RULES)
def test_equals_captum_in_float32_but_for_kinks(bundled, photo, rule, captum_rule):
    # ReLU and max-pool kinks flip with the last digit: float32 itself is 6e-4 to 2e-3 away from double here
    ours = igcli.attribute(bundled, photo, rule=rule, steps=12)
    theirs = captums(bundled, photo, ours.target.index, rule=captum_rule, steps=12)
    assert relative_distance(ours.values, theirs) < 3e-3


def test_same_map_for_every_chunk_size_on_the_bundled_network(bundled, photo):
    maps = [igcli.attribute(bundled, photo, steps=17, budget=Budget(size)).values for size in (1, 7, 16, 17)]
    for other in maps[1:]:
        assert relative_distance(other, maps[0]) < 1e-3


def test_a_linear_model_is_exact_with_a_single_step(quadratic):
    with torch.no_grad():
        quadratic.network.square.zero_()
    picture = random_picture(dtype=torch.float64)
    for rule in ("right", "midpoint", "gauss-legendre"):
        result = igcli.attribute(quadratic, picture, score="logit", rule=rule, steps=1, baseline="white")
        expected = quadratic.network.linear[result.target.index].reshape(picture.pixels.shape) * (picture.pixels - 1)
        torch.testing.assert_close(result.values, expected.detach(), rtol=0, atol=1e-12)
