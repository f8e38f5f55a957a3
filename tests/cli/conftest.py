"""What the tests of the commands over photos share."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner, Result
from PIL import Image
from torch import nn
from toys import classifier

from igcli.cli.main import ig

ON_BUNDLED = ("--model", "caltech101", "--device", "cpu")


class Flat(nn.Module):
    """The same logits for every picture: no score moves, every gradient is zero."""

    def forward(self, x):
        return (x * 0).sum(dim=(1, 2, 3))[:, None] + torch.arange(3.0)


@pytest.fixture
def motorcycle(samples, tmp_path) -> Path:
    """A photo of 600 × 400 pixels or so, in a folder of its own."""
    path = tmp_path / "in" / "motorcycle.jpg"
    path.parent.mkdir()
    shutil.copy(samples / "motorcycle.jpg", path)
    return path


@pytest.fixture
def shell(tmp_path, monkeypatch) -> Callable[..., Result]:
    """Runs ``ig`` in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(ig, [str(argument) for argument in arguments])


@pytest.fixture
def flat_network(monkeypatch) -> None:
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(Flat(), classes=3, size=32))


@pytest.fixture
def black(tmp_path) -> Path:
    """A picture without any light: the path from the black baseline stands still."""
    path = tmp_path / "black.png"
    Image.new("RGB", (40, 40)).save(path)
    return path


def read_json(path: Path) -> dict:
    """JSON as the standard has it: NaN and Infinity are refused."""

    def refuse(word):
        raise AssertionError(f"{word} in {path}")

    return json.loads(path.read_text(encoding="utf-8"), parse_constant=refuse)


@pytest.fixture(name="read_json")
def read_json_fixture() -> Callable[[Path], dict]:
    return read_json


@pytest.fixture
def bundled() -> tuple[str, ...]:
    """The options that choose the bundled network."""
    return ON_BUNDLED
