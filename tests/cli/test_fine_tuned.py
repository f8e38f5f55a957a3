"""A stranger with a ResNet fine-tuned on a folder of classes: from checkpoint to overlays, as in the README."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from torch import nn
from torchvision import models
from torchvision.datasets import ImageFolder

from igcli.cli.main import ig

NET = """
from torch import nn

def build(width=4, classes=2):
    return nn.Sequential(nn.Conv2d(3, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(width, classes))
"""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ig, [str(argument) for argument in arguments])


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return models.resnet18(num_classes=3).eval()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch, network: nn.Module) -> Path:
    """What such a person has: training data, a checkpoint, photos."""
    for name in ("wasp", "ant", "Bee"):
        (tmp_path / "train" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "train" / name / "0.png")
    (tmp_path / "photos").mkdir()
    for name in ("chelsea.jpg", "coffee.jpg"):
        shutil.copy(samples / name, tmp_path / "photos" / name)
    torch.save({"epoch": 3, "state_dict": nn.DataParallel(network).state_dict()}, tmp_path / "best.pth")
    monkeypatch.chdir(tmp_path)
    return tmp_path


THREE_OPTIONS = ("--model", "resnet18", "--weights", "best.pth", "--labels", "train")
FEW = ("--steps", 2, "--device", "cpu", "--json")


def test_three_options_lead_from_checkpoint_to_overlays(network, folder):
    result = run("explain", "photos", *THREE_OPTIONS, *FEW)
    assert result.exit_code == 0, result.output
    preset, classes = models.ResNet18_Weights.DEFAULT.transforms(), ImageFolder("train").classes
    for line in result.stdout.splitlines():
        record = json.loads(line)
        with torch.no_grad():
            expected = network(preset(Image.open(record["image"]["path"]))[None]).softmax(1).max(1)
        assert record["target"]["label"] == classes[expected.indices.item()]
        assert record["score"]["at_image"] == pytest.approx(expected.values.item(), abs=1e-5)
    assert sorted(path.name for path in Path("out").glob("*.png")) == [
        "chelsea.integrated.png",
        "coffee.integrated.png",
    ]


def test_one_model_file_does_the_same(folder):
    described = run("models", "describe", "resnet18", *THREE_OPTIONS[2:], "--device", "cpu", "--save", "mine.toml")
    assert described.exit_code == 0, described.output
    by_options = run("explain", "photos/coffee.jpg", *THREE_OPTIONS, *FEW, "-o", "a")
    by_file = run("explain", "photos/coffee.jpg", "--model", "mine.toml", *FEW, "-o", "b")
    one, other = (json.loads(result.stdout) for result in (by_options, by_file))
    assert one["score"] == other["score"]
    assert one["target"] == other["target"]
    assert (folder / "a" / "coffee.integrated.png").exists()


def test_a_network_of_ones_own_is_described_on_the_command_line():
    Path("net.py").write_text(NET)
    torch.manual_seed(1)
    namespace: dict = {}
    exec(NET, namespace)
    own = namespace["build"](6, 3).eval()
    torch.save(own.state_dict(), "own.pth")
    Path("labels.txt").write_text("ant\nbee\nwasp\n")
    result = run(
        *("explain", "photos/coffee.jpg", "--model", "net.py:build", "--weights", "own.pth", "--labels", "labels.txt"),
        *(
            "--model-arg",
            "width=6",
            "--model-arg",
            "classes=3",
            "--input-size",
            20,
            "--fit",
            "squash",
            "--mean",
            "127.5",
        ),
        *("--std", "127.5", "--value-range", "0,255", "--target", "bee", *FEW),
    )
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    small = Image.open("photos/coffee.jpg").resize((20, 20), Image.Resampling.BILINEAR)
    pixels = torch.from_numpy(np.asarray(small, np.float32)).permute(2, 0, 1)[None].contiguous()
    with torch.no_grad():
        expected = own((pixels - 127.5) / 127.5).softmax(1)[0, 1].item()
    assert record["score"]["at_image"] == pytest.approx(expected, abs=1e-5)
    assert record["image"]["fit"] == "squash"


def test_the_fit_of_a_model_file_holds_unless_another_is_asked_for():
    Path("mine.toml").write_text('model = "resnet18"\nweights = "best.pth"\n[input]\nsize = 40\nfit = "pad"\n')
    fits = [
        json.loads(run("explain", "photos/coffee.jpg", "--model", "mine.toml", *more, *FEW, "-o", out).stdout)["image"]
        for more, out in (((), "a"), (("--fit", "crop"), "b"))
    ]
    assert [each["fit"] for each in fits] == ["pad", "crop"]


def test_another_preparation_is_another_run():
    first = run("explain", "photos", *THREE_OPTIONS, *FEW)
    again = run("explain", "photos", *THREE_OPTIONS, *FEW, "--input-size", 64)
    assert (first.exit_code, again.exit_code) == (0, 2)
    assert "size 224 there, 64 now" in again.stderr


@pytest.mark.parametrize(("target", "label"), [("1", "1"), ("10", "10"), ("index:1", "10"), ("name:2", "2")])
def test_a_class_called_by_a_number_is_found_by_its_name_on_the_command_line_and_in_lists(folder, target, label):
    for name in ("1", "2", "10"):
        (folder / "numbered" / name).mkdir(parents=True)
    (folder / "net.py").write_text(NET)
    (folder / "list.csv").write_text(f"path,target\nphotos/coffee.jpg,{target}\n")
    own = ("--model", "net.py:build", "--model-arg", "classes=3", "--labels", "numbered", *FEW)
    for arguments in (("photos/coffee.jpg", "--target", target), ("list.csv",)):
        result = run("explain", *arguments, *own)
        assert result.exit_code == 0, result.output
        assert json.loads(result.stdout.splitlines()[0])["target"]["label"] == label


def test_a_number_that_is_one_class_s_name_and_anothers_index_is_said_on_the_command_line_and_in_lists(folder):
    (folder / "labels.txt").write_text("1\ncat\ndog\n")
    (folder / "net.py").write_text(NET)
    (folder / "list.csv").write_text("path,target\nphotos/coffee.jpg,1\n")
    own = ("--model", "net.py:build", "--model-arg", "classes=3", "--labels", "labels.txt", *FEW)
    for arguments in (("photos/coffee.jpg", "--target", "1"), ("list.csv",)):
        result = run("explain", *arguments, *own)
        assert result.exit_code in (1, 2)
        assert "say name:1 or index:1" in result.output


def test_half_a_character_in_a_label_ends_no_run_over_a_folder(folder):
    code = "import igcli\ndef own(): return igcli.Classifier(build(), ['a\\ud800', 'b\\udcff'], view=igcli.View(32))"
    (folder / "net.py").write_text(NET + code)
    result = run("explain", "photos", "--model", "net.py:own", *FEW)
    assert result.exit_code == 0, result.output
    assert {json.loads(line)["target"]["label"] for line in result.stdout.splitlines()} <= {"a\\ud800", "b\\udcff"}


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_half_a_character_in_the_name_of_the_weights_ends_no_run_over_a_folder(folder):
    odd = os.fsdecode(b"best\xff.pth")
    (folder / "best.pth").rename(folder / odd)
    result = run("explain", "photos", "--model", "resnet18", "--weights", odd, "--labels", "train", *FEW)
    assert result.exit_code == 0, result.output
