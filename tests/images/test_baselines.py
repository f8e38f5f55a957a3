import math

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms.functional import gaussian_blur
from toys import classifier, random_picture, small_network

import igcli
from igcli.attribution.baselines import baseline_values, check_baselines
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


def slow_gaussian(pixels, sigma):
    """Both axes at once, in plain loops over the kernel; the border reflected without its own pixels."""
    _, height, width = pixels.shape
    reach = math.ceil(3 * sigma)
    mirrored = np.pad(pixels.double().numpy(), ((0, 0), (reach, reach), (reach, reach)), mode="reflect")
    total, weights = np.zeros(pixels.shape), 0.0
    for down in range(-reach, reach + 1):
        for across in range(-reach, reach + 1):
            weight = math.exp(-(down**2 + across**2) / (2 * sigma**2))
            weights += weight
            rows, columns = reach + down, reach + across
            total += weight * mirrored[:, rows : rows + height, columns : columns + width]
    return torch.from_numpy(total / weights)


@pytest.mark.parametrize("sigma", [0.5, 1.7, 3.0])
def test_a_written_blur_is_a_gaussian_of_so_many_pixels(sigma):
    pixels = random_picture(dtype=torch.float64).pixels[:, :, :10]
    ours = baseline_values(f"blur:{sigma}", igcli.Picture(pixels))
    torch.testing.assert_close(ours, slow_gaussian(pixels, sigma), rtol=0, atol=1e-7)


def test_blur_without_a_number_is_that_of_a_sixteenth_of_the_side():
    picture = random_picture(size=32)
    assert torch.equal(baseline_values("blur", picture), baseline_values("blur:2", picture))


def test_a_blur_wider_than_the_photo_is_nearly_flat_and_keeps_a_flat_photo():
    picture = random_picture()
    assert baseline_values("blur:1000", picture).std() < picture.pixels.std() / 5
    flat = igcli.Picture(torch.full((3, 5, 1), 0.25))
    assert (baseline_values("blur:1000", flat) - 0.25).abs().max() < 1e-6


@pytest.mark.parametrize(
    ("spec", "rgb"), [("#ff0033", (1, 0, 0.2)), ("#F03", (1, 0, 0.2)), ("#808080", (128 / 255,) * 3)]
)
def test_a_colour_is_written_as_in_style_sheets(spec, rgb):
    baseline = baseline_values(spec, random_picture())
    assert baseline.shape == random_picture().pixels.shape
    torch.testing.assert_close(baseline.amax(dim=(1, 2)), torch.tensor(rgb, dtype=torch.float32))
    assert torch.equal(baseline.amax(dim=(1, 2)), baseline.amin(dim=(1, 2)))


def test_one_channel_gets_the_colours_luma_as_pillow_has_it():
    baseline = baseline_values("#ff8033", igcli.Picture(torch.rand(1, 4, 4)))
    (luma,) = Image.new("RGB", (1, 1), "#ff8033").convert("L").getdata()
    assert abs(255 * baseline.unique().item() - luma) < 1
    with pytest.raises(UsageError, match="3 channels, and this model's pictures 4"):
        baseline_values("#ff8033", igcli.Picture(torch.rand(4, 4, 4)))


@pytest.mark.parametrize("spec", ["#12", "#gggggg", "#", "blur:", "blur:-1", "blur:x", "blur:inf", "black+blur:0"])
def test_a_written_baseline_that_cannot_be_is_refused_before_a_photo_is_read(spec):
    with pytest.raises(UsageError, match="as in"):
        check_baselines(spec, model=classifier(small_network(), classes=5))


def test_written_baselines_are_averaged_over_as_others_are():
    model, picture = classifier(small_network(), classes=5), random_picture()
    both, *each = (
        igcli.attribute(model, picture, baseline=baseline, steps=20).values
        for baseline in ("#336699+blur:1.5", "#369", "blur:1.5")
    )
    torch.testing.assert_close(both, (each[0] + each[1]) / 2)


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
