"""Files that change while a run goes on, or between two: what is kept is what was made of the bytes that lie there."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from cli.collection.folders import lines
from click.testing import CliRunner
from PIL import Image

from igcli.cli.main import ig
from igcli.jobs.outputs.record import Outputs
from igcli.jobs.runs.lock import lock_of_photo


@pytest.fixture
def replaced_while_it_runs(monkeypatch):
    """Calls a function once the first photo has been read and explained, and before anything is written of it."""

    def at_first_write(change):
        save, done = Outputs.save, []

        def save_and_change(self, suffix, data):
            if not done:
                done.append(change())
            return save(self, suffix, data)

        monkeypatch.setattr(Outputs, "save", save_and_change)

    return at_first_write


def test_a_photo_that_is_replaced_during_the_run_is_explained_again(run, photos, tmp_path, replaced_while_it_runs):
    def replace():
        Image.new("RGB", (20, 20), (200, 10, 10)).save(photos / "a.png")

    replaced_while_it_runs(replace)
    assert run(photos, "--save-arrays").exit_code == 0
    old = lines(tmp_path / "out" / "index.jsonl")[0]
    assert "1 explained, 0 failed, 2 skipped" in run(photos, "--save-arrays").stderr
    new = lines(tmp_path / "out" / "index.jsonl")[0]
    assert new["image"]["sha256"] != old["image"]["sha256"]
    with np.load(tmp_path / "out" / "a.integrated.npz") as file:
        pixels = file["pixels"]
    assert pixels[0].mean() > 3 * pixels[1].mean()  # the red one
    assert new["image"]["file"] == {
        "size": (photos / "a.png").stat().st_size,
        "modified_ns": (photos / "a.png").stat().st_mtime_ns,
    }


def test_a_photo_that_is_replaced_is_not_drawn_under_the_map_of_another(run, photos, tmp_path, replaced_while_it_runs):
    def replace():
        Image.new("RGB", (20, 20), (200, 10, 10)).save(photos / "a.png")

    replaced_while_it_runs(replace)
    result = run(photos, "--full-size")
    assert result.exit_code == 1
    assert "a.png has changed since it was explained" in result.stderr
    assert run(photos, "--full-size").exit_code == 0


@pytest.mark.parametrize("command", ["explain", "animate"])
def test_verify_finds_another_photo_of_the_same_size_and_time(run, photos, command):
    for colour in ((1, 2, 3), (3, 2, 1)):
        Image.new("RGB", (20, 20), colour).save(photos / "a.bmp")
        os.utime(photos / "a.bmp", ns=(10**18, 10**18))
        assert run(photos, command=command).exit_code == 0
    assert "4 skipped" in run(photos, command=command).stderr
    assert "1 " in run(photos, "--verify", command=command).stderr.split(" failed")[0]
    assert "0 " in run(photos, "--verify", command=command).stderr.split(" failed")[0]


def test_verify_of_an_evaluation_measures_another_photo_again(toy, photos, tmp_path):
    options = ("--metric", "completeness", "--control", "none", "--steps", "4", "-o", str(tmp_path / "scores"))
    said = []
    for colour, more in (((1, 2, 3), ()), ((3, 2, 1), ()), ((3, 2, 1), ("--verify",)), ((3, 2, 1), ("--verify",))):
        Image.new("RGB", (20, 20), colour).save(photos / "a.bmp")
        os.utime(photos / "a.bmp", ns=(10**18, 10**18))
        said.append(CliRunner().invoke(ig, ["evaluate", str(photos), *options, *more]).stderr.splitlines()[-1])
    assert [line.split(" measured")[0] for line in said] == ["4", "0", "1", "0"]


def test_another_picture_under_the_name_of_the_baseline_is_another_setting(run, photos, tmp_path):
    Image.new("RGB", (9, 9), "white").save(tmp_path / "base.png")
    assert run(photos, "--baseline", "base.png").exit_code == 0
    assert run(photos, "--baseline", "base.png").exit_code == 0
    Image.new("RGB", (9, 9), "grey").save(tmp_path / "base.png")
    result = run(photos, "--baseline", "base.png")
    assert result.exit_code == 2
    assert "made with other settings" in result.stderr


def test_a_baseline_that_changes_during_the_run_ends_it(run, photos, tmp_path, replaced_while_it_runs):
    Image.new("RGB", (9, 9), "white").save(tmp_path / "base.png")
    replaced_while_it_runs(lambda: Image.new("RGB", (8, 9), "grey").save(tmp_path / "base.png"))
    result = run(photos, "--baseline", "base.png")
    assert result.exit_code == 1
    assert "base.png has changed while the run went on" in result.stderr
    ledger = (tmp_path / "out" / ".igcli" / "explain.jsonl").read_text()
    assert not any(json.loads(line)[2] for line in ledger.splitlines() if line)


def test_another_photo_among_the_references_is_another_setting(run, photos, tmp_path):
    (tmp_path / "others").mkdir()
    options = ("-m", "ig2", "--steps", "4", "--references", "others")
    Image.new("RGB", (9, 9), "white").save(tmp_path / "others" / "one.png")
    assert "1 explained" in run(photos, *options).stderr  # the toy takes the reference for the others' class
    assert "1 skipped" in run(photos, *options).stderr
    Image.new("RGB", (9, 9), "grey").save(tmp_path / "others" / "one.png")
    result = run(photos, *options)
    assert result.exit_code == 2
    assert "made with other settings" in result.stderr


@pytest.mark.parametrize("command", ["saturation", "explain", "animate", "compare", "ablate"])
def test_a_second_run_that_would_write_the_same_files_is_refused(toy, photos, tmp_path, command):
    more = {"compare": ["--target", "top-2"], "ablate": ["--top", "10"]}.get(command, [])
    stem = {"saturation": "saturation", "compare": "a.compare.png", "ablate": "a.ablate.png"}.get(command, "a")
    kind = {"animate": "interior"}.get(command, command)
    out = tmp_path / "out"
    typed = [command, str(photos / "a.png"), "-o", str(out), *more]
    with lock_of_photo(out, Path(stem), kind=kind):
        result = CliRunner().invoke(ig, typed)
    assert result.exit_code == 1
    assert f"Another run is writing to {out}" in result.stderr
    assert CliRunner().invoke(ig, typed).exit_code == 0
    assert not (out / ".igcli").exists()


def test_a_file_whose_name_is_a_formula_is_text_in_tables_and_read_back(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("=1+1.png", "@b.png"):
        Image.new("RGB", (20, 20), (9, 100, 30)).save(name)
    typed = ["saturation", "=1+1.png", "@b.png", "-o", "out", "--points", "3"]
    assert CliRunner().invoke(ig, typed).exit_code == 0
    table = (tmp_path / "out" / "saturation.csv").read_text()
    cells = [line.split(",")[0] for line in table.splitlines()[1:]]
    assert set(cells) == {"'=1+1.png", "'@b.png"}
    (tmp_path / "saturation.csv").write_text(table)
    result = CliRunner().invoke(ig, ["explain", "saturation.csv", "--steps", "2", "-o", "maps"])
    assert result.exit_code == 0, result.stderr
    assert {line["image"]["path"] for line in lines(tmp_path / "maps" / "index.jsonl")} == {"=1+1.png", "@b.png"}
