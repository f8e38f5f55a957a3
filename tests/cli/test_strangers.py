"""A stranger's own network and checkpoints, from the command line: each with its result, or its sentence."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from torch import nn
from torchvision import models

import igcli
from igcli.cli.main import ig

NET = """
import torch
from torch import nn


class Small(nn.Module):
    def __init__(self, channels, classes, name=None):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(channels, 6, 3), nn.BatchNorm2d(6), nn.ReLU(), nn.AdaptiveAvgPool2d(3))
        self.head = nn.Linear(54, classes)
        self.name = name

    def forward(self, x):
        x = self.head(nn.functional.dropout(self.features(x).view(len(x), -1), training=self.training))
        return {self.name: x, "aux": x * 0} if self.name else x


def build(**arguments):
    torch.manual_seed(3)
    return Small(**arguments)
"""
COLOUR = "[arguments]\nchannels = 3\nclasses = {}\n[input]\nsize = 24\n"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ig, [str(argument) for argument in arguments])


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a photo, and the code of a network."""
    (tmp_path / "net.py").write_text(NET)
    shutil.copy(samples / "chelsea.jpg", tmp_path / "photo.jpg")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def explained(text: str, *options: object, command: str = "explain") -> list[dict]:
    """The records of a command on the photo with the network that a model file describes."""
    Path("mine.toml").write_text('model = "net.py:build"\n' + text)
    own = ("--model", "mine.toml", "--trust-model-file", "--device", "cpu")
    result = run(command, "photo.jpg", *own, "--json", *options)
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def refused(*options: object, status: int = 1) -> str:
    """The sentence with which ``ig explain`` ends."""
    result = run("explain", "photo.jpg", "--device", "cpu", *options)
    assert result.exit_code == status, result.output
    assert "Traceback" not in result.output
    assert not Path("out").exists()
    return result.stderr


def outputs(**arguments: object) -> torch.Tensor:
    """What the network itself says of the photo as the model file has it prepared."""
    namespace: dict = {}
    exec(NET, namespace)
    model = igcli.load_model("mine.toml", device="cpu", trust_model_file=True)
    pixels = igcli.read_image("photo.jpg", view=model.view).pixels[None]
    with torch.no_grad():
        found = namespace["build"](**arguments).eval()(pixels)
    return (found["out"] if isinstance(found, dict) else found)[0]


GREY = """
labels = ["a", "b", "c", "d", "e"]
[arguments]
channels = 1
classes = 5
[input]
size = 24
channels = 1
"""


def test_grey_pictures_and_five_labels():
    found = explained(GREY, "--steps", 3, "--target", "top-5", "--panel")
    expected = outputs(channels=1, classes=5).softmax(0)
    assert sorted(record["target"]["label"] for record in found) == list("abcde")
    for record in found:
        assert record["score"]["at_image"] == pytest.approx(expected[record["target"]["index"]].item(), abs=1e-5)
    assert len(list(Path("out").glob("*.integrated.png"))) == 5


def test_grey_pictures_are_animated_and_plotted():
    explained(GREY, "--frames", 2, "-o", "film.gif", command="animate")
    explained(GREY, "--points", 3, "-o", "plot.png", "--layers", "features.0,head", command="saturation")
    with Image.open("film.gif") as film:
        assert film.n_frames == 2
    assert Path("plot.layers.png").exists()


def test_a_single_output_says_yes_or_no():
    (record,) = explained(COLOUR.format(1), "--steps", 3, "--target", "yes")
    yes = outputs(channels=3, classes=1).sigmoid().item()
    assert record["score"]["at_image"] == pytest.approx(yes, abs=1e-5)
    assert {ranked["label"] for ranked in record["prediction"]} == {"no", "yes"}
    assert sum(ranked["probability"] for ranked in record["prediction"]) == pytest.approx(1)


def test_multi_label_probabilities_are_each_for_itself():
    text = 'outputs = "multi-label"\nlabels = ["sun", "sea", "cat", "dog"]\n' + COLOUR.format(4)
    found = explained(text, "--steps", 3, "--target", "sea")
    expected = outputs(channels=3, classes=4).sigmoid()
    (record,) = found
    assert record["score"]["kind"] == "sigmoid"
    assert record["score"]["at_image"] == pytest.approx(expected[1].item(), abs=1e-5)
    assert [r["probability"] for r in record["prediction"]] == pytest.approx(expected.sort(descending=True)[0].tolist())


def test_multi_label_curves_are_of_the_sigmoid():
    text = 'outputs = "multi-label"\n' + COLOUR.format(4)
    (record, *_) = explained(text, "--points", 3, "--target", "1", "-o", "plot.png", command="saturation")
    expected = outputs(channels=3, classes=4).sigmoid()[1].item()
    assert record["score"]["kind"] == "sigmoid"
    with Path("plot.csv").open() as file:
        *_, last = [row for row in csv.DictReader(file) if row["target"] == "class 1"]
    assert (float(last["alpha"]), float(last["softmax"])) == pytest.approx((1, expected), abs=1e-5)


def test_outputs_in_a_mapping():
    (record,) = explained(COLOUR.format('5\nname = "out"'), "--steps", 3, "--target", "2")
    expected = outputs(channels=3, classes=5, name="out").softmax(0)[2].item()
    assert record["score"]["at_image"] == pytest.approx(expected, abs=1e-5)


def test_a_checkpoint_that_was_saved_from_data_parallel():
    torch.manual_seed(0)
    network = models.resnet18(num_classes=3)
    torch.save({"epoch": 5, "state_dict": nn.DataParallel(network).state_dict()}, "best.pth")
    Path("mine.toml").write_text(
        'model = "resnet18"\nweights = "best.pth"\nlabels = ["ant", "bee", "wasp"]\n[input]\nsize = 40\nresize = 44\n'
    )
    result = run("explain", "photo.jpg", "--model", "mine.toml", "--device", "cpu", "--steps", 2, "--json")
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    preset = models.ResNet18_Weights.DEFAULT.transforms
    with torch.no_grad():
        seen = preset.func(crop_size=40, resize_size=44)(Image.open("photo.jpg"))
        expected = network.eval()(seen[None]).softmax(1).max(1)
    assert record["target"]["label"] == ["ant", "bee", "wasp"][expected.indices.item()]
    assert record["score"]["at_image"] == pytest.approx(expected.values.item(), abs=1e-5)


class Malicious:
    """Unpickling it creates a folder."""

    def __reduce__(self):
        return os.mkdir, ("executed",)


def state() -> dict[str, torch.Tensor]:
    return models.resnet18(num_classes=3).state_dict()


def wrong_head(path: Path) -> None:
    own = {key.replace("fc.", "head.mlp."): value for key, value in state().items()}
    torch.save(own, path)


def truncated(path: Path) -> None:
    torch.save(state(), path)
    path.write_bytes(path.read_bytes()[:100_000])


def malicious(path: Path) -> None:
    torch.save(state() | {"extra": Malicious()}, path)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (wrong_head, "2 missing (fc.weight, fc.bias), 2 unexpected (head.mlp.weight, head.mlp.bias)"),
        (lambda path: torch.save(models.resnet18(num_classes=3), path), "--trust-pickle"),
        (truncated, "cut short"),
        (lambda path: path.write_text("<!DOCTYPE html><html>Please log in</html>"), "web page"),
        (malicious, "could run code"),
        (lambda path: None, "There is no file"),
        (lambda path: path.mkdir(), "is a folder"),
    ],
    ids=["wrong head", "whole network", "truncated", "web page", "malicious", "missing", "folder"],
)
def test_weights_that_cannot_be_used_are_a_sentence_and_run_nothing(make, said, folder):
    make(folder / "best.pth")
    assert said in refused("--model", "resnet18", "--weights", "best.pth")
    assert not Path("executed").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (COLOUR.format(4).replace("channels = 3", "channels = 1"), "--channels"),
        ("labels = 'absent.txt'\n" + COLOUR.format(4), "absent.txt"),
        ("labels = ['a']\n" + COLOUR.format(4), "names 1 class, and the network distinguishes 4"),
        (COLOUR.format(4) + "sice = 3", "Did you mean 'size'"),
        (COLOUR.format("'four'"), "--model-arg"),
    ],
)
def test_a_model_file_that_does_not_fit_is_a_sentence(text, said):
    Path("mine.toml").write_text('model = "net.py:build"\n' + text)
    assert said in refused("--model", "mine.toml", "--trust-model-file", status=2)
