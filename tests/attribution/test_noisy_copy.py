import torch
from toys import random_picture

import igcli
from igcli.attribution.baselines import baseline_values, noisy_copy


def test_noise_depends_on_seed_and_copy_alone():
    picture = random_picture()
    torch.manual_seed(1)
    first = noisy_copy(picture, 3, seed=5, sigma=0.1)
    torch.manual_seed(2)
    assert torch.equal(first, noisy_copy(picture, 3, seed=5, sigma=0.1))
    assert not torch.equal(first, noisy_copy(picture, 4, seed=5, sigma=0.1))
    assert not torch.equal(first, noisy_copy(picture, 3, seed=7, sigma=0.1))


def test_sigma_is_a_share_of_the_photos_own_range():
    picture = igcli.Picture(random_picture(size=100).pixels * 0.5)
    pixels = picture.pixels
    noise = noisy_copy(picture, 0, seed=0, sigma=0.15) - pixels
    assert abs(noise.std().item() - 0.15 * (pixels.max() - pixels.min()).item()) < 1e-3
    assert abs(noise.mean().item()) < 2e-3


def test_the_noise_of_copies_is_not_that_of_the_noise_baseline():
    picture = random_picture(size=60)
    noise = noisy_copy(picture, 0, seed=0, sigma=1.0) - picture.pixels
    together = torch.stack([noise.flatten(), baseline_values("noise", picture, seed=0).flatten()])
    assert torch.corrcoef(together)[0, 1].abs() < 0.05
