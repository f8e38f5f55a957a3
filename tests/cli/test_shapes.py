"""Every command over a network whose input is no square of three channels, and the pictures that it writes."""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import Result
from PIL import Image

import igcli
from igcli.attribution.methods.method import METHODS
from igcli.models.classifier import Classifier

NETWORK = '''
"""A small network of convolutions that takes one size only."""
import torch
from torch import nn


def build(channels=3, height=32, width=48):
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(channels, 6, 3, stride=2, padding=1), nn.ReLU(),
        nn.Conv2d(6, 8, 3, stride=2, padding=1), nn.ReLU(),
        nn.Flatten(), nn.Linear(8 * (height // 4) * (width // 4), 4),
    )
'''
WIDTH, HEIGHT = 48, 32
SUFFIXES = {3: ".png", 5: ".npy", 2: ".tif"}
MODEL = ("--input-size", f"{WIDTH}x{HEIGHT}", "--mean", "0.4", "--std", "0.25", "--labels", "labels.txt")


@pytest.fixture(params=SUFFIXES, ids="{0} channels".format)
def channels(request: pytest.FixtureRequest) -> int:
    """Of the network, and of the photos."""
    return request.param


def opened(path: Path | str) -> Image.Image:
    """The picture in a file, its first frame, in colour."""
    with Image.open(path) as image:
        return image.convert("RGB")


@pytest.fixture
def photos(tmp_path: Path, samples: Path, channels: int) -> list[Path]:
    """Two photos that are larger than the input, one on its side: colour, and further bands made of it."""
    found = []
    for name, size in (("motorcycle", (200, 130)), ("coffee", (90, 120))):
        colour = np.asarray(opened(samples / f"{name}.jpg").resize(size))
        bands = np.concatenate([colour, 255 - colour[:, :, 1:]], axis=2)[:, :, :channels]
        found.append(tmp_path / f"{name}{SUFFIXES[channels]}")
        if channels == 3:
            Image.fromarray(bands).save(found[-1])
        elif channels == 5:
            np.save(found[-1], bands.transpose(2, 0, 1))
        else:
            found[-1].write_bytes(tiff_of(bands))
    return found


def tiff_of(bands: np.ndarray) -> bytes:
    """An uncompressed TIFF of any number of 8-bit samples per pixel."""
    height, width, count = bands.shape
    pixels = bands.tobytes()
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 1, 8), (259, 3, 1, 1),
               (262, 3, 1, 2 if count == 3 else 1), (273, 4, 1, 8),
               (277, 3, 1, count), (278, 4, 1, height), (279, 4, 1, len(pixels))]  # fmt: skip
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return struct.pack("<2sHI", b"II", 42, 8 + len(pixels)) + pixels + directory + bytes(4)


def drawn(photo: Path) -> Image.Image:
    """The photo in its first three bands, or its first."""
    if photo.suffix == ".png":
        return opened(photo)
    if photo.suffix == ".npy":
        return Image.fromarray(np.ascontiguousarray(np.load(photo)[:3].transpose(1, 2, 0)))
    size = (200, 130) if "motorcycle" in photo.name else (90, 120)
    first = np.frombuffer(photo.read_bytes()[8:], np.uint8)[: 2 * size[0] * size[1] : 2]
    return Image.fromarray(first.reshape(size[::-1]))


@pytest.fixture
def options(channels: int) -> tuple[str, ...]:
    """The network, in options."""
    return ("--model", "net.py:build", "--model-arg", f"channels={channels}", "--channels", str(channels), *MODEL)


@pytest.fixture
def ig(tmp_path: Path, shell: Callable[..., Result], options: tuple[str, ...]) -> Callable[..., list[dict]]:
    """Runs a command that must succeed on the network; the records that it printed."""
    (tmp_path / "net.py").write_text(NETWORK)
    (tmp_path / "labels.txt").write_text("a\nb\nc\nd")

    def run(*arguments: object) -> list[dict]:
        result = shell(*arguments, *options, "--device", "cpu", "--json")
        assert result.exit_code == 0, result.output
        return [json.loads(line) for line in result.stdout.splitlines()]

    return run


def loaded(folder: Path, channels: int) -> Classifier:
    (folder / "net.py").write_text(NETWORK)
    how = {"size": (WIDTH, HEIGHT), "channels": channels, "arguments": {"channels": channels}}
    return igcli.load_model(f"{folder / 'net.py'}:build", mean=0.4, std=0.25, device="cpu", **how)


def test_integrated_gradients_are_those_of_a_plain_loop(tmp_path: Path, photos: list[Path], channels: int) -> None:
    model = loaded(tmp_path, channels)
    model.network.double()  # in float32 a ReLU's input may be 0 but for rounding, and the two take different sides
    photo = igcli.read_image(photos[0], view=model.view)
    assert photo.pixels.shape == model.input_shape == (channels, HEIGHT, WIDTH)

    found = igcli.attribute(model, photo, target=1, steps=12, score="logit")

    pixels = photo.pixels.double()
    total = torch.zeros_like(pixels)
    for step in range(12):
        x = (pixels * ((step + 0.5) / 12)).requires_grad_()
        total += torch.autograd.grad(model.network(((x - 0.4) / 0.25)[None])[0, 1], x)[0]
    torch.testing.assert_close(found.values.double(), total * pixels / 12, rtol=1e-5, atol=1e-9)


def test_of_a_linear_network_they_are_the_weights_times_the_pixels(photos: list[Path], channels: int) -> None:
    weights = torch.linspace(-1, 2, channels * HEIGHT * WIDTH).reshape(channels, HEIGHT, WIDTH)
    linear = torch.nn.Linear(weights.numel(), 1)
    linear.weight.data, std = weights.reshape(1, -1), tuple(0.2 + 0.1 * band for band in range(channels))
    network = torch.nn.Sequential(torch.nn.Flatten(), linear)
    view = igcli.View((WIDTH, HEIGHT), channels=channels)
    model = igcli.Classifier(network, ["value"], view=view, mean=(0.3,) * channels, std=std, regression=True)
    photo = igcli.read_image(photos[0], view=view)
    found = igcli.attribute(model, photo, steps=1)
    torch.testing.assert_close(found.values, weights * photo.pixels / torch.tensor(std)[:, None, None])


def test_explain_draws_every_method_in_the_inputs_shape_and_on_the_photo(ig, photos, channels, tmp_path) -> None:
    methods = [part for name in METHODS for part in ("-m", name)]
    (tmp_path / "others").mkdir()
    for number, value in enumerate(np.random.default_rng(0).integers(0, 256, (4, channels), dtype=np.uint8)):
        (tmp_path / "others" / f"{number}.tif").write_bytes(tiff_of(np.tile(value, (40, 60, 1))))
    records = ig("explain", *photos, *methods, "--references", "others", "--steps", "8", "--score", "logit",
                 "--panel", "--full-size", "--save-arrays", "--animation", "--lowpass", "4", "-o", "maps")  # fmt: skip

    assert [record["model"]["input_size"] for record in records] == [[WIDTH, HEIGHT]] * 2
    for record in records:
        whole = (record["image"]["width"], record["image"]["height"])
        assert [result["method"] for result in record["results"]] == list(METHODS)
        for method in METHODS:
            stem = tmp_path / "maps" / Path(record["image"]["path"]).stem
            assert opened(f"{stem}.{method}.png").size == (WIDTH, HEIGHT)
            assert opened(f"{stem}.{method}.full.png").size == whole
            values = np.load(f"{stem}.{method}.npz")["attribution"]
            assert values.shape[-2:] == (HEIGHT, WIDTH)
        assert np.load(f"{stem}.integrated.npz")["attribution"].any(axis=(0, 2)).all()  # in every row
        assert opened(f"{stem}.interior.gif").size[0] == WIDTH * 5  # the smallest multiple from 224 pixels
        assert opened(f"{stem}.panel.png").size[0] > len(METHODS) * WIDTH * 5


def test_the_map_on_the_photo_lies_where_the_network_saw_it(ig, photos, tmp_path) -> None:
    (record,) = ig("explain", photos[1], "--full-size", "--style", "map", "--steps", "4", "-o", "maps")
    left, top, right, bottom = record["image"]["box"]
    assert (left, right) == (0, 90)
    assert (right - left) / (bottom - top) == pytest.approx(WIDTH / HEIGHT, rel=0.02)
    full = np.asarray(opened(tmp_path / "maps" / "coffee.integrated.full.png").convert("L")).astype(int)
    photo = np.asarray(drawn(photos[1]).convert("L")).astype(int)
    outside = np.r_[0 : int(top) - 1, int(bottom) + 2 : 120]
    assert np.abs(full[outside] - photo[outside] * 0.25).max() < 3  # dimmed, nothing drawn


@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_every_fit_fills_the_input(ig, photos, tmp_path, fit) -> None:
    (record,) = ig("explain", photos[0], "--fit", fit, "--steps", "4", "-o", fit)
    assert record["image"]["fit"] == fit
    assert opened(tmp_path / fit / "motorcycle.integrated.png").size == (WIDTH, HEIGHT)


def test_animate_enlarges_the_photo_to_the_width_that_is_asked_for(ig, photos, tmp_path) -> None:
    ig("animate", photos[0], "--frames", "4", "--sheet", "--side-by-side", "-o", "film")
    assert opened(tmp_path / "film" / "motorcycle.interior.gif").width == 2 * 240 + 4
    assert opened(tmp_path / "film" / "motorcycle.sheet.png").width == 2 * 24 + 6 * 240 + 5 * 14

    tall = ("--frames", "2", "--style", "map", "--size", "240", "-o", "sized.webp")
    ig("animate", photos[0], *tall)
    first = opened(tmp_path / "sized.webp")
    assert first.width == 240
    assert np.asarray(first)[160:].std() > 0  # the strip lies below 240 x 160 pixels


def test_saturation_compare_and_check_run(ig, photos, tmp_path) -> None:
    ig("saturation", *photos, "--layers", "-o", "saturation")
    assert opened(tmp_path / "saturation" / "saturation.png").width > 0
    ig("compare", photos[0], "--target", "top-2", "-m", "gradient", "-m", "grad-cam", "--steps", "4", "-o", "compare")
    sheet = opened(tmp_path / "compare" / "motorcycle.compare.png")
    assert sheet.width == 2 * 24 + 210 + 3 * (16 + 240)
    ig("check")


def test_ablate_hides_the_box_that_is_named_in_the_inputs_pixels(ig, photos, tmp_path) -> None:
    ig("ablate", photos[0], "--box", f"0,0,{WIDTH // 2},{HEIGHT}", "--steps", "4", "-o", "ablated")
    sheet = np.asarray(opened(tmp_path / "ablated" / "motorcycle.ablate.png").convert("L"))
    left = 24 + 210 + 16
    column = sheet[:, left + 60]
    runs = [len(run) for run in re.findall("1+", "".join("1" if value == 0 else "0" for value in column))]
    assert 160 in runs  # 32 pixels, five times enlarged


def test_report_keeps_the_shape(ig, photos, tmp_path) -> None:
    ig("report", *photos, "--steps", "4", "-o", "report.html")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.findall(r'"width":\s*(\d+),\s*"height":\s*(\d+)', page)[:1] == [(str(WIDTH), str(HEIGHT))]


def test_evaluate_measures_on_boxes_masks_and_mosaics_of_that_shape(ig, photos, tmp_path) -> None:
    (tmp_path / "boxes.csv").write_text(
        f"path,xmin,ymin,xmax,ymax\n{photos[0].name},20,20,90,80\n{photos[1].name},10,30,60,80\n"
    )
    (tmp_path / "masks").mkdir()
    for photo in photos:
        mask = Image.new("L", drawn(photo).size)
        mask.paste(255, (20, 35, 60, 70))
        mask.save(tmp_path / "masks" / f"{photo.stem}.png")
    for name in "ab":
        (tmp_path / "classes" / name).mkdir(parents=True)
        for photo in photos:
            (tmp_path / "classes" / name / photo.name).write_bytes(photo.read_bytes())
    common = ("-m", "integrated", "-m", "gradient", "--steps", "4")
    ig("evaluate", *photos, *common, "--metric", "localisation", "--metric", "pointing-game", "--boxes", "boxes.csv",
       "--metric", "focus", "--classes", "classes", "--mosaics", "2", "--metric", "deletion", "--metric", "insertion",
       "--metric", "aopc", "--metric", "diffid", "--metric", "mas", "--metric", "randomisation",
       "-o", "boxes")  # fmt: skip
    assert opened(tmp_path / "boxes" / "mosaics" / "mosaic-0001.png").size == (WIDTH, HEIGHT)
    said = (tmp_path / "boxes" / "evaluation.json").read_text()
    assert f"2x2 mosaics at {WIDTH}x{HEIGHT}" in said
    assert f"steps of {WIDTH * HEIGHT / 224:.4g} at {WIDTH}x{HEIGHT}" in said
    ig("evaluate", *photos, *common, "--metric", "localisation", "--masks", "masks", "-o", "masked")


def test_a_run_is_resumed_and_other_sizes_are_other_settings(ig, photos, options, tmp_path, shell) -> None:
    first = ig("explain", *photos, "--steps", "4", "-o", "maps")
    before = (tmp_path / "maps" / "motorcycle.integrated.png").stat().st_mtime_ns
    again = ig("explain", *photos, "--steps", "4", "-o", "maps")
    assert (len(first), len(again)) in {(2, 0), (2, 2)}
    assert (tmp_path / "maps" / "motorcycle.integrated.png").stat().st_mtime_ns == before
    other = shell("explain", *photos, "--steps", "4", "-o", "maps", *options, "--resize", "60x40", "--device", "cpu")
    assert other.exit_code == 2
    assert "resize" in other.output


def test_a_model_file_keeps_width_height_and_channels(ig, photos, options, channels, tmp_path, shell) -> None:
    ig("explain", photos[0], "--steps", "4", "-o", "by_options")
    described = shell("models", "describe", *options[1:], "--save", "mine.toml")
    assert described.exit_code == 0, described.output
    assert "size = [48, 32]" in (tmp_path / "mine.toml").read_text()
    result = shell("explain", photos[0], "--model", "mine.toml", "--trust-model-file", "--steps", "4", "-o", "by_file")
    assert result.exit_code == 0, result.output
    maps = [opened(tmp_path / folder / "motorcycle.integrated.png") for folder in ("by_options", "by_file")]
    assert maps[0].tobytes() == maps[1].tobytes()
    shown = shell("models", "show", "mine.toml", "--trust-model-file")
    assert f"{channels} x 32 x 48, crop, bilinear, from what covers 48x32" in shown.output


@pytest.mark.parametrize("size", ["48x", "x", "0x9", "48*32", "1x2x3", "a", "99999x2"])
def test_what_is_no_size_is_said_before_anything_is_loaded(shell, size) -> None:
    result = shell("explain", "photo.jpg", "--model", "net.py:build", "--input-size", size)
    assert result.exit_code == 2
    assert "from 1" in result.output or "WIDTHxHEIGHT" in result.output
