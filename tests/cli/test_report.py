"""`ig report` and `--report` at the shell; what the browser makes of the page is tested next to the page."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig
from igcli.errors import OutputError
from igcli.registry import Entry
from igcli.rendering.page.content import detail_for
from igcli.rendering.styles import STYLES, Style


@pytest.fixture
def photos(tmp_path) -> Path:
    chance = np.random.default_rng(0)
    for number in range(4):
        path = tmp_path / "in" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(path)
    return tmp_path / "in"


@pytest.fixture
def run(monkeypatch, tmp_path):
    model = classifier(small_network(), classes=5)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    monkeypatch.chdir(tmp_path)
    return lambda *arguments: CliRunner().invoke(ig, [str(argument) for argument in arguments])


def content(path):
    """The JSON that the page's scripts read."""
    (text,) = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', path.read_text(), re.DOTALL)
    return json.loads(text)


def test_one_photo_becomes_one_page(run, photos, tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ig", "report", "my photo.png"])
    result = run("report", photos / "0.png", "--steps", "4", "-m", "integrated", "-m", "gradient")
    assert result.exit_code == 0, result.output
    assert re.search(r"1 photo  -> report\.html \(0\.\d MB\)", result.stdout)
    page = content(tmp_path / "report.html")
    (photo,) = page["photos"]
    assert [each["method"] for each in photo["maps"]] == ["integrated", "gradient"]
    assert len(photo["frames"]["alphas"]) == 4
    assert page["origin"]["command"] == "ig report 'my photo.png'"
    assert page["title"].endswith("0.png")


@pytest.mark.parametrize("command", [("report", "-o", "page.html"), ("explain", "--report", "-o", "out")])
@pytest.mark.parametrize("classes", [("-t", "top-4"), ("-t", "0", "-t", "1", "-t", "2", "-t", "3")])
def test_every_class_of_a_photo_counts_towards_the_room_on_the_page(run, photos, tmp_path, command, classes):
    detail = detail_for(4 * 4)
    assert detail.frames < 30 < detail_for(4).frames
    result = run(*command, photos, *classes, "--steps", "30")
    assert result.exit_code == 0, result.output
    page = content(tmp_path / ("page.html" if command[0] == "report" else "out/report.html"))
    assert len(page["photos"]) == 16
    assert {len(photo["frames"]["alphas"]) for photo in page["photos"]} == {detail.frames}


def test_photos_named_one_by_one_are_counted_in_the_title(run, photos, tmp_path):
    run("report", photos / "0.png", photos / "1.png", "--steps", "2", "--frames", "2")
    assert content(tmp_path / "report.html")["title"].endswith(": 2 photos")


def test_methods_that_do_not_walk_the_path_get_a_film_all_the_same(run, photos, tmp_path):
    run("report", photos / "0.png", "-m", "gradient")
    assert len(content(tmp_path / "report.html")["photos"][0]["frames"]["alphas"]) == 26


def test_several_photos_become_a_gallery_and_failures_are_named_on_it(run, photos, tmp_path):
    (photos / "bad.png").write_bytes(b"")
    result = run(
        "report", photos, "--steps", "3", "-o", "pages/all.html", "--title", "Monday & Tuesday", "--frames", "2"
    )
    assert result.exit_code == 1
    assert "4 photos  -> pages/all.html" in result.stdout
    page = content(tmp_path / "pages" / "all.html")
    assert [photo["name"] for photo in page["photos"]] == ["0.png", "1.png", "2.png", "3.png"]
    assert {len(photo["frames"]["alphas"]) for photo in page["photos"]} == {2}
    assert page["title"] == "Monday & Tuesday"
    assert "zero bytes" in page["failures"][0]


def test_a_file_that_is_no_report_is_not_replaced(run, photos, tmp_path):
    (tmp_path / "report.html").write_text("my thesis")
    result = run("report", photos / "0.png", "--steps", "3")
    assert result.exit_code == 1
    assert "no report of ig" in result.stderr
    assert (tmp_path / "report.html").read_text() == "my thesis"
    assert run("report", photos / "0.png", "--steps", "3", "--overwrite").exit_code == 0
    assert run("report", photos / "0.png", "--steps", "3").exit_code == 0  # a report may be made again


def test_explain_writes_a_report_of_photos_of_earlier_runs_too(run, photos, tmp_path):
    late = (photos / "3.png").rename(tmp_path / "3.png")
    assert run("explain", photos, "--steps", "4", "--report").exit_code == 0
    late.rename(photos / "3.png")
    result = run("explain", photos, "--steps", "4", "--report")
    assert "1 explained, 0 failed, 3 skipped" in result.stderr
    assert "-> out/report.html" in result.stderr
    assert len(content(tmp_path / "out" / "report.html")["photos"]) == 4
    one = run("explain", photos / "0.png", "--steps", "4", "--report", "-o", "one")
    assert one.exit_code == 0, one.output
    assert len(content(tmp_path / "one" / "report.html")["photos"]) == 1


def test_a_page_from_the_disk_is_the_page_that_was_made(small, tmp_path):
    from toys import random_picture

    from igcli.attribution.explain import explain
    from igcli.attribution.result import Settings
    from igcli.attribution.wanted import Wanted
    from igcli.jobs.outputs.report import load_page, page_bytes
    from igcli.rendering.page.photo_page import photo_page

    wanted = Wanted(("integrated", "left-integrated"), settings=Settings(steps=4), interior="nodes")
    ((explanation,),) = explain(small, [random_picture()], wanted)
    page = photo_page(explanation, name="a\udcff.png")
    (tmp_path / "x.json").write_bytes(page_bytes(page))
    assert load_page(tmp_path / "x.json") == page
    older = json.loads(page_bytes(page))
    older["maps"][0] = {"method": "integrated", "data": "", "coding": "float32"}
    (tmp_path / "x.json").write_text(json.dumps(older))
    with pytest.raises(OutputError, match=r"another version.*--overwrite"):
        load_page(tmp_path / "x.json")


def test_a_style_that_a_page_cannot_paint_is_refused_before_any_photo_is_read(run, photos, monkeypatch):
    blurred = Style(lambda photo, strength: np.roll(photo, 1, 0) * strength[..., None], "abs-sum", "Blurs.")
    monkeypatch.setitem(STYLES._entries, "heat", Entry("heat", "Blurs.", blurred))
    result = run("report", photos, "--style", "heat")
    assert result.exit_code == 2
    assert "cannot paint the style 'heat'" in result.stderr


def test_an_evaluation_writes_its_table_and_curves(run, photos, tmp_path):
    result = run("evaluate", photos, "--steps", "3", "--metric", "aopc", "--set", "aopc.steps=4", "--report")
    assert result.exit_code == 0, result.output
    evaluation = content(tmp_path / "out" / "report.html")["evaluation"]
    (table,) = evaluation["tables"]
    assert table["columns"] == ["map", "aopc ↑"]
    assert [row[0] for row in table["rows"]] == ["integrated", "random (control)", "sobel (control)"]
    assert evaluation["charts"][0]["title"] == "aopc"


def test_what_cannot_be_is_said_in_a_sentence(run, photos, tmp_path):
    assert "style" in run("report", photos / "0.png", "--style", "zebra").stderr
    assert run("report", tmp_path / "nothing").exit_code == 1
    explained = run("explain", photos / "0.png", "-m", "gradient", "--report")
    assert explained.exit_code == 2
    assert "--method integrated" in explained.stderr


def test_a_folder_is_taken_for_the_page_in_it(shell, motorcycle, bundled, tmp_path):
    assert shell("report", motorcycle, "-o", "pages", "--steps", "4", *bundled).exit_code == 0
    assert (tmp_path / "pages" / "report.html").read_bytes().startswith(b"<!")
    refused = shell("report", motorcycle, "-o", "page.pdf", *bundled)
    assert refused.exit_code == 2
    assert "name a folder" in refused.stderr
