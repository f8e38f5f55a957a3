"""The blur path: against scipy's filter, against PAIR's saliency, and what a heat equation keeps."""

import numpy as np
import pytest
import torch
from toys import random_picture

import igcli
from igcli.attribution.paths.blurred import BlurComponents, cosines
from igcli.attribution.paths.kind import find_path
from igcli.sample import Layout


def random_values(*shape, seed=4):
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def a_path(end, sigma=50.0):
    return find_path(f"blur:{sigma}").path(torch.zeros_like(end), end, Layout.of(end, 0), ())


def blurred(values, sigma):
    return BlurComponents.of(values, sigma=50).blurred(sigma)


def test_the_cosines_are_orthonormal():
    torch.testing.assert_close(cosines(7) @ cosines(7).T, torch.eye(7, dtype=torch.float64))


@pytest.mark.parametrize("sigma", [1.0, 3.0, 10.0])
def test_the_blur_is_the_gaussian_filter_that_reflects_at_the_border(sigma):
    ndimage = pytest.importorskip("scipy.ndimage", reason="scipy is not installed")
    values = random_values(2, 20, 30)
    expected = ndimage.gaussian_filter(values.numpy(), [0, sigma, sigma], mode="reflect", truncate=10)
    np.testing.assert_allclose(blurred(values, sigma).numpy(), expected, atol=1e-3)


def test_one_blur_after_another_is_one_of_the_joint_variance():
    values = random_values(2, 9, 12)
    torch.testing.assert_close(blurred(blurred(values, 3), 4), blurred(values, 5))


def test_no_light_is_lost_and_none_is_made():
    values = random_values(3, 9, 12)
    points = a_path(values).at(torch.linspace(0, 1, 5, dtype=torch.float64))
    torch.testing.assert_close(points.mean(dim=(2, 3)), values.mean(dim=(1, 2)).expand(5, 3))
    assert points.min() >= values.min() - 1e-9
    assert points.max() <= values.max() + 1e-9


def test_a_large_blur_leaves_the_mean_colour_and_a_small_one_the_photo():
    values = random_values(3, 9, 12)
    torch.testing.assert_close(a_path(values, 1e5).baseline, values.mean(dim=(1, 2), keepdim=True).expand_as(values))
    torch.testing.assert_close(a_path(values, 1e-4).baseline, values)


def test_the_blur_grows_with_the_shorter_side():
    small, large = random_values(1, 56, 60), random_values(1, 112, 150)
    assert a_path(small, 50).components.sigmas[0] == 50 / 4
    assert a_path(large, 50).components.sigmas[0] == 50 / 2


def test_every_point_is_a_blur_of_the_photo_less_and_less():
    values = random_values(2, 12, 9)
    components, candidates = BlurComponents.of(values, sigma=50), [0, *np.geomspace(1e-2, 3, 800).tolist()]
    photos = torch.stack([components.blurred(sigma) for sigma in candidates])
    points = a_path(values).at(torch.linspace(0, 1, 7, dtype=torch.float64))
    errors = (points[:, None] - photos).abs().amax(dim=(2, 3, 4))
    assert errors.amin(dim=1).max() < 5e-3
    nearest = errors.argmin(dim=1).tolist()
    assert nearest == sorted(nearest, reverse=True)


def test_a_photo_of_one_colour_has_a_path_that_does_not_move():
    path = a_path(torch.full((3, 6, 6), 0.4, dtype=torch.float64))
    points = path.at(torch.tensor([0.0, 0.5, 1.0]))
    torch.testing.assert_close(points, path.end.expand_as(points))


def test_hardly_any_blur_gives_a_map_of_nothing(small_double):
    found = igcli.attribute(small_double, random_picture(dtype=torch.float64), target=1, path="blur:0.001")
    assert found.values.abs().max() < 1e-6


def test_the_map_is_that_of_saliency(small_double, monkeypatch):
    """With its border reflected, and so many points that it does not matter where they are."""
    blur_ig = pytest.importorskip("saliency.core.blur_ig", reason="saliency is not installed")
    picture, network = random_picture(dtype=torch.float64), small_double
    sigma = 50 * 12 / 224
    # Its own blur samples the Gaussian, which differs from the heat equation's below half a pixel.
    components = BlurComponents.of(picture.pixels, sigma=sigma)
    monkeypatch.setattr(blur_ig, "gaussian_blur", lambda _, s: components.blurred(s).permute(1, 2, 0).numpy())

    def gradients(batch, call_model_args=None, expected_keys=None):
        points = torch.from_numpy(np.asarray(batch)).permute(0, 3, 1, 2).requires_grad_()
        with network.frozen():
            (found,) = torch.autograd.grad(network(points)[:, 1].sum(), points)
        return {"INPUT_OUTPUT_GRADIENTS": found.permute(0, 2, 3, 1).numpy()}

    expected = blur_ig.BlurIG().GetMask(
        picture.pixels.permute(1, 2, 0).numpy(), gradients, max_sigma=sigma, steps=800, grad_step=1e-4, batch_size=1
    )
    found = igcli.attribute(network, picture, target=1, score="logit", path="blur", steps=300)
    assert found.completeness.relative_gap < 1e-3
    reference = torch.from_numpy(expected).permute(2, 0, 1)
    assert (found.values - reference).norm() / reference.norm() < 0.02
