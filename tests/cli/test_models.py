"""``ig models`` as its users meet it."""

import json
import socket

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import get_model_weights, resnet18

from igcli.models import auto
from igcli.models.model_file import read_model_file
from igcli.models.published_weights import classifier_names
from igcli.models.sources import MODELS
from igcli.models.zoo import load_model

NET = """
from torch import nn

def build(width=4, classes=5):
    return nn.Sequential(nn.Conv2d(1, width, 3), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
                         nn.Linear(width, classes))
"""


@pytest.fixture(autouse=True)
def checkpoints(tmp_path, monkeypatch):
    """A cache of its own, empty and not yet there."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


@pytest.fixture
def net(tmp_path):
    (tmp_path / "net.py").write_text(NET)
    return "net.py:build"


@pytest.fixture
def bundled_alone(monkeypatch):
    """Without the package of efficientnet_lite0, which a machine may or may not have."""
    monkeypatch.setattr(auto, "is_installed", lambda: False)


def records(result):
    assert result.exit_code == 0, result.output
    return [json.loads(line)["model"] for line in result.stdout.splitlines()]


def test_lists_every_registered_model_and_every_classifier_of_torchvisions(shell):
    names = [record["name"] for record in records(shell("models", "--json"))]
    assert names[: len(MODELS)] == list(MODELS)
    assert set(names) == {*MODELS, *classifier_names()}
    assert len(names) == len(set(names))


def test_a_line_says_input_size_classes_and_where_the_weights_are(shell, checkpoints):
    checkpoints.mkdir(parents=True)
    (checkpoints / "resnet18-f37072fd.pth").touch()
    lines = {line.split()[0]: line for line in shell("models").stdout.splitlines()}
    assert "224 px" in lines["resnet18"]
    assert "1000 classes" in lines["resnet18"]
    assert lines["resnet18"].endswith("cached")
    assert "299 px" in lines["inception_v3"]
    assert "to be fetched (109 MB)" in lines["inception_v3"]
    assert "100 classes   here" in lines["caltech101"]
    assert lines["auto"].endswith(MODELS.entries()[0].summary)


@pytest.mark.parametrize(("installed", "said"), [(True, "here"), (False, "pip install 'igcli[imagenet]'")])
def test_a_network_of_a_package_says_whether_it_is_installed(shell, monkeypatch, installed, said):
    monkeypatch.setattr("igcli.cli.models.is_installed", lambda: installed)
    (line,) = (line for line in shell("models").stdout.splitlines() if line.startswith("efficientnet_lite0 "))
    assert f"224 px   1000 classes   {said}   " in line


def test_listing_uses_no_network(shell, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", None)
    assert shell("models").exit_code == 0


@pytest.mark.parametrize("words", [("models", "show", "caltech101"), ("models", "caltech101")], ids=len)
def test_lists_the_layers_and_marks_the_default_ones(shell, words):
    lines = shell(*words, "--layers").stdout.splitlines()
    assert lines[0] == "conv1"
    assert "inception4b.branch1" in lines
    marked = [line.split()[0] for line in lines if line.endswith("(default)")]
    assert marked == ["inception3b", "inception4b", "inception4d", "inception5b"]


@pytest.mark.usefixtures("bundled_alone")
def test_layers_alone_are_those_of_the_default_model(shell):
    assert shell("models", "--layers", "--offline").stdout.splitlines()[0] == "conv1"


def test_show_says_what_a_published_network_is_without_fetching_it(shell):
    result = shell("models", "show", "swin_t", "--json")
    (record,) = records(result)
    preset = get_model_weights("swin_t").DEFAULT.transforms()
    assert record["input_size"] == preset.crop_size[0]
    assert record["resize"] == preset.resize_size[0]
    assert record["interpolation"] == "bicubic"
    assert record["mean"] == list(preset.mean)
    assert record["parameters"] == get_model_weights("swin_t").DEFAULT.meta["num_params"]
    assert record["labels"][0] == "tench"
    assert len(record["default_layers"]) == 4
    assert record["sha256"] is None
    assert "not on this machine" in result.stderr


def test_show_describes_a_network_of_ones_own(shell, net):
    lines = dict(line.split(maxsplit=1) for line in shell("models", "show", net, "--channels", "1").stdout.splitlines())
    assert lines["model"] == "net.py:build"
    assert lines["input"].startswith("1 x 224 x 224")
    assert lines["classes"] == "5: class 0, class 1, class 2, class 3, class 4"
    assert lines["parameters"] == str(1 * 4 * 9 + 4 + 4 * 5 + 5)
    assert "--labels" in lines["note"]


def test_an_unknown_model_is_a_sentence(shell):
    result = shell("models", "caltech")
    assert result.exit_code == 2
    assert "Did you mean 'caltech101'?" in result.stderr


def test_describe_writes_a_model_file_by_which_the_same_model_is_loaded(shell, tmp_path, net):
    torch.manual_seed(0)
    (tmp_path / "shared").mkdir()
    namespace: dict = {}
    exec(NET, namespace)
    torch.save(namespace["build"](6, 3).state_dict(), tmp_path / "shared" / "best.pth")
    (tmp_path / "labels.txt").write_text("ant\nbee\nwasp\n")
    said = [
        "--weights",
        "shared/best.pth",
        "--labels",
        "labels.txt",
        "--channels",
        "1",
        "--input-size",
        "20",
        "--mean",
        "9",
    ]
    said += ["--model-arg", "width=6", "--model-arg", "classes=3", "--value-range", "0,255", "--fit", "squash"]
    result = shell("models", "describe", net, *said, "--device", "cpu", "--save", "shared/mine.toml")
    assert result.exit_code == 0, result.output

    (tmp_path / "labels.txt").unlink()  # its names are in the file now
    (tmp_path / "shared").rename(tmp_path / "moved")
    (tmp_path / "moved" / "mine.toml").write_text(
        (tmp_path / "moved" / "mine.toml").read_text().replace(str(tmp_path), "..")  # net.py lies above the file
    )
    model = load_model(str(tmp_path / "moved" / "mine.toml"), device="cpu", trust_model_file=True)
    assert list(model.labels) == ["ant", "bee", "wasp"]
    assert (model.view.size, model.view.channels, model.view.fit) == (20, 1, "squash")
    assert model.mean == pytest.approx((9 / 255,))
    assert model.std == pytest.approx((1 / 255,))
    assert model.network[0].out_channels == 6


def test_describe_prints_where_nothing_is_to_be_saved(shell, net):
    result = shell("models", "describe", net, "--channels", "1")
    assert result.exit_code == 0
    assert f'model = "{net}"' in result.stdout.splitlines()


@pytest.mark.usefixtures("bundled_alone")
def test_describe_names_the_network_that_auto_came_to(shell):
    assert 'model = "caltech101"' in shell("models", "describe", "auto", "--offline").stdout.splitlines()


def test_describe_refuses_what_does_not_fit_together(shell, tmp_path):
    torch.save(resnet18(num_classes=3).state_dict(), tmp_path / "best.pth")
    (tmp_path / "labels.txt").write_text("ant\nbee\n")
    said = ["--weights", "best.pth", "--labels", "labels.txt", "--save", "mine.toml"]
    result = shell("models", "describe", "resnet18", *said)
    assert result.exit_code == 2
    assert "names 2 classes, and the network distinguishes 3" in result.stderr
    assert not (tmp_path / "mine.toml").exists()


def test_a_model_file_is_known_by_its_ending(shell, net):
    result = shell("models", "describe", net, "--channels", "1", "--save", "mine.txt")
    assert result.exit_code == 2
    assert ".toml" in result.stderr


def test_a_model_file_explains_like_the_options_it_holds(shell, tmp_path, net):
    Image.effect_noise((40, 30), 90).save(tmp_path / "photo.png")
    torch.manual_seed(1)
    namespace: dict = {}
    exec(NET, namespace)
    torch.save(nn.Module.state_dict(namespace["build"]()), tmp_path / "best.pth")
    shell(
        "models",
        "describe",
        net,
        "--weights",
        "best.pth",
        "--channels",
        "1",
        "--input-size",
        "20",
        "--save",
        "mine.toml",
    )
    assert read_model_file(tmp_path / "mine.toml", trusted=True).input.size == 20
    result = shell(
        "explain",
        "photo.png",
        "--model",
        "mine.toml",
        "--trust-model-file",
        "--steps",
        "3",
        "--device",
        "cpu",
        "--json",
    )
    assert result.exit_code == 0, result.output
    record = json.loads(result.stdout)
    assert record["model"]["name"] == "net.py:build"
    assert record["model"]["weights"] == "best.pth"
    assert record["model"]["input_size"] == 20
