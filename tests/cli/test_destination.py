"""``-o map.png``: one photo, one picture, under the name that was given."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from PIL import Image

FEW = ("--steps", "2", "--device", "cpu", "--model", "caltech101")


def opened(path: Path | str) -> Image.Image:
    """The picture, its file closed."""
    with Image.open(path) as picture:
        picture.load()
        return picture


def test_one_map_goes_to_the_file_and_what_belongs_to_it_next_to_it(shell, motorcycle):
    result = shell("explain", motorcycle, *FEW, "-o", "maps/my map.png", "--panel", "--full-size", "--save-arrays")
    assert result.exit_code == 0, result.output
    names = {path.name for path in Path("maps").iterdir() if not path.name.startswith(".")}
    assert names == {"my map.png", "my map.json", "my map.panel.png", "my map.full.png", "my map.npz"}
    assert result.stdout.rstrip().endswith("-> maps/my map.png")
    assert opened("maps/my map.png").size == (224, 224)
    record = json.loads(Path("maps/my map.json").read_text())
    assert set(record["files"].values()) == names - {"my map.json"}


def test_the_same_command_replaces_its_own_file_and_no_other(shell, motorcycle, samples, tmp_path):
    assert shell("explain", motorcycle, *FEW, "-o", "map.png").exit_code == 0
    assert shell("explain", motorcycle, *FEW, "-o", "map.png", "--style", "heat").exit_code == 0
    other = shell("explain", samples / "chelsea.jpg", *FEW, "-o", "map.png")
    assert other.exit_code == 1
    assert "map.png is there already, and is not of this photo" in other.stderr
    assert shell("explain", samples / "chelsea.jpg", *FEW, "-o", "map.png", "--overwrite").exit_code == 0
    (tmp_path / "notes.json").write_text("mine")
    kept = shell("explain", motorcycle, *FEW, "-o", "notes.png")
    assert kept.exit_code == 1
    assert (tmp_path / "notes.json").read_text() == "mine"


@pytest.mark.parametrize(
    "given", [("-m", "gradient", "-m", "integrated"), ("-t", "top-2"), ("-t", "0", "-t", "1"), ("-t", "top-02")]
)
def test_several_maps_do_not_go_to_one_file(shell, motorcycle, given):
    result = shell("explain", motorcycle, *FEW, *given, "-o", "map.png")
    assert result.exit_code == 2
    assert "-o names one file, and several maps are asked for" in result.stderr
    assert not Path("map.png").exists()


def test_several_photos_do_not_go_to_one_file(shell, motorcycle, samples):
    shutil.copy(samples / "coffee.jpg", motorcycle.parent)
    result = shell("explain", motorcycle.parent, *FEW, "-o", "map.png")
    assert result.exit_code == 2
    assert "-o names one file, and there are 2 photos" in result.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("explain",), ("explain", "--overwrite"), ("compare", "-m", "gradient", "-m", "integrated"),
        ("ablate", "--box", "0,0,9,9"),
    ],
)  # fmt: skip
def test_a_photo_is_never_replaced_by_its_map(shell, motorcycle, tmp_path, command):
    photo = tmp_path / "photo.png"
    opened(motorcycle).save(photo)
    before = photo.read_bytes()
    name, *rest = command
    shell("explain", photo, *FEW, "-o", ".")  # whose record would make the name igcli's own
    (tmp_path / "link.png").symlink_to(photo)
    for given in ("photo.png", "./photo.png", "link.png"):
        result = shell(name, photo, *rest, *FEW, "-o", given)
        assert result.exit_code == 2, result.output
        assert "is the photo itself" in result.stderr
    assert photo.read_bytes() == before


@pytest.mark.parametrize(
    "command", [("compare", "-m", "gradient", "-m", "integrated"), ("ablate", "--box", "0,0,99,99")]
)
def test_sheets_go_to_the_file_too_and_replace_no_file_of_others(shell, motorcycle, tmp_path, command):
    name, *rest = command
    for _ in range(2):
        result = shell(name, motorcycle, *rest, *FEW, "-o", "sheet.png")
        assert result.exit_code == 0, result.output
        assert "-> sheet.png" in result.stdout
    assert json.loads((tmp_path / "sheet.json").read_text())["files"] == {"png": "sheet.png"}
    assert opened(tmp_path / "sheet.png").width > 448
    for file in ("others.png", "others.json"):
        path = tmp_path / file
        path.write_text("{}")
        refused = shell(name, motorcycle, *rest, *FEW, "-o", "others.png")
        assert refused.exit_code == 1
        assert f"{file} is there already, and igcli has not written it" in refused.stderr
        assert path.read_text() == "{}"
        path.unlink()


@pytest.mark.parametrize("given", ["map.jpg", "map.html"])
def test_another_ending_names_the_one_that_is_written(shell, motorcycle, given):
    result = shell("explain", motorcycle, "-o", given)
    assert result.exit_code == 2
    assert "end it in .png, or name a folder" in result.stderr


def test_a_folder_may_have_the_ending(shell, motorcycle, tmp_path):
    (tmp_path / "folder.png").mkdir()
    assert shell("explain", motorcycle, *FEW, "-o", "folder.png").exit_code == 0
    assert (tmp_path / "folder.png" / "motorcycle.integrated.png").exists()


def test_the_parts_of_a_folder_do_not_go_to_one_picture(shell, motorcycle, tmp_path):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("path,xmin,ymin,xmax,ymax\nmotorcycle.jpg,20,20,200,100\n")
    result = shell("ablate", motorcycle.parent, "--keep-boxes", boxes, *FEW[2:], "-o", "parts.png")
    assert result.exit_code == 2
    assert "-o parts.png is one file, and many are written" in result.stderr
