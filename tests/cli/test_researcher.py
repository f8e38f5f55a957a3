"""A researcher's table of methods: measured, continued with one more method, with intervals over subjects."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig

SCRIPT = (
    "val.csv -m integrated -m gradient -m smooth-gradient --metric aopc --metric insertion -o t1",
    "val.csv -m integrated -m gradient -m smooth-gradient -m grad-cam --metric aopc --metric insertion -o t1",
    "val.csv -m integrated -m gradient -m smooth-gradient -m grad-cam --metric aopc --metric insertion -o t1 "
    "--cluster subject --markdown table.md",
)
QUICK = "--steps 4 --smooth 2 --set aopc.steps=5 --set insertion.steps=5"


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))
    chance = np.random.default_rng(0)
    rows = ["path,target,subject"]
    for number in range(24):
        Image.fromarray(chance.integers(0, 256, (20, 20, 3), dtype=np.uint8)).save(tmp_path / f"{number}.png")
        rows.append(f"{number}.png,class {'abcde'[number % 5]},s{number // 3}")
    (tmp_path / "val.csv").write_text("\n".join(rows))
    return lambda line: CliRunner().invoke(ig, ["evaluate", *f"{line} {QUICK}".split()])


def test_the_table_grows_by_a_method_and_becomes_one_of_subjects_at_no_cost(run):
    for line in SCRIPT:
        done = run(line)
        assert done.exit_code == 0, done.output
    assert "0 measured, 0 failed, 24 measured already" in done.stderr
    found = json.loads(Path("t1/evaluation.json").read_text())
    aopc = found["metrics"]["aopc"]["maps"]
    assert set(aopc) == {"integrated", "gradient", "smooth-gradient", "grad-cam", "random", "sobel"}
    assert aopc["gradient"]["clusters"] == 8
    with Path("t1/evaluation.csv").open() as file:
        rows = [row for row in csv.DictReader(file) if (row["metric"], row["map"]) == ("aopc", "gradient")]
    subjects = [f"s{number}" for number in range(8)]
    by_subject = {name: [float(row["value"]) for row in rows if row["cluster"] == name] for name in subjects}
    assert [len(values) for values in by_subject.values()] == [3] * 8
    # Subjects of equal size: a bootstrap of the subjects' means, by a plain loop.
    means = [float(np.mean(values)) for values in by_subject.values()]
    chance = np.random.default_rng(1)
    drawn = np.sort([np.mean([means[chance.integers(8)] for _ in range(8)]) for _ in range(4000)])
    spread = drawn[3900] - drawn[100]
    assert aopc["gradient"]["mean"] == pytest.approx(np.mean(means))
    assert aopc["gradient"]["low"] == pytest.approx(drawn[100], abs=0.1 * spread)
    assert aopc["gradient"]["high"] == pytest.approx(drawn[3900], abs=0.1 * spread)
    table = Path("table.md").read_text(encoding="utf-8")
    for name in aopc:
        assert any(line.startswith((f"| {name} |", f"| {name} (control) |")) for line in table.splitlines())
    assert "| aopc ↑ | insertion ↑ |" in table
    assert "over the 8 clusters that the column subject names, not over the 24 photos" in table
