"""Folders of photos, and a network of a few parameters to explain them."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig


@pytest.fixture
def toy(monkeypatch):
    """Every model is a toy of five classes, of 12 pixels a side."""
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "in"
    for number, name in enumerate(["a.png", "b.png", "sub/c.png", "sub/a.png", "z.png"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (40 * number, 255 - 50 * number, 120)).save(path)
    return folder


@pytest.fixture
def run(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, stdin=None, command="explain", short=None):
        short = {"explain": ("--steps", "4"), "animate": ("--frames", "3")}[command] if short is None else short
        typed = [command, *map(str, arguments), *short]
        return CliRunner().invoke(ig, typed, input=stdin)

    return invoke
