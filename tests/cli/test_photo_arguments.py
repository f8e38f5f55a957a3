"""``--sample``: a photo that the package brings, in place of PATH or next to it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from igcli.images.sample_photos import sample_photos

ON_BUNDLED = ("--model", "caltech101", "--device", "cpu")
FEW = (*ON_BUNDLED, "--steps", "2")


def test_the_samples_are_small_photos_without_metadata():
    assert sorted(sample_photos()) == ["chelsea", "coffee"]
    for path in sample_photos().values():
        with Image.open(path) as photo:
            assert photo.format == "JPEG"
            assert min(photo.size) >= 224
            assert not photo.getexif()
        assert path.stat().st_size < 100_000


def test_the_package_declares_their_files():
    declared = (Path(__file__).parents[2] / "pyproject.toml").read_text()
    assert '"samples/*.jpg", "samples/*.md"' in declared


def test_a_first_try_needs_no_photo_of_ones_own(shell, tmp_path):
    result = shell("explain", "--sample", "coffee", *FEW)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("coffee.jpg  ")
    assert json.loads((tmp_path / "out" / "coffee.json").read_text())["image"]["path"] == str(sample_photos()["coffee"])
    with Image.open(tmp_path / "out" / "coffee.integrated.png") as drawn:
        assert drawn.size == (224, 224)


def test_samples_may_be_several_and_stand_next_to_paths(shell, tmp_path, motorcycle):
    result = shell("explain", motorcycle, "--sample", "chelsea", "--sample", "coffee", *FEW)
    assert result.exit_code == 0, result.output
    assert sorted(path.stem for path in (tmp_path / "out").glob("*.json")) == ["chelsea", "coffee", "motorcycle", "run"]


@pytest.mark.parametrize(
    "command",
    [
        ("animate", "--frames", "2"), ("saturation", "--points", "3"), ("report", "--steps", "2", "--frames", "2"),
        ("ablate", "--box", "0,0,50,50", "--steps", "2"),
        ("compare", "--steps", "2", "-m", "gradient", "-m", "integrated"),
    ],
)  # fmt: skip
def test_every_command_over_photos_takes_a_sample(shell, command):
    result = shell(*command, "--sample", "chelsea", *ON_BUNDLED)
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize("command", ["explain", "animate", "saturation", "report", "evaluate", "compare", "ablate"])
def test_without_any_photo_the_sentence_names_the_samples(shell, command):
    result = shell(command)
    assert result.exit_code == 2
    assert "Missing argument 'P" in result.stderr
    assert "--sample" in result.stderr


def test_a_command_about_one_photo_refuses_two(shell, motorcycle):
    result = shell("compare", motorcycle, "--sample", "coffee", *ON_BUNDLED)
    assert result.exit_code == 2
    assert "This command takes one photo" in result.stderr
