import numpy as np
import pytest
import torch
from evaluation.known import Linear, noise_map, photo, plain
from scipy.ndimage import gaussian_filter

from igcli.errors import UsageError
from igcli.evaluation.fills import check_fill, fill_values, folded_gaussian, kernel_blurred, remaining_means
from igcli.evaluation.maps import ranks
from igcli.sample import BASELINES

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def column(values):
    return torch.tensor(values, dtype=torch.float64)[:, None, None]


@pytest.mark.parametrize("sigma", [0.7, 3, 5, 11])
def test_the_kernel_is_what_published_code_makes_of_an_impulse(sigma):
    impulse = np.zeros((11, 11))
    impulse[5, 5] = 1
    own = folded_gaussian(11, sigma)
    assert np.outer(own, own) == pytest.approx(gaussian_filter(impulse, sigma), abs=1e-12)
    assert own.sum() == pytest.approx(1)


@pytest.mark.parametrize("sigma", [5, 11])
def test_the_kernel_blur_is_the_published_one_of_normalised_photos_at_the_border_too(sigma):
    pixels = photo(side=24)
    impulse = np.zeros((11, 11))
    impulse[5, 5] = 1
    kernel = torch.from_numpy(gaussian_filter(impulse, sigma))
    normalised = (pixels - column(MEAN)) / column(STD)
    weights = torch.zeros(3, 3, 11, 11, dtype=torch.float64)
    for channel in range(3):
        weights[channel, channel] = kernel
    published = torch.nn.functional.conv2d(normalised[None], weights, padding=5)[0]
    own = (kernel_blurred(pixels, sigma=sigma, around=MEAN) - column(MEAN)) / column(STD)
    assert torch.allclose(own, published, atol=1e-10)


def test_a_blur_is_the_gaussian_of_the_stated_width():
    pixels = photo(side=40)
    found = fill_values("blur:2", pixels)
    expected = np.stack([gaussian_filter(each, 2, mode="mirror", radius=6) for each in pixels.numpy()])
    assert np.abs(found.numpy() - expected).max() < 1e-6
    assert torch.allclose(fill_values(f"blur:{40 / 16}", pixels), BASELINES["blur"](pixels, 0), atol=1e-6)


def test_the_photos_own_mean_has_two_names():
    assert torch.equal(fill_values("photo-mean", photo()), fill_values("mean", photo()))


@pytest.mark.parametrize("ranked", ["signed", "value"])
@pytest.mark.parametrize("counts", [(0, 1, 7, 63), ()])
def test_what_is_left_has_the_mean_of_a_plain_loop(ranked, counts):
    pixels, order = photo(), ranks(noise_map(), ranked=ranked)
    found = remaining_means(pixels, order, counts, mean=MEAN, std=STD)
    assert found.shape == (len(counts), 3, 1, 1)
    for stop, count in enumerate(counts):
        left = []
        for channel in range(3):
            for row in range(8):
                for place in range(8):
                    rank = order[channel, row, place] if ranked == "value" else order[row, place]
                    if rank >= count:
                        left.append((pixels[channel, row, place].item() - MEAN[channel]) / STD[channel])
        for channel in range(3):
            expected = np.mean(left) * STD[channel] + MEAN[channel]
            assert found[stop, channel].item() == pytest.approx(expected, abs=1e-12)


def test_a_network_without_normalisation_has_the_mean_of_its_pixels():
    pixels, order = photo(), ranks(noise_map(), ranked="value")
    found = remaining_means(pixels, order, (100,))
    assert found.flatten().tolist() == pytest.approx([pixels[order >= 100].mean().item()] * 3)


@pytest.mark.parametrize("fill", ["pink", "kernel-blur", "kernel-blur:0", "kernel-blur:nan", "blur:wide", "other:3"])
def test_a_fill_that_cannot_be_is_refused(fill):
    with pytest.raises(UsageError, match=r"no fill called|pixels above 0"):
        check_fill(fill)


def test_grey_needs_a_networks_mean_and_the_kernel_blur_does_not():
    model = plain(Linear())
    check_fill("grey")
    with pytest.raises(UsageError, match="normalisation subtracts"):
        check_fill("grey", model)
    check_fill("kernel-blur:5", model)
    assert fill_values("kernel-blur:5", photo(), model=model).shape == photo().shape


def test_nothing_left_has_no_mean():
    with pytest.raises(UsageError, match="values that are left"):
        fill_values("remaining-mean", photo())
