"""``--lowpass`` as users meet it: on maps, sheets and pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig

FEW = ("--steps", "4")


@pytest.fixture
def photo(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))
    path = tmp_path / "a.png"
    Image.radial_gradient("L").convert("RGB").save(path)
    return path


def run(*arguments: object):
    return CliRunner().invoke(ig, list(map(str, arguments)))


def test_the_line_names_the_low_pass_and_whose_gap_it_is(photo):
    result = run("explain", photo, *FEW, "--lowpass", "7")
    assert result.exit_code == 0, result.output
    assert "  integrated, lowpass 7  gap " in result.stdout
    assert " before the low-pass" in result.stdout
    signed = run("explain", photo, *FEW, "--lowpass", "7.5:signed", "--overwrite")
    assert "  integrated, lowpass 7.5 signed  gap " in signed.stdout
    assert " before the low-pass" not in signed.stdout  # its sum is the map's own


@pytest.mark.parametrize("value", ["0", "-1", "x", "nan", "15:green", "1,2", "none"])
def test_what_is_no_cut_off_is_refused_in_a_sentence(photo, value):
    result = run("explain", photo, "--lowpass", value)
    assert result.exit_code == 2
    assert "--lowpass" in result.stderr


@pytest.mark.parametrize("command", ["explain", "compare", "report"])
def test_a_style_with_signs_needs_the_signed_map(photo, command):
    result = run(command, photo, *FEW, "--style", "signed", "--lowpass", "9", "-m", "integrated", "-m", "gradient")
    assert result.exit_code == 2
    assert "--lowpass 9:signed" in result.stderr
    fine = run(command, photo, *FEW, "--style", "signed", "--lowpass", "9:signed", "-m", "integrated", "-m", "gradient")
    assert fine.exit_code == 0, fine.output


def test_auto_without_a_calibration_takes_the_published_cut_off_and_says_so(photo):
    result = run("explain", photo, *FEW, "--lowpass", "auto")
    assert "integrated, lowpass 15" in result.stdout
    assert "integrated: 15 cycles, the published cut-off" in result.stderr


def test_compare_and_ablate_show_and_record_the_low_passed_maps(photo):
    run("compare", photo, *FEW, "-m", "integrated", "-m", "gradient", "--lowpass", "4", "-o", "filtered")
    run("compare", photo, *FEW, "-m", "integrated", "-m", "gradient", "-o", "plain")
    filtered, plain = (json.loads(Path(folder, "a.compare.json").read_text()) for folder in ("filtered", "plain"))
    kept = {"cycles": 4, "of": "absolute"}
    assert [each["lowpass"] for each in filtered["targets"][0]["results"]] == [kept, kept]
    assert filtered["similarities"] != plain["similarities"]
    assert Path("filtered/a.compare.png").read_bytes() != Path("plain/a.compare.png").read_bytes()
    run("ablate", photo, *FEW, "--top", "10", "--lowpass", "4")
    ablation = json.loads(Path("out/a.ablate.json").read_text())
    assert ablation["ablation"]["what"] == "the top 10 % of integrated, lowpass 4 blacked out"
    assert [ablation[when]["results"][0]["lowpass"] for when in ("before", "after")] == [kept, kept]


@pytest.mark.parametrize("command", [("report",), ("explain", "--report")])
def test_a_page_shows_the_low_passed_maps_and_says_so(photo, command):
    assert run(*command, photo, *FEW, "--lowpass", "4", "-o", "out").exit_code == 0
    assert "Low-pass of the absolute map at 4 cycles" in Path("out/report.html").read_text(encoding="utf-8")
