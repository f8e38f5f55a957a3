"""A user's own code: a function or class in a file or package makes the network."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import torch

from igcli.errors import UsageError, WeightsError
from igcli.models.classifier import Classifier
from igcli.models.from_code import tensors_hash
from igcli.models.weights import sha256_of
from igcli.models.zoo import load_model

from .networks import CODE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with ``code/nets.py`` and a package ``mine``."""
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "nets.py").write_text(CODE)
    (tmp_path / "code" / "neighbour.py").write_text("WIDTH = 3\n")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "__init__.py").touch()
    (tmp_path / "mine" / "nets.py").write_text(CODE.replace("from neighbour", "from .neighbour"))
    (tmp_path / "mine" / "neighbour.py").write_text("WIDTH = 3\n")
    monkeypatch.chdir(tmp_path)
    before = set(sys.modules)
    yield tmp_path
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("mine", "neighbour") or name.startswith("igcli_model_"):
            del sys.modules[name]


def load(name: str, **how: object) -> Classifier:
    return load_model(name, device="cpu", **how)


@pytest.mark.parametrize(
    "name", ["code/nets.py:Small", "mine.nets:Small", "code/nets.py:ready", "{}/code/nets.py:Small"]
)
def test_a_file_or_a_package_names_what_makes_the_network(name: str, folder: Path) -> None:
    model = load(name.format(folder), size=16)
    assert model(torch.rand(2, 3, 16, 16)).shape == (2, 5)
    assert not any(module.training for module in model.network.modules())
    assert not any(parameter.requires_grad for parameter in model.network.parameters())


def test_the_path_of_imports_is_as_it_was(folder: Path) -> None:
    before = list(sys.path)
    load("code/nets.py:Small", size=16)
    assert sys.path == before


def test_arguments_reach_the_factory() -> None:
    model = load("code/nets.py:Small", arguments={"width": 7, "classes": 2}, size=16)
    assert model.network.features[0].out_channels == 7
    assert len(model.labels) == 2


def test_a_factory_may_make_a_whole_classifier(folder: Path) -> None:
    (folder / "whole.py").write_text(
        "import igcli\nfrom torch import nn\n"
        "def build():\n"
        "    return igcli.Classifier(nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()), ['r', 'g', 'b'],\n"
        "                            mean=(0.5,), std=(0.5,))\n"
    )
    model = load("whole.py:build")
    assert list(model.labels) == ["r", "g", "b"]
    assert model(torch.ones(1, 3, 4, 4)).tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("wrapped", ["state_dict", None])
def test_weights_from_a_file_are_the_ones_used(wrapped: str | None, folder: Path) -> None:
    (namespace := {"__name__": "x"})
    sys.path.insert(0, "code")
    exec(CODE, namespace)
    sys.path.remove("code")
    network = namespace["Small"]().eval()
    state = torch.nn.DataParallel(network).state_dict()
    torch.save({"epoch": 3, wrapped: state} if wrapped else state, folder / "best.pth")
    model = load("code/nets.py:Small", weights="best.pth", size=16)
    pixels = torch.rand(2, 3, 16, 16)
    torch.testing.assert_close(model(pixels), network(pixels))
    assert (model.provenance.name, model.provenance.weights) == ("nets.py:Small", "best.pth")
    assert model.provenance.sha256 == sha256_of(folder / "best.pth")


def test_without_a_file_the_provenance_tells_two_networks_apart() -> None:
    first, second, again = (
        load(name, size=16).provenance.sha256
        for name in ("code/nets.py:binary", "code/nets.py:tags", "code/nets.py:binary")
    )
    assert first == again != second
    model = torch.nn.Linear(2, 2)
    before = tensors_hash(model)
    with torch.no_grad():
        model.weight[0, 0] += 1e-3
    assert tensors_hash(model) != before


def test_weights_of_another_network_are_named_with_their_first_keys(folder: Path) -> None:
    torch.save({"conv.weight": torch.ones(2), "a": torch.ones(1)}, folder / "other.pth")
    with pytest.raises(WeightsError, match=r"missing \(features\.0\.weight.*2 unexpected \(conv\.weight, a\)"):
        load("code/nets.py:Small", weights="other.pth", size=16)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("code/absent.py:build", "no file code/absent.py"),
        ("nowhere.nets:build", "no module nowhere"),
        ("mine.absent:build", "no module mine.absent"),
        ("code/nets.py:Smal", "It defines: Small, grey, binary"),
        ("code/nets.py:number", "something of type int"),
        ("code/nets.py:nothing", "made nothing"),
        ("code/nets.py:fails", "TypeError.*--model-arg"),
        ("code/nets.py", "code/nets.py:FUNCTION"),
        ("code/nets.py:ready", "a network already"),
    ],
)
def test_code_that_makes_no_network_is_a_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(name, arguments={"width": 3} if name.endswith("ready") else {})


@pytest.mark.parametrize(
    ("content", "said"),
    [("import nonexistent_package\n", "nonexistent_package"), ("x = = 3\n", "SyntaxError"), ("1 / 0\n", "division")],
)
def test_code_that_cannot_be_run_is_a_sentence_and_leaves_nothing_behind(content: str, said: str, folder: Path) -> None:
    (folder / "broken.py").write_text(content)
    with pytest.raises(UsageError, match=said):
        load("broken.py:build")
    assert not [name for name in sys.modules if name.startswith("igcli_model_broken")]


def test_two_files_of_one_name_are_two_modules(folder: Path) -> None:
    for number in (2, 3):
        (folder / str(number)).mkdir()
        (folder / str(number) / "net.py").write_text(
            f"from torch import nn\ndef build(): return nn.Sequential(nn.Flatten(), nn.Linear(3, {number}))\n"
        )
    counts = [len(load(f"{number}{os.sep}net.py:build", size=1).labels) for number in (2, 3)]
    assert counts == [2, 3]
