"""Networks of one's own, from file to pictures: ten of torchvision's kinds, and a stranger's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import families
import numpy as np
import pytest
import torch
from captum.attr import IntegratedGradients
from click.testing import CliRunner, Result
from PIL import Image
from torch import nn
from torchvision import models

import igcli
from igcli.cli.main import ig
from igcli.models.classifier import Classifier

STEPS = 4


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ig, [str(argument) for argument in arguments])


def succeeded(*arguments: object) -> list[dict]:
    result = run(*arguments, "--json", "--device", "cpu")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


class Family:
    """One kind of network: its file of weights, its model file, and torchvision's own network with these weights."""

    def __init__(self, name: str, folder: Path, photo: Path) -> None:
        self.name, self.folder, self.photo = name, folder, photo
        state = families.made_up_state(name)
        torch.save(state, folder / "weights.pth")
        side = families.FAMILIES[name]
        self.model_file = folder / "model.toml"
        lines = [f"{key} = {value}" for key, value in families.arguments(name).items()]
        self.model_file.write_text(
            f'model = "{name}"\nweights = "weights.pth"\nlabels = {list("abcdefg")}\n[arguments]\n'
            + "\n".join(lines)
            + f"\n[input]\nsize = {side}\nresize = {side + 8}\n"
        )
        self.model: Classifier = igcli.load_model(str(self.model_file), device="cpu")
        with torch.device("meta"):
            official = families.build(name)
        official.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in state.items()}, assign=True)
        self.official: nn.Module = official.eval().requires_grad_(requires_grad=False)
        weights = models.get_model_weights(name).DEFAULT
        default = weights.transforms()
        self.preset = weights.transforms.func(
            crop_size=side,
            resize_size=side + 8,
            interpolation=default.interpolation,
            mean=default.mean,
            std=default.std,
        )
        self.picture = igcli.read_image(photo, view=self.model.view)


@pytest.fixture(scope="module", params=families.FAMILIES)
def family(request, samples, tmp_path_factory) -> Family:
    folder = tmp_path_factory.mktemp(request.param)
    yield Family(request.param, folder, samples / "chelsea.jpg")
    shutil.rmtree(folder)  # half a gigabyte of made-up numbers


def test_logits_of_a_real_photo_are_those_of_torchvisions_own_preprocessing_and_network(family):
    with torch.no_grad():
        expected = family.official(family.preset(Image.open(family.photo))[None])
        found = family.model(family.picture.pixels[None])
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-5)
    assert expected.std() > 0.01


def test_integrated_gradients_are_captums_on_the_same_nodes(family):
    mean, std = (torch.tensor(values)[:, None, None] for values in (family.preset.mean, family.preset.std))
    pixels = family.picture.pixels[None]
    found = igcli.attribute(family.model, family.picture, target=2, steps=STEPS)
    expected = IntegratedGradients(lambda x: family.official((x - mean) / std).softmax(1)).attribute(
        pixels, torch.zeros_like(pixels), target=2, n_steps=STEPS, method="riemann_middle"
    )
    difference = (found.values - expected[0]).norm() / expected.norm()
    assert difference < 2e-3  # in float32 a last digit decides on which side of a kink a ReLU is


def test_explain_runs(family, tmp_path):
    (record,) = succeeded("explain", family.photo, "--model", family.model_file, "--steps", STEPS, "-o", tmp_path)
    assert record["model"]["name"] == family.name
    assert record["model"]["weights"] == "weights.pth"
    assert record["target"]["label"] in "abcdefg"
    assert np.isfinite(record["results"][0]["sum"])
    assert (tmp_path / "chelsea.integrated.png").stat().st_size > 500


def test_saturation_with_layers_runs(family, tmp_path):
    options = ("--points", 3, "-o", tmp_path / "plot.png", "--layers")
    succeeded("saturation", family.photo, "--model", family.model_file, *options)
    layers = json.loads((tmp_path / "plot.layers.json").read_text())["layers"]
    assert len(layers) == 4
    assert all(entry["median_cosine"][0] > 0 for entry in layers)  # each moves along the path
    assert (tmp_path / "plot.png").stat().st_size > 5000


def test_animate_runs(family, tmp_path):
    options = ("--frames", 2, "-o", tmp_path / "film.gif")
    succeeded("animate", family.photo, "--model", family.model_file, *options)
    with Image.open(tmp_path / "film.gif") as film:
        assert film.n_frames == 2
