"""Input times gradient and SmoothGrad: what turns them into one another, and into the plain gradient."""

import captum.attr
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.baselines import noisy_copy


def test_input_times_gradient_is_the_one_point_right_sum_of_integrated(small_double):
    picture = random_picture(dtype=torch.float64)
    product = igcli.attribute(small_double, picture, method="input-x-gradient", baseline="white")
    one_point = igcli.attribute(small_double, picture, rule="right", steps=1, baseline="white")
    torch.testing.assert_close(product.values, one_point.values)
    assert product.gradient_evaluations == 1


def test_input_times_gradient_equals_captums(small_double):
    picture = random_picture(dtype=torch.float64)
    ours = igcli.attribute(small_double, picture, method="input-x-gradient", score="logit")
    with small_double.frozen():
        explainer = captum.attr.InputXGradient(small_double)
        theirs = explainer.attribute(picture.pixels[None].requires_grad_(), target=ours.target.index)
    torch.testing.assert_close(ours.values, theirs[0].detach())


def test_smooth_gradient_is_the_mean_of_the_gradients_at_the_copies(small_double):
    picture = random_picture(dtype=torch.float64)
    got = igcli.attribute(small_double, picture, method="smooth-gradient", target=2, seed=4)
    small_double.network.eval()
    slow = torch.zeros_like(picture.pixels)
    for copy in range(25):
        point = noisy_copy(picture, copy, seed=4, sigma=0.15)[None].requires_grad_()
        small_double(point).softmax(1)[0, 2].backward()
        slow += point.grad[0] / 25
    torch.testing.assert_close(got.values, slow)
    assert got.gradient_evaluations == 25


def test_smooth_gradient_is_gradient_with_smoothing(small, picture):
    both = [igcli.attribute(small, picture, method=m, smooth=7).values for m in ("smooth-gradient", "gradient")]
    torch.testing.assert_close(*both)


@pytest.mark.parametrize("method", ["gradient", "integrated", "smooth-gradient", "left-integrated"])
def test_noise_of_zero_changes_nothing(small_double, method):
    picture = random_picture(dtype=torch.float64)
    plain = "gradient" if method == "smooth-gradient" else method
    smooth = igcli.attribute(small_double, picture, method=method, smooth=3, smooth_sigma=0.0).values
    torch.testing.assert_close(smooth, igcli.attribute(small_double, picture, method=plain).values)
