"""Networks in files with their program: torch.export, TorchScript, pickles; as they are, and damaged, and malicious."""

from __future__ import annotations

import contextlib
import importlib
import os
import pickle
import sys
import warnings
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn
from toys import random_picture, small_network

import igcli
from igcli.errors import UsageError, WeightsError
from igcli.images.options import View
from igcli.models.classifier import Classifier
from igcli.models.weights import sha256_of
from igcli.models.zoo import load_model

SIDE = 12
PIXELS = torch.rand(5, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(1))


@pytest.fixture(scope="module")
def network() -> nn.Module:
    return small_network().eval()


def export(network: nn.Module, path: Path, *, pictures: int = 2, dynamic: bool = False) -> Path:
    shapes = ({0: torch.export.Dim("n", min=1, max=3)},) if dynamic else None
    torch.compiler.reset()  # older versions export no more than eight networks in one process
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.export.export(network, (PIXELS[:pictures],), dynamic_shapes=shapes)
        torch.export.save(program, path)
    return path


def script(network: nn.Module, path: Path, *, how: str) -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.trace(network, PIXELS[:2]) if how == "traced" else torch.jit.script(network)
        torch.jit.save(torch.jit.freeze(scripted) if how == "frozen" else scripted, str(path))
    return path


def load(path: Path, **how: object) -> Classifier:
    return load_model(str(path), device="cpu", **how)


def assert_same(model: Classifier, network: nn.Module) -> None:
    """Logits, and integrated gradients at every chunk size, as those of the network itself."""
    torch.testing.assert_close(model(PIXELS), network(PIXELS), rtol=1e-4, atol=1e-5)
    picture, plain = random_picture(), Classifier(network, model.labels)
    maps = [
        igcli.attribute(each, picture, steps=7, budget=igcli.Budget(size), target=1).values
        for each, size in ((plain, 7), (model, 7), (model, 3), (model, 1))
    ]
    for other in maps[1:]:
        torch.testing.assert_close(other, maps[0], rtol=1e-3, atol=1e-5)
    assert model.network.training is False


@pytest.mark.parametrize(
    ("pictures", "dynamic"), [(1, False), (2, False), (2, True)], ids=["one", "two", "one to three"]
)
def test_an_exported_program_takes_any_number_of_pictures(
    pictures: int, dynamic: bool, network: nn.Module, tmp_path: Path
) -> None:
    path = export(network, tmp_path / "net.pt2", pictures=pictures, dynamic=dynamic)
    model = load(path)
    assert_same(model, network)
    assert model.view == View(SIDE, SIDE)
    assert (model.provenance.name, model.provenance.sha256) == ("net.pt2", sha256_of(path))


def test_a_network_is_shown_the_same_crop_after_it_was_exported(network: nn.Module, tmp_path: Path) -> None:
    shapes = ({2: torch.export.Dim.AUTO, 3: torch.export.Dim.AUTO},)
    for pixels, dynamic in ((torch.zeros(1, 3, 224, 224), None), (PIXELS[:1], shapes)):
        program = torch.export.export(network, (pixels,), dynamic_shapes=dynamic)
        torch.export.save(program, tmp_path / "net.pt2")
        assert load(tmp_path / "net.pt2").view == View()


@pytest.mark.parametrize("how", ["scripted", "traced", "frozen"])
def test_torchscript_of_every_kind(how: str, network: nn.Module, tmp_path: Path) -> None:
    assert_same(load(script(network, tmp_path / "net.pt", how=how), size=SIDE), network)


def test_a_program_that_was_exported_in_training_mode_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"eval\(\) before torch.export"):
        load(export(small_network().train(), tmp_path / "net.pt2"))


def test_a_program_for_something_else_than_pictures_is_refused_with_what_it_takes(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(nn.Linear(4, 2), (torch.ones(3, 4),)), tmp_path / "net.pt2")
    with pytest.raises(UsageError, match="takes 3 x 4"):
        load(tmp_path / "net.pt2")


def test_a_program_for_rectangular_pictures_is_given_such_ones(tmp_path: Path) -> None:
    network = nn.Sequential(nn.Conv2d(3, 2, 1), nn.Flatten(), nn.Linear(48, 4)).eval()
    torch.export.save(torch.export.export(network, (torch.ones(1, 3, 4, 6),)), tmp_path / "wide.pt2")
    model = load(tmp_path / "wide.pt2")
    assert (model.view.size, model.view.resize, model.input_shape) == ((6, 4), (6, 4), (3, 4, 6))


def test_a_program_takes_neither_weights_nor_arguments(network: nn.Module, tmp_path: Path) -> None:
    path = export(network, tmp_path / "net.pt2")
    for how in ({"weights": path}, {"arguments": {"a": 1}}):
        with pytest.raises(UsageError, match="whole network"):
            load(path, **how)


def test_a_whole_pickled_network_is_loaded_only_if_it_is_trusted(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="--trust-pickle"):
        load(tmp_path / "net.pth", size=SIDE)
    assert_same(load(tmp_path / "net.pth", size=SIDE, trust_pickle=True), network)


def test_weights_alone_are_no_network(network: nn.Module, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "net.pth")
    with pytest.raises(UsageError, match=r"--model NAME --weights net\.pth"):
        load(tmp_path / "net.pth")


@pytest.mark.parametrize("name", ["net.pt2", "net.pt", "net.pth"])
def test_what_is_no_program_is_a_sentence(name: str, network: nn.Module, tmp_path: Path) -> None:
    path = tmp_path / name
    with pytest.raises(WeightsError, match="There is no file"):
        load(path)
    for content in (b"<html>", b"nonsense", b""):
        path.write_bytes(content)
        with pytest.raises(WeightsError, match=name):
            load(path)


@pytest.mark.parametrize("share", [0.3, 0.8, 0.99])
def test_a_cut_program_is_a_sentence(share: float, network: nn.Module, tmp_path: Path) -> None:
    for path in (export(network, tmp_path / "net.pt2"), script(network, tmp_path / "net.pt", how="scripted")):
        path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
        with pytest.raises(WeightsError, match=path.name):
            load(path)


class Malicious:
    """Unpickling it creates a folder."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def test_a_malicious_pickle_is_never_executed(tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    torch.save(Malicious(marker), tmp_path / "net.pth")
    (tmp_path / "bare.pt").write_bytes(pickle.dumps(Malicious(marker)))
    for name in ("net.pth", "bare.pt"):
        with pytest.raises(WeightsError, match="could run code"):
            load(tmp_path / name)
    assert not marker.exists()


def test_a_pickle_inside_an_exported_program_is_never_executed(network: nn.Module, tmp_path: Path) -> None:
    marker = tmp_path / "executed"
    whole, evil = export(network, tmp_path / "net.pt2"), tmp_path / "evil.pt2"
    torch.save(Malicious(marker), tmp_path / "evil.pt")
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(evil, "w") as target:
        for name in source.namelist():
            inputs = name.endswith(("data/sample_inputs/model.pt", "serialized_example_inputs.pt"))  # torch 2.14, 2.6
            target.writestr(name, (tmp_path / "evil.pt").read_bytes() if inputs else source.read(name))
    with pytest.raises(WeightsError):
        load(evil)
    assert not marker.exists()
    with contextlib.suppress(WeightsError):
        load(evil, trust_pickle=True)
    assert marker.exists()  # so it would have been
    assert pickle.loads(pickle.dumps(3)) == 3  # unpickling is as it was, for everybody else


YOLO = """
from types import SimpleNamespace

import torch
from torch import nn


class Classify(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.linear = nn.Linear(12, classes)

    def forward(self, x):
        x = self.linear(x)
        return x if self.training else (x.softmax(1), x)  # as the library's head has it


class ClassificationModel(nn.Module):
    def __init__(self, args):
        super().__init__()
        self.model = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), Classify(3))
        self.names, self.args = {0: "ant", 1: "bee", 2: "cat"}, args

    def forward(self, x):
        return self.model(x)
"""


@pytest.mark.parametrize("held", ["model", "ema"])
@pytest.mark.parametrize("args", [{"imgsz": 24}, {"imgsz": [24, 24]}], ids=["a side", "two sides"])
def test_a_yolo_classifier_has_its_class_names_its_size_and_its_probabilities(
    held: str, args: dict[str, object], samples: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "yolo_stand_in.py").write_text(YOLO)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    library = importlib.import_module("yolo_stand_in")
    torch.manual_seed(0)
    network = library.ClassificationModel(args).half()
    content = {"epoch": -1, "best_fitness": None, "model": None, "ema": None, "train_args": args} | {held: network}
    torch.save(content, tmp_path / "best.pt")

    model = load("best.pt", trust_pickle=True)

    assert list(model.labels) == ["ant", "bee", "cat"]
    assert (model.view.size, model.view.resize, model.mean, model.std) == (24, 24, (0.0,), (1.0,))
    assert model.dtype is torch.float32
    assert "Its classes have the names in its names." in model.caveat
    photo = igcli.read_image(samples / "coffee.jpg", view=model.view)
    result = igcli.attribute(model, photo, method="integrated", target="top")
    with torch.no_grad():
        probabilities, _ = network.float().eval()(photo.pixels[None])
    assert result.target.label == model.labels[int(probabilities.argmax())]
    assert result.score.at_image == pytest.approx(float(probabilities.max()), abs=1e-6)  # not softmax once more
    sys.modules.pop("yolo_stand_in")
