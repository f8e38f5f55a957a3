"""``ig ablate --keep-boxes``: networks that look at the object, or at the background, are told from each other."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from PIL import Image
from record_kinds import kinds_of
from torch import nn
from toys import classifier

from igcli.cli.main import ig

SIDE = 24


class Half(nn.Module):
    """Two classes: bright, or not, in the left half or the right half alone."""

    def __init__(self, *, left: bool) -> None:
        super().__init__()
        self.left = left

    def forward(self, x):
        half = x[..., : SIDE // 2] if self.left else x[..., SIDE // 2 :]
        light = half.mean(dim=(1, 2, 3))
        return torch.stack([20 * light - 5, torch.zeros_like(light)], dim=1)


@pytest.fixture
def network(monkeypatch):
    """Which network ``ig`` loads."""
    chosen = {"left": True}

    def load(*_, **__):
        model = classifier(Half(**chosen), classes=2, size=SIDE)
        model.mean, model.std = (0.0,) * 3, (1.0,) * 3
        return model

    monkeypatch.setattr("igcli.cli.model_options.load_model", load)
    return chosen


@pytest.fixture
def run(network, tmp_path, monkeypatch):
    """``ig ablate`` on eight bright photos, whose objects are their left halves; two have no box."""
    monkeypatch.chdir(tmp_path)
    chance = np.random.default_rng(0)
    rows = ["path,xmin,ymin,xmax,ymax"]
    for number in range(8):
        path = tmp_path / "in" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(chance.integers(120, 256, (SIDE, SIDE, 3), dtype=np.uint8)).save(path)
        if number < 6:
            rows.append(f"{number}.png,0,0,{SIDE // 2},{SIDE}")
    (tmp_path / "boxes.csv").write_text("\n".join(rows))
    return lambda *more: CliRunner().invoke(ig, ["ablate", "in", "--keep-boxes", "boxes.csv", *map(str, more)])


def summary(folder="out"):
    return json.loads((Path(folder) / "ablation.json").read_text(encoding="utf-8"))


def test_a_network_that_looks_at_the_object_keeps_its_score_without_the_background(run):
    done = run()
    assert done.exit_code == 0, done.output
    found = summary()
    means = found["fills"]["black"]
    assert found["photos"] == {"measured": 6, "excluded": 2, "failed": 0}
    assert means["without_background"]["mean"] == pytest.approx(found["score"]["mean"])
    assert means["drop_without_background"]["mean"] == pytest.approx(0, abs=1e-6)
    dark = 1 / (1 + np.exp(5))  # the softmax of −5 and 0
    assert means["without_object"]["mean"] == pytest.approx(dark, abs=1e-6)
    assert means["object_over_background"]["low"] > 0.5
    assert (means["same_without_background"]["mean"], means["same_without_object"]["mean"]) == (1.0, 0.0)
    assert "still the most probable one on 100 % without background, 0 % without object" in done.stdout


def test_a_network_that_looks_at_the_background_keeps_it_without_the_object(run, network):
    network["left"] = False
    assert run().exit_code == 0
    means = summary()["fills"]["black"]
    assert means["object_over_background"]["high"] < -0.5
    assert means["drop_without_object"]["mean"] == pytest.approx(0, abs=1e-6)


def test_each_photo_has_a_line_a_row_a_record_and_a_sheet_and_one_without_a_box_says_so(run):
    done = run("--fill", "black", "--fill", "white")
    lines = done.stdout.splitlines()
    assert [line.split("  ")[0] for line in lines[:8]] == [f"{n}.png" for n in range(8)]
    assert "black: " in lines[0]
    assert "white: " in lines[0]
    assert lines[7].endswith("left out: no boxes for it")
    assert "2 photos without a number: no boxes for it (2)" in lines
    with Path("out/ablation.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6 * 2 + 2
    kept = [float(row["without_background"]) for row in rows if row["fill"] == "white"]
    assert summary()["fills"]["white"]["without_background"]["mean"] == pytest.approx(np.mean(kept))
    assert {row["object_share"] for row in rows if row["fill"]} == {"0.5"}
    record = json.loads(Path("out/7.parts.json").read_text())
    assert record["parts"]["excluded"]["reason"] == "no boxes for it"
    assert not Path("out/7.parts.png").exists()


def test_the_sheet_shows_the_photo_without_either_half(run):
    run()
    with Image.open("out/0.parts.png") as sheet:
        pixels = np.asarray(sheet.convert("L")).astype(int)
    black = pixels < 10
    columns = np.flatnonzero(black.sum(axis=0) > 150)  # of tiles of 224 pixels or so, half of each black
    assert len(columns) > 100
    jumps = np.flatnonzero(np.diff(columns) > 1)
    assert len(jumps) <= 1  # the right half of one tile, the left half of the next
    with Image.open("out/ablation.png") as plot:
        assert plot.width > 400


def test_it_is_resumed_and_other_settings_are_refused(run):
    run()
    before = Path("out/ablation.csv").read_bytes()
    Path("out/3.parts.json").unlink()
    again = run()
    assert again.exit_code == 0, again.output
    assert "1 scored, 0 failed, 7 skipped" in again.stderr
    assert Path("out/ablation.csv").read_bytes() == before
    other = run("--fill", "white")
    assert other.exit_code == 2
    assert "was made with other settings" in other.stderr
    Path("boxes.csv").write_text(Path("boxes.csv").read_text() + f"\n6.png,0,0,4,{SIDE}")
    boxes = run()
    assert boxes.exit_code == 2
    assert "with other settings (boxes" in boxes.stderr
    assert run("--overwrite").exit_code == 0
    assert summary()["photos"]["measured"] == 7


def test_files_of_somebody_else_are_not_replaced(run):
    Path("out").mkdir()
    Path("out/ablation.csv").write_text("precious")
    done = run()
    assert done.exit_code == 2
    assert Path("out/ablation.csv").read_text() == "precious"


def test_a_photo_that_cannot_be_read_fails_alone(run):
    Path("in/2.png").write_bytes(b"no picture")
    done = run()
    assert done.exit_code == 1
    assert "failed: in/2.png" in done.stderr
    assert summary()["photos"] == {"measured": 5, "excluded": 2, "failed": 1}
    stopped = run("--overwrite", "--on-error", "stop")
    assert stopped.exit_code == 1
    assert "Stopped at the first failure" in stopped.stderr


def test_no_photo_with_a_box_is_a_failure(run):
    Path("boxes.csv").write_text("path,xmin,ymin,xmax,ymax\nother.png,0,0,5,5\n")
    done = run()
    assert done.exit_code == 1
    assert "No photo has a number" in done.stderr
    assert not Path("out/ablation.png").exists()


def test_the_class_of_a_list_is_scored_and_another_score_too(run):
    Path("list.csv").write_text("path,target\n" + "".join(f"in/{n}.png,class b\n" for n in range(6)))
    done = CliRunner().invoke(ig, ["ablate", "list.csv", "--keep-boxes", "boxes.csv", "--score", "logit"])
    assert done.exit_code == 0, done.output
    means = summary()["fills"]["black"]
    assert means["without_object"]["mean"] == 0  # the second logit is always 0
    assert means["same_without_object"]["mean"] == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--box", "1,1,5,5"), "--box is not for --keep-boxes"),
        (("--method", "gradient"), "--method is not for --keep-boxes"),
        (("--steps", "5"), "--steps is not for --keep-boxes"),
        (("--lowpass", "5"), "--lowpass is not for --keep-boxes"),
        (("--target", "top-2"), "one --target"),
        (("--target", "0", "--target", "1"), "one --target"),
        (("--fill", "remaining-mean"), "another --fill"),
        (("--fill", "pink elephants"), "There is no fill"),
        (("--keep-boxes", "nowhere.csv"), "does not exist"),
    ],
)
def test_what_would_be_ignored_or_cannot_be_is_refused(run, options, words):
    done = run(*options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not Path("out/ablation.json").exists()


def test_intervals_over_patients_are_those_of_their_means(run):
    rows = [f"in/{n}.png,p{n // 2}\n" for n in range(6)]  # three patients with two photos each
    Path("list.csv").write_text("path,patient\n" + "".join(rows))
    arguments = ["ablate", "list.csv", "--keep-boxes", "boxes.csv", "--score", "logit"]
    plain = CliRunner().invoke(ig, arguments)
    assert plain.exit_code == 0, plain.output
    before = summary()["score"]
    done = CliRunner().invoke(ig, [*arguments, "--cluster", "Patient"])
    assert "0 scored, 0 failed, 6 skipped" in done.stderr
    assert "Intervals are over the 3 clusters that the column Patient names, not over the 6 photos" in done.stdout
    found = summary()
    with Path("out/ablation.csv").open(encoding="utf-8") as file:
        scores = [float(row["score"]) for row in csv.DictReader(file)]
    means = np.array(scores).reshape(3, 2).mean(axis=1)
    assert found["clusters"] == "Patient"
    assert found["score"]["clusters"] == 3
    assert found["score"]["mean"] == pytest.approx(before["mean"])
    assert (found["score"]["low"], found["score"]["high"]) == pytest.approx((means.min(), means.max()), abs=1e-9)


@pytest.mark.parametrize(
    "option", [("--cluster", "patient"), ("--fill", "blur"), ("--overwrite",), ("--verify",), ("--on-error", "stop")]
)
def test_options_of_folders_are_refused_for_one_photo(run, option):
    done = CliRunner().invoke(ig, ["ablate", "in/0.png", "--box", "1,1,5,5", *option])
    assert done.exit_code == 2
    assert f"{option[0]} goes with --keep-boxes" in done.stderr


def test_one_photo_is_still_one_photo(run):
    done = CliRunner().invoke(ig, ["ablate", "in", "--box", "1,1,5,5", "--steps", "3"])
    assert done.exit_code == 2
    assert "takes one photo, not 8" in done.stderr


def test_all_records_are_of_the_schema(run):
    done = run("--json")
    kinds = [kinds_of(json.loads(line)) for line in done.stdout.splitlines()]
    assert kinds == [["explanation"]] * 8 + [["parts_summary"]]
    assert kinds_of(summary()) == ["parts_summary"]
    assert kinds_of(json.loads(Path("out/0.parts.json").read_text())) == ["explanation"]
    assert kinds_of(json.loads(Path("out/run.ablate.json").read_text())) == ["run"]
