import pytest
import torch
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.baselines import baseline_values, noisy_copy
from igcli.errors import UsageError
from igcli.models.model import Model
from igcli.sample import BASELINES, KINDS, Sample


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_has_the_photos_shape_and_stays_within_its_range(name):
    picture = random_picture(size=40)
    before = picture.pixels.clone()
    baseline = baseline_values(name, picture, model=classifier(small_network(), classes=5))
    assert baseline.shape == picture.pixels.shape
    assert baseline.dtype == picture.pixels.dtype
    assert 0 <= baseline.min() <= baseline.max() <= 1
    assert torch.equal(picture.pixels, before)


def test_black_is_pixel_zero_and_white_is_pixel_one():
    picture = random_picture()
    assert baseline_values("black", picture).abs().max() == 0
    assert (baseline_values("white", picture) - 1).abs().max() == 0


def test_noise_depends_on_the_seed_alone():
    picture = random_picture()
    torch.manual_seed(1)
    first = baseline_values("noise", picture, seed=7)
    torch.manual_seed(2)
    assert torch.equal(first, baseline_values("noise", picture, seed=7))
    assert not torch.equal(first, baseline_values("noise", picture, seed=8))


def test_an_unknown_baseline_is_named_with_the_choices():
    with pytest.raises(UsageError, match="Did you mean 'black'"):
        baseline_values("blck", random_picture())
    with pytest.raises(UsageError, match="neither a file, a folder nor one of"):
        baseline_values("missing.png", random_picture())


FEATURES = Sample(torch.rand(5, dtype=torch.float64), name="row 3")


@pytest.mark.parametrize(("name", "value"), [("zero", 0), ("black", 0), ("one", 1), ("white", 1)])
def test_values_of_any_shape_start_from_zero_or_one(name, value):
    pair = Sample((torch.rand(2, 3), torch.rand(4)))
    assert baseline_values(name, FEATURES).tolist() == [value] * 5
    assert baseline_values(name, pair).tolist() == [value] * 10


def test_noise_of_features_depends_on_the_seed_alone():
    first, again, other = (baseline_values("noise", FEATURES, seed=seed) for seed in (7, 7, 8))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", [name for name in BASELINES if BASELINES[name] in KINDS])
def test_features_cannot_start_from_what_is_made_of_a_picture(name):
    with pytest.raises(
        UsageError, match=f"{name}' is made of a picture, which row 3 is not. Choose from: black, white"
    ):
        baseline_values(name, FEATURES)


@pytest.mark.parametrize("name", ["#808080", "blur:2"])
def test_features_cannot_start_from_a_written_value_of_pictures(name):
    with pytest.raises(UsageError, match="is made of a picture, which row 3 is not"):
        baseline_values(name, FEATURES)


def test_features_cannot_start_from_a_file(tmp_path):
    (tmp_path / "base.png").touch()
    model = Model(torch.nn.Linear(5, 2).double(), ["a", "b"])
    with pytest.raises(UsageError, match="row 3 cannot start from"):
        baseline_values(str(tmp_path / "base.png"), FEATURES, model=model)


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
