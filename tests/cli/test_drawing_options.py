"""``--cmap``, ``--scale`` and ``--colour-bar``, as a user gives them; pictures and records opened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from PIL import Image

FEW = ("--steps", "2", "--device", "cpu", "--model", "caltech101")


def opened(path: Path | str) -> Image.Image:
    """The picture, its file closed."""
    with Image.open(path) as picture:
        picture.load()
        return picture


@pytest.fixture
def folder(samples, tmp_path) -> Path:
    inputs = tmp_path / "in"
    inputs.mkdir()
    for name in ("motorcycle", "chelsea"):
        shutil.copy(samples / f"{name}.jpg", inputs)
    return inputs


def drawings(folder: Path, method: str = "integrated") -> dict[str, dict]:
    """How each photo's map was drawn, by the photo's name."""
    found = {}
    for name in ("motorcycle", "chelsea", "coffee"):
        if (file := folder / f"{name}.json").exists():
            results = json.loads(file.read_text())["results"]
            found[name] = next(each["drawing"] for each in results if each["method"] == method)
    return found


def colours(path: Path) -> np.ndarray:
    return np.asarray(opened(path).convert("RGB")).reshape(-1, 3).astype(int)


def test_a_map_in_other_colours_has_these_and_the_record_says_so(shell, motorcycle):
    result = shell("explain", motorcycle, *FEW, "--style", "map", "--cmap", "viridis")
    assert result.exit_code == 0, result.output
    allowed = mpl.colormaps["viridis"](np.linspace(0, 1, 256), bytes=True)[:, :3].astype(int)
    distance = np.abs(colours(Path("out/motorcycle.integrated.png"))[:, None] - allowed[None]).max(axis=2).min(axis=1)
    assert distance.max() <= 1
    assert drawings(Path("out"))["motorcycle"]["style"] == "map"
    assert drawings(Path("out"))["motorcycle"]["cmap"] == "viridis"


@pytest.mark.parametrize(
    "command",
    [
        ("explain", "--panel", "--animation"), ("compare", "-m", "gradient", "-m", "integrated"),
        ("ablate", "--box", "0,0,50,50"),
    ],
)  # fmt: skip
def test_every_command_that_draws_maps_takes_colours(shell, motorcycle, command):
    name, *rest = command
    usual = shell(name, motorcycle, *rest, *FEW, "--style", "heat", "-o", "usual")
    other = shell(name, motorcycle, *rest, *FEW, "--style", "heat", "--cmap", "viridis", "-o", "other")
    assert (usual.exit_code, other.exit_code) == (0, 0), other.output
    pictures = sorted(path.name for path in Path("other").glob("*.png"))
    assert pictures
    for picture in pictures:
        one, two = (colours(Path(folder) / picture) for folder in ("usual", "other"))
        assert len(one) != len(two) or (one != two).any(), picture  # a longer legend takes another line


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (("--cmap", "viridis"), "The style 'lit' shows no colour map. Those that do: heat, signed, map."),
        (("--style", "signed", "--cmap", "viridis"), "has no middle that stands out"),
        (("--style", "heat", "--cmap", "virids"), "Did you mean viridis"),
        (("--scale", "bright"), "'bright' is neither photo, nor shared, nor a number above 0."),
        (("--scale", "0"), "'0' is neither photo, nor shared, nor a number above 0."),
        (("--scale", "nan"), "'nan' is neither photo, nor shared, nor a number above 0."),
        (("--scale", "0.1", "--percentile", "90"), "leave --percentile out"),
    ],
)
@pytest.mark.parametrize("command", ["explain", "compare", "report"])
def test_what_cannot_be_drawn_is_refused_before_anything_is_loaded(shell, motorcycle, command, given, said):
    result = shell(command, motorcycle, *given, "--model", "no such model")
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_number_is_full_brightness_in_every_map(shell, folder):
    result = shell("explain", folder, *FEW, "--style", "map", "--scale", "0.01", "--save-arrays", "--panel")
    assert result.exit_code == 0, result.output
    for name, drawing in drawings(Path("out")).items():
        assert (drawing["scale"], drawing["ceiling"]) == ("fixed", 0.01)
        importance = np.abs(np.load(f"out/{name}.integrated.npz")["attribution"]).sum(axis=0)
        picture = np.asarray(opened(f"out/{name}.integrated.png"))
        brightest = (picture == (255, 248, 196)).all(axis=2)  # the end of the style's own table
        assert brightest[importance >= 0.01].all()
        assert not brightest[importance < 0.0099].any()


def test_shared_is_the_percentile_over_all_photos_and_stays_when_photos_are_added(shell, folder, samples):
    given = (*FEW, "--style", "map", "--scale", "shared", "--save-arrays", "-m", "integrated", "-m", "gradient")
    first = shell("explain", folder, *given)
    assert first.exit_code == 0, first.output
    for method in ("integrated", "gradient"):
        maps = [np.abs(np.load(path)["attribution"]).sum(axis=0) for path in Path("out").glob(f"*.{method}.npz")]
        expected = np.percentile(np.stack(maps), 99)
        found = drawings(Path("out"), method)
        assert len(maps) == len(found) == 2
        for drawing in found.values():
            assert drawing["scale"] == "shared"
            assert drawing["ceiling"] == pytest.approx(expected, rel=2e-3)  # 4096 ranks of each map are kept
    before = drawings(Path("out"))["chelsea"]["ceiling"]
    assert f"{before:.4g}" in first.stderr
    shutil.copy(samples / "coffee.jpg", folder)
    again = shell("explain", folder, *given)
    assert again.exit_code == 0, again.output
    assert "as an earlier run has measured it" in again.stderr
    assert "1 explained, 0 failed, 2 skipped" in again.stderr
    assert {drawing["ceiling"] for drawing in drawings(Path("out")).values()} == {before}
    anew = shell("explain", folder, *given, "--overwrite")
    assert "over 3 photos of 3" in anew.stderr
    assert drawings(Path("out"))["chelsea"]["ceiling"] != before


def test_shared_and_each_photos_own_are_different_settings_of_a_folder(shell, folder):
    assert shell("explain", folder, *FEW).exit_code == 0
    other = shell("explain", folder, *FEW, "--scale", "shared")
    assert other.exit_code == 2
    assert "was made with other settings" in other.stderr


def test_a_page_has_the_shared_brightness(shell, folder):
    result = shell("report", folder, *FEW, "--scale", "shared", "--frames", "2", "--style", "heat", "--cmap", "viridis")
    assert result.exit_code == 0, result.output
    page = Path("report.html").read_text()
    said = json.loads(page.partition('"ceilings":')[2].partition("}")[0] + "}")
    assert f"integrated {said['integrated']:.4g}" in result.stderr
    assert '"style":"heat:viridis"' in page


def test_a_row_before_and_a_row_after_share_their_brightness(shell, motorcycle):
    given = ("--keep", "1", "--style", "map", *FEW)
    assert shell("ablate", motorcycle, *given, "-o", "own").exit_code == 0
    assert shell("ablate", motorcycle, *given, "--scale", "shared", "-o", "alike").exit_code == 0
    after = np.s_[340:540, 500:700]  # inside the lower map
    own, alike = (
        np.asarray(opened(f"{name}/motorcycle.ablate.png").convert("L"))[after].mean() for name in ("own", "alike")
    )
    nothing = 7  # the luma of the first colour of the style's own table
    assert alike - nothing < 0.5 * (own - nothing)  # little is left of the score, and the map shows it
    record = json.loads(Path("alike/motorcycle.ablate.json").read_text())
    assert record["after"]["results"][0]["drawing"]["scale"] == "shared"


@pytest.mark.parametrize("given", [("explain", "--full-size")])
def test_a_colour_bar_is_added_to_maps_on_request(shell, motorcycle, given):
    assert shell(*given, motorcycle, *FEW, "-o", "usual").exit_code == 0
    assert shell(*given, motorcycle, *FEW, "--colour-bar", "-o", "barred").exit_code == 0
    for name in ("motorcycle.integrated.png", "motorcycle.integrated.full.png"):
        usual, barred = (np.asarray(opened(Path(folder) / name)) for folder in ("usual", "barred"))
        np.testing.assert_array_equal(barred[: len(usual)], usual)
        assert len(barred) > len(usual)


@pytest.mark.parametrize("given", [("--cmap", "viridis"), ("--scale", "shared")])
def test_a_mode_that_draws_no_map_refuses_how_to_draw_it(shell, motorcycle, tmp_path, given):
    boxes = tmp_path / "boxes.csv"
    boxes.write_text("path,xmin,ymin,xmax,ymax\nmotorcycle.jpg,20,20,200,100\n")
    style = ("--style", "heat") if given[0] == "--cmap" else ()
    for mode in (("ablate", "--keep-boxes", boxes), ("explain", "--predict-only")):
        assert shell(*mode, motorcycle.parent, *given, *style, "--model", "caltech101").exit_code == 2
