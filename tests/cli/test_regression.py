"""A network whose output is a number and no class: the number is what is explained, in its own unit, everywhere."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from torch import nn
from toys import SIDE, random_picture

import igcli
from igcli.cli.main import ig
from igcli.errors import UsageError
from igcli.models.classifier import Classifier

AGE = """
import torch
from torch import nn

class Linear(nn.Module):
    def __init__(self, outputs=1):
        super().__init__()
        torch.manual_seed(0)
        self.head = nn.Linear(12, outputs)

    def forward(self, x):
        return 40 + 30 * self.head(nn.functional.adaptive_avg_pool2d(x, 2).flatten(1))
"""


@pytest.fixture
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "age.py").write_text(AGE)
    (tmp_path / "age.txt").write_text("age\n")
    (tmp_path / "a.jpg").write_bytes((samples / "motorcycle.jpg").read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


MODEL = ["--model", "age.py:Linear", "--input-size", "16", "--device", "cpu"]
METHODS = ["--method", "integrated", "--method", "gradient"]
NAMED = [*MODEL, "--outputs", "value", "--labels", "age.txt"]


def run(*arguments: str) -> Result:
    result = CliRunner().invoke(ig, list(arguments))
    assert result.exit_code == 0, result.output
    return result


def test_the_value_is_explained_shown_and_recorded(folder: Path) -> None:
    result = run("explain", "a.jpg", *NAMED, "--steps", "4", "--panel", "--report")
    record = json.loads((folder / "out" / "a.json").read_text())
    model = igcli.load_model("age.py:Linear", size=16, device="cpu")
    picture = igcli.read_image("a.jpg", view=model.view)
    with torch.no_grad():
        at_photo = model.network(picture.pixels[None]).item()
        at_black = model.network(torch.zeros_like(picture.pixels)[None]).item()
    assert record["target"] == {"index": 0, "label": "age", "probability": None, "value": pytest.approx(at_photo)}
    assert record["prediction"] == [record["target"]]
    assert record["score"]["kind"] == "value"
    assert record["score"]["at_baseline"] == pytest.approx(at_black)
    (found,) = (each for each in record["results"] if each["method"] == "integrated")
    assert found["sum"] == pytest.approx(at_photo - at_black, rel=1e-4)  # completeness in the value's own unit
    assert f"age {at_photo:.4g}  integrated of the value" in result.stdout
    assert "%" not in result.stdout.splitlines()[0].partition("gap")[0]


def test_a_single_output_of_which_nothing_is_said_is_asked_about(folder: Path) -> None:
    assert "--outputs value" in run("explain", "a.jpg", *MODEL, "--steps", "4").stderr


def test_curves_have_values_and_no_probabilities(folder: Path) -> None:
    run("saturation", "a.jpg", *NAMED)
    rows = list(csv.DictReader((folder / "out" / "saturation.csv").read_text().splitlines()))
    assert {row["softmax"] for row in rows} == {row["logit"] for row in rows} == {""}
    assert float(rows[-1]["score"]) == pytest.approx(
        json.loads((folder / "out" / "saturation.json").read_text())["photos"][0]["score"]["at_image"]
    )


@pytest.mark.parametrize("command", [["compare", *METHODS], ["ablate", "--top", "10"]], ids=lambda command: command[0])
def test_other_commands_take_it_too(folder: Path, command: list[str]) -> None:
    assert "age" in run(*command, "a.jpg", *NAMED).stdout


def test_several_values_are_explained_each_by_its_name(folder: Path) -> None:
    (folder / "box.txt").write_text("left\ntop\n")
    several = [*MODEL, "--outputs", "value", "--labels", "box.txt", "--model-arg", "outputs=2", "--steps", "4"]
    result = run("explain", "a.jpg", *several, "--target", "left", "--target", "top", "--json")
    assert [json.loads(line)["target"]["label"] for line in result.stdout.splitlines()] == ["left", "top"]


def test_scores_that_need_classes_are_refused_of_numbers_and_the_value_of_classes() -> None:
    number = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 1)), ["age"], regression=True)
    classes = Classifier(nn.Sequential(nn.Flatten(), nn.Linear(3 * SIDE * SIDE, 2)), ["a", "b"])
    with pytest.raises(UsageError, match="--score value"):
        igcli.attribute(number, random_picture(), score="log-softmax")
    with pytest.raises(UsageError, match="--outputs value"):
        igcli.attribute(classes, random_picture(), score="value")


def test_as_many_names_as_values(folder: Path) -> None:
    with pytest.raises(UsageError, match="labels are 2, and the network returns 1 value"):
        igcli.load_model("age.py:Linear", size=16, outputs="value", labels=["a", "b"], device="cpu")
