import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import gaussian_blur
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.baselines import baseline_values
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.baselines import read_baseline
from igcli.images.options import ReadOptions, View
from igcli.images.reading import read_image


def test_mean_is_the_photos_mean_colour():
    picture = random_picture()
    baseline = baseline_values("mean", picture)
    torch.testing.assert_close(baseline[:, 0, 0], picture.pixels.flatten(1).mean(1))
    assert (baseline - baseline[:, :1, :1]).abs().max() == 0


@pytest.mark.parametrize("mean", [(0.4, 0.5, 0.6), (0.5,)])
def test_grey_is_what_the_network_gets_as_zero(mean):
    model, picture = classifier(small_network(), classes=5), random_picture()
    model.mean = mean
    baseline = baseline_values("grey", picture, model=model)
    assert baseline.shape == picture.pixels.shape
    (normalised,) = model.prepared((baseline[None],), model.network)
    assert normalised.abs().max() < 1e-6


def test_without_a_mean_there_is_no_grey():
    model = classifier(small_network(), classes=5)
    model.mean = (0.0, 0.0, 0.0)
    for unable in (model, None):
        with pytest.raises(UsageError, match=r"'grey' is the mean .* give --mean"):
            baseline_values("grey", random_picture(), model=unable)
    with pytest.raises(UsageError, match="'grey' is the mean"):
        igcli.explain(model, [random_picture()], Wanted(settings=Settings(baseline="black+grey")))


def test_blur_is_torchvisions_of_both_directions_at_once():
    picture = random_picture(size=32)
    at_once = gaussian_blur(picture.pixels, [13, 13], [2.0, 2.0])
    assert (baseline_values("blur", picture) - at_once).abs().max() < 1e-6


def test_blur_removes_detail_and_keeps_the_mean():
    picture = random_picture(size=64)
    baseline = baseline_values("blur", picture)
    assert baseline.std() < picture.pixels.std() / 5
    assert baseline.mean() == pytest.approx(picture.pixels.mean().item(), abs=0.02)


def test_a_file_can_be_the_baseline(tmp_path):
    Image.new("RGB", (30, 20), (255, 0, 51)).save(tmp_path / "base.png")
    baseline = read_baseline(tmp_path / "base.png", random_picture(), View(size=12))
    torch.testing.assert_close(baseline[:, 3, 4], torch.tensor([1.0, 0.0, 0.2]))


@pytest.mark.parametrize("fit", ["crop", "pad", "squash"])
def test_a_file_of_the_photos_size_lies_upon_the_photo(tmp_path, fit):
    image = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    image.save(tmp_path / "photo.png")
    image.save(tmp_path / "changed.png")
    view = View(size=20, resize=24)
    picture = read_image(tmp_path / "photo.png", view=view, fit=fit)
    assert torch.equal(read_baseline(tmp_path / "changed.png", picture, view), picture.pixels)
    other = read_baseline(tmp_path / "changed.png", picture, View(size=30))  # not what it was read with
    assert other.shape == picture.pixels.shape


def test_a_file_is_read_with_the_photos_own_window(tmp_path):
    deep = np.linspace(0, 4095, 60 * 40).astype(np.uint16).reshape(40, 60)
    Image.fromarray(deep).save(tmp_path / "photo.png")
    Image.fromarray(deep).save(tmp_path / "changed.png")
    view, options = View(size=20, resize=24), ReadOptions(window="0,4095")
    picture = read_image(tmp_path / "photo.png", view=view, options=options)
    assert picture.pixels.max() > 0.7
    assert torch.equal(read_baseline(tmp_path / "changed.png", picture, view), picture.pixels)
