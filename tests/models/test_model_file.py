"""The model file: what is written is read back the same, paths are relative to it, and mistakes are sentences."""

from __future__ import annotations

import os
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchvision.models import resnet18

from igcli.errors import UsageError, WeightsError
from igcli.models.model_file import model_file, read_model_file
from igcli.models.spec import InputSpec, ModelSpec
from igcli.models.weights import sha256_of
from igcli.models.zoo import load_model

EXAMPLE = """
model = "resnet18"
weights = "best.pth"
labels = ["cat", "dog"]
outputs = "multi-label"

[arguments]
width = 3
stages = [1, 2]

[input]
size = 96
mean = [0.5, 0.4, 0.3]
value_range = [0, 255]
fit = "squash"
"""


def test_an_example_says_what_it_says(tmp_path):
    (tmp_path / "mine.toml").write_text(EXAMPLE)
    assert read_model_file(tmp_path / "mine.toml") == ModelSpec(
        "resnet18",
        weights=tmp_path / "best.pth",
        labels=("cat", "dog"),
        arguments=(("width", 3), ("stages", [1, 2])),
        outputs="multi-label",
        input=InputSpec(size=96, mean=(0.5, 0.4, 0.3), value_range=(0, 255), fit="squash"),
    )


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
values = st.recursive(
    st.booleans() | st.integers(-(2**62), 2**62) | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=5,
)


@given(labels=st.lists(texts, min_size=1, max_size=4), arguments=st.dictionaries(texts, values, max_size=4))
def test_whatever_is_written_is_read_back_by_the_standard_library(labels, arguments):
    spec = ModelSpec("net", labels=tuple(labels), arguments=tuple(arguments.items()))
    content = tomllib.loads(model_file(spec, folder=Path()))
    assert content["labels"] == labels
    assert repr(content.get("arguments", {})) == repr(arguments)  # by repr, as NaN is not itself


def test_files_are_named_relative_to_the_model_file_and_found_from_anywhere(tmp_path, monkeypatch):
    folder = tmp_path / "shared"
    (folder / "code").mkdir(parents=True)
    spec = ModelSpec(str(folder / "code" / "net.py") + ":build", weights=folder / "best.pth", labels=Path("/l.txt"))
    text = model_file(spec, folder=folder)
    assert 'model = "code/net.py:build"' in text
    assert 'weights = "best.pth"' in text
    (folder / "mine.toml").write_text(text)
    monkeypatch.chdir(tmp_path)
    read = read_model_file(Path("shared/mine.toml"), trusted=True)
    assert read == replace(spec, model="shared/code/net.py:build", weights=Path("shared/best.pth"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("model = ", "is not TOML"),
        ("weights = 'a.pth'", "which model"),
        ("model = 'other.toml'", "which model"),
        ("model = 3", "which model"),
        ("model = 'x'\nsice = 3", "sice"),
        ("model = 'x'\nsize = 3", r"\[input\]"),
        ("model = 'x'\n[input]\nsice = 3", "Did you mean 'size'"),
        ("model = 'x'\n[input]\nsize = 'big'", "whole number"),
        ("model = 'x'\n[inputs]\nsize = 3", "wrong place"),
        ("model = 'x'\ntrust_pickle = true", "command line"),
        ("model = 'x'\ndevice = 'cuda'", "command line"),
        ("model = 'x'\ntrust_model_file = true", "command line"),
        ("model = 'x'\nsize = " + "[" * 100_000, "is not TOML"),
        ("model = 'x'\n[arguments]\n" + ".".join("a" * 5000) + " = 1", "more than 20 deep"),
        ("model = 'x'\nweights = 'a\\u0000.pth'".replace("'", '"'), "NUL character"),
        ("model = 'x'\n[input]\nsize = " + "9" * 5000, "is not TOML"),
        ("model = 'x'\n# " + "x" * (4 << 20), "4,194,304 bytes, the most"),
    ],
)
def test_a_mistake_is_a_sentence_that_names_the_file(text, said, tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match=said) as caught:
        read_model_file(path)
    assert str(path) in str(caught.value)


def test_a_missing_file_is_a_sentence(tmp_path):
    with pytest.raises(UsageError, match="no model file"):
        load_model(str(tmp_path / "absent.toml"))


@pytest.fixture
def shared(tmp_path):
    """A model file with the hash of its weights."""
    torch.manual_seed(0)
    torch.save(resnet18(num_classes=3).state_dict(), tmp_path / "best.pth")
    sha256 = sha256_of(tmp_path / "best.pth")
    text = f'model = "resnet18"\nweights = "best.pth"\nsha256 = "{sha256}"\n[input]\nsize = 40\n'
    (tmp_path / "mine.toml").write_text(text)
    return tmp_path / "mine.toml"


def test_what_is_said_beside_the_file_goes_before_it(shared):
    model = load_model(str(shared), device="cpu", size=48, labels=["a", "b", "c"])
    assert (model.view.size, model.labels[2]) == (48, "c")


def test_other_weights_than_the_file_names_are_refused(shared):
    torch.save(resnet18(num_classes=4).state_dict(), shared.parent / "best.pth")
    with pytest.raises(WeightsError, match="not the file that the model file names"):
        load_model(str(shared), device="cpu")


@pytest.mark.parametrize(
    "model", ["os:mkdir", "net.py:build", "net.pt2", "net.pt", "net.ts", "net.pth", "package.module:factory", "a.b:c.d"]
)
def test_a_model_file_that_names_code_is_refused_and_the_code_is_not_run(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "net.py").write_text("from pathlib import Path\nPath('executed').touch()\ndef build(): ...")
    (tmp_path / "mine.toml").write_text(f'model = "{model}"\n[arguments]\npath = "executed"\n')
    with pytest.raises(UsageError, match="--trust-model-file"):
        load_model("mine.toml", device="cpu")
    assert not (tmp_path / "executed").exists()
    assert model.partition(":")[0] in read_model_file(Path("mine.toml"), trusted=True).model


@pytest.mark.parametrize("name", ["pretrained_cfg", "checkpoint_path"])
def test_a_model_file_that_has_timm_read_other_files_is_refused(name, tmp_path):
    (tmp_path / "mine.toml").write_text(f'model = "timm:resnet18"\n[arguments]\n{name} = "other.pth"\n')
    with pytest.raises(UsageError, match=name):
        read_model_file(tmp_path / "mine.toml")


@pytest.mark.parametrize(
    "model",
    ["resnet18", "resnet18@IMAGENET1K_V1", "timm:resnet18", "timm:net.pt", "timm:net.py:build", "auto", "caltech101"],
)
def test_names_of_installed_networks_need_no_trust_and_are_no_paths(model, tmp_path):
    (tmp_path / "mine.toml").write_text(f'model = "{model}"\n')
    assert read_model_file(tmp_path / "mine.toml").model == model


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_is_no_model_file(tmp_path):
    os.mkfifo(tmp_path / "mine.toml")
    with pytest.raises(UsageError, match="pipe, a socket or a device"):
        read_model_file(tmp_path / "mine.toml")
