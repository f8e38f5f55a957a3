"""How an ecologist and a researcher bring their networks, from the files of their training to maps and a table."""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from tiny_image_models import LABELS, library_logits, saved_image_model, saved_timm_model

from igcli.cli.main import ig

FEW = ("--steps", 2, "--device", "cpu")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Photos of a camera trap in folders by station, and training data in folders by class."""
    for station, name in (("north", "chelsea.jpg"), ("south", "coffee.jpg")):
        (tmp_path / "traps" / station).mkdir(parents=True)
        shutil.copy(samples / name, tmp_path / "traps" / station / name)
    for label in LABELS:
        (tmp_path / "train" / label).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(tmp_path / "train" / label / "0.png")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(ig, [str(argument) for argument in arguments])


def records(*arguments: object) -> list[dict[str, Any]]:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def timm_checkpoint(path: Path, **left: Any) -> torch.nn.Module:
    """What timm's train.py saves as ``model_best.pth.tar``."""
    timm = pytest.importorskip("timm", reason="needs igcli[timm]")
    torch.manual_seed(5)
    network = timm.create_model("resnet10t", num_classes=len(LABELS)).eval()
    said = argparse.Namespace(model="resnet10t", lr=0.1)
    content = {"epoch": 7, "arch": "resnet10t", "state_dict": network.state_dict(), "version": 2, "metric": 91.5}
    content |= {"args": said, "optimizer": {"state": {0: torch.ones(3)}}}
    torch.save({name: value for name, value in (content | left).items() if value is not None}, path)
    return network


def test_the_ecologists_checkpoint_of_timms_training_script_explains_her_folders(folder: Path) -> None:
    timm_checkpoint(folder / "model_best.pth.tar", state_dict_ema={"conv1.0.weight": torch.ones(2)})
    command = ("explain", "traps", "-r", "-o", "maps", "--model", "timm:resnet10t", "--weights", "model_best.pth.tar")
    first = records(*command, "--labels", "train", "--input-size", 64, *FEW)
    assert {record["target"]["label"] for record in first} <= set(LABELS)
    assert sorted(path.name for path in (folder / "maps").rglob("*.png")) == [
        "chelsea.integrated.png",
        "coffee.integrated.png",
    ]


def test_her_checkpoint_that_holds_the_moving_average_alone_is_her_network(folder: Path) -> None:
    network = timm_checkpoint(folder / "plain.pth")
    average = {f"module.{name}": value for name, value in network.state_dict().items()}
    timm_checkpoint(folder / "ema.pth", state_dict=None, model_ema=average)
    own = ("--model", "timm:resnet10t", "--labels", "train", "--input-size", 64, *FEW)
    plain, ema = (
        records("explain", "traps/north/chelsea.jpg", "--weights", name, *own, "-o", name[:3])
        for name in ("plain.pth", "ema.pth")
    )
    assert plain[0]["score"] == ema[0]["score"]


@pytest.mark.parametrize("name", ["saved", "./saved", "timm:local-dir:saved"])
def test_her_model_saved_for_the_hub_is_known_by_its_folder(name: str, folder: Path) -> None:
    network = saved_timm_model(folder / "saved")
    (record,) = records("explain", "traps/north/chelsea.jpg", "--model", name, *FEW)
    picture = Image.open("traps/north/chelsea.jpg").convert("RGB")
    import timm

    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network))
    with torch.no_grad():
        expected = network(transform(picture)[None]).softmax(1)[0]
    assert record["target"]["label"] == LABELS[int(expected.argmax())]
    assert record["score"]["at_image"] == pytest.approx(float(expected.max()), abs=1e-5)


def test_the_researchers_model_of_transformers_goes_into_a_model_file_and_a_table(folder: Path) -> None:
    saved_image_model("vit", folder / "nets" / "vit", shards="20kB", half=True)
    described = run("models", "describe", "nets/vit", "--device", "cpu", "--save", "nets/mine.toml")
    assert described.exit_code == 0, described.output
    assert 'model = "hf:vit"\n' in (folder / "nets" / "mine.toml").read_text()
    (record,) = records("explain", "traps/north/chelsea.jpg", "--model", "nets/mine.toml", *FEW)
    expected = library_logits(folder / "nets" / "vit", folder / "traps" / "north" / "chelsea.jpg").softmax(0)
    assert record["target"]["label"] == LABELS[int(expected.argmax())]
    assert record["score"]["at_image"] == pytest.approx(float(expected.max()), abs=1e-5)
    measured = run(
        *("evaluate", "traps", "-r", "--model", "nets/mine.toml", "--method", "integrated", "--method", "gradient"),
        *("--method", "grad-cam", "--metric", "insertion", "-o", "table", *FEW),
    )
    assert measured.exit_code == 0, measured.output
    assert "grad-cam" in measured.stdout


def test_weights_that_have_changed_since_the_model_file_was_written_are_refused(folder: Path) -> None:
    saved_image_model("vit", folder / "vit")
    assert run("models", "describe", "vit", "--device", "cpu", "--save", "mine.toml").exit_code == 0
    saved_image_model("vit", folder / "vit", half=True)
    result = run("explain", "traps/north/chelsea.jpg", "--model", "mine.toml", *FEW)
    assert result.exit_code == 1
    assert "SHA-256" in result.stderr


def test_a_model_file_next_to_its_folder_works_from_everywhere(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    saved_timm_model(folder / "nets" / "trap")
    (folder / "nets" / "mine.toml").write_text('model = "trap"\n')
    (folder / "elsewhere").mkdir()
    monkeypatch.chdir(folder / "elsewhere")
    (record,) = records("explain", "../traps/north/chelsea.jpg", "--model", "../nets/mine.toml", *FEW)
    assert record["target"]["label"] in LABELS


@pytest.mark.parametrize("kind", ["vit", "timm"])
def test_several_processes_load_the_folder_each(kind: str, folder: Path) -> None:
    saved_timm_model(folder / "saved") if kind == "timm" else saved_image_model(kind, folder / "saved")
    done = run("explain", "traps", "-r", "--model", "saved", "--steps", 2, "--device", "cpu,cpu", "-o", "maps")
    assert done.exit_code == 0, done.output
    assert len(list((folder / "maps").rglob("*.integrated.png"))) == 2


def test_stdout_holds_records_and_nothing_of_the_libraries(folder: Path) -> None:
    saved_image_model("vit", folder / "vit", shards="20kB", half=True)
    arguments = ["explain", "traps", "-r", "--model", "vit", "--steps", "2", "--device", "cpu", "--offline"]
    done = subprocess.run(
        [sys.executable, "-m", "igcli", *arguments, "--json"], capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [json.loads(line)["schema"] for line in lines] == ["igcli/1"] * 2
    assert "transformers" not in done.stderr
    assert "Loading" not in done.stderr
