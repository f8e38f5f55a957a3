import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import gaussian_blur
from toys import random_picture

from igcli.attribution.baselines import BASELINES, baseline_pixels
from igcli.errors import UsageError
from igcli.images.reading import read_image
from igcli.images.view import View


@pytest.mark.parametrize("name", BASELINES)
def test_every_baseline_has_the_photos_shape_and_stays_within_its_range(name):
    picture = random_picture(size=40)
    before = picture.pixels.clone()
    baseline = baseline_pixels(name, picture)
    assert baseline.shape == picture.pixels.shape
    assert baseline.dtype == picture.pixels.dtype
    assert 0 <= baseline.min() <= baseline.max() <= 1
    assert torch.equal(picture.pixels, before)


def test_black_is_pixel_zero_and_white_is_pixel_one():
    picture = random_picture()
    assert baseline_pixels("black", picture).abs().max() == 0
    assert (baseline_pixels("white", picture) - 1).abs().max() == 0


def test_mean_is_the_photos_mean_colour():
    picture = random_picture()
    baseline = baseline_pixels("mean", picture)
    torch.testing.assert_close(baseline[:, 0, 0], picture.pixels.flatten(1).mean(1))
    assert (baseline - baseline[:, :1, :1]).abs().max() == 0


def test_blur_is_torchvisions_of_both_directions_at_once():
    picture = random_picture(size=32)
    at_once = gaussian_blur(picture.pixels, [13, 13], [2.0, 2.0])
    assert (baseline_pixels("blur", picture) - at_once).abs().max() < 1e-6


def test_blur_removes_detail_and_keeps_the_mean():
    picture = random_picture(size=64)
    baseline = baseline_pixels("blur", picture)
    assert baseline.std() < picture.pixels.std() / 5
    assert baseline.mean() == pytest.approx(picture.pixels.mean().item(), abs=0.02)


def test_noise_depends_on_the_seed_alone():
    picture = random_picture()
    torch.manual_seed(1)
    first = baseline_pixels("noise", picture, seed=7)
    torch.manual_seed(2)
    assert torch.equal(first, baseline_pixels("noise", picture, seed=7))
    assert not torch.equal(first, baseline_pixels("noise", picture, seed=8))


def test_a_file_can_be_the_baseline(tmp_path):
    Image.new("RGB", (30, 20), (255, 0, 51)).save(tmp_path / "base.png")
    baseline = baseline_pixels(str(tmp_path / "base.png"), random_picture())
    torch.testing.assert_close(baseline[:, 3, 4], torch.tensor([1.0, 0.0, 0.2]))


def test_an_unknown_baseline_is_named_with_the_choices():
    with pytest.raises(UsageError, match="Did you mean 'black'"):
        baseline_pixels("blck", random_picture())
    with pytest.raises(UsageError, match="neither a file nor one of"):
        baseline_pixels("missing.png", random_picture())


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
def test_a_file_of_the_photos_size_lies_upon_the_photo(tmp_path, fit):
    image = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    image.save(tmp_path / "photo.png")
    image.save(tmp_path / "changed.png")
    view = View(size=20, resize=24)
    picture = read_image(tmp_path / "photo.png", view=view, fit=fit)
    assert torch.equal(baseline_pixels(str(tmp_path / "changed.png"), picture, view=view), picture.pixels)
    other = baseline_pixels(str(tmp_path / "changed.png"), picture, view=View(size=30))  # not what it was read with
    assert other.shape == picture.pixels.shape
