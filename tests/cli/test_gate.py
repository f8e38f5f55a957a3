"""Requirements, differences, clusters and Markdown of ``ig evaluate``, with a network of a few parameters."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from record_kinds import kinds_of
from toys import classifier, small_network

from igcli.cli.main import ig

FEW = ("--method", "integrated", "--metric", "aopc", "--steps", "4", "--set", "aopc.steps=5")


@pytest.fixture
def model(monkeypatch):
    model = classifier(small_network(), classes=5)
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: model)
    return model


@pytest.fixture
def run(model, tmp_path, monkeypatch):
    """``ig evaluate`` on twelve photos of four patients."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    chance = np.random.default_rng(0)
    rows = ["path,Patient,target"]
    for number in range(12):
        path = tmp_path / "in" / f"{number}.png"
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(chance.integers(0, 256, (24, 24, 3), dtype=np.uint8)).save(path)
        rows.append(f"in/{number}.png,p{number // 3},class {'ab'[number % 2]}")
    (tmp_path / "list.csv").write_text("\n".join(rows))
    return lambda *arguments: CliRunner().invoke(ig, ["evaluate", "list.csv", *FEW, *map(str, arguments)])


def record(folder="out"):
    return json.loads((Path(folder) / "evaluation.json").read_text(encoding="utf-8"))


def column(folder="out", name="integrated"):
    with (Path(folder) / "evaluation.csv").open(encoding="utf-8") as file:
        return {row["path"]: row for row in csv.DictReader(file) if row["map"] == name}


def test_what_is_met_ends_with_0_and_what_is_not_with_3(run):
    run()
    mean = np.mean([float(row["value"]) for row in column().values()])
    below, above = f"aopc:integrated >= {mean - 0.001}", f"aopc:integrated >= {mean + 0.001}"
    met = run("--require", below)
    assert met.exit_code == 0, met.output
    assert f"required {below}: met, found " in met.stdout
    missed = run("--require", below, "--require", above)
    assert missed.exit_code == 3
    assert f"failed: required {above}: not met, found " in missed.stderr
    first, second = record()["requirements"]
    assert (first["required"], first["met"], first["photos"]) == (below, True, 12)
    assert (second["required"], second["met"]) == (above, False)
    assert second["found"] == pytest.approx(mean)
    assert "requirements" not in run("-q").output
    assert "requirements" not in record()


def test_a_class_is_named_as_labels_are(run):
    found = run("--require", "aopc:integrated@CLASS B >= -9", "--require", "low(aopc:integrated@0) >= -9")
    assert found.exit_code == 0, found.output
    own = [float(row["value"]) for row in column().values() if row["target"] == "class b"]
    first, second = record()["requirements"]
    assert first["found"] == pytest.approx(np.mean(own))
    assert second["found"] <= np.mean([float(row["value"]) for row in column().values() if row["target"] == "class a"])


def test_a_number_that_is_missing_ends_with_1(run):
    found = run("--require", "aopc:integrated@class c >= 0")
    assert found.exit_code == 1
    assert "no number (There is no photo of which 'class c' is explained.)" in found.stderr
    assert record()["requirements"][0]["met"] is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--require", "aopc:integrated"), "compares nothing"),
        (("--require", "aopc:gradient > 0"), "Name one of integrated; random; sobel"),
        (("--require", "deletion:integrated < 1"), "Add --metric deletion"),
        (("--require", "aopc:integrated@bird > 0"), "No class is called 'bird'"),
        (("--require", "difference(aopc:integrated) > 0"), "give --earlier"),
        (("--earlier", "nowhere"), "does not exist"),
        (("--earlier", "list.csv"), "is no evaluation.json"),
        (("--target", "top-2"), "give one --target"),
        (("--cluster", "animal"), "it has Patient next to path and target"),
        (("--cluster", "patient", "--metric", "focus"), "leave --cluster out"),
        (("--markdown", "summary.txt"), "should end in .md"),
        (("--github-summary",), "GITHUB_STEP_SUMMARY"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_measured(run, options, words):
    found = run(*options)
    assert found.exit_code == 2
    assert words in found.stderr
    assert not Path("out/evaluation.json").exists()


def test_the_difference_to_a_kept_evaluation_is_paired(run, model):
    run("-o", "before")
    with_other_maps = run("-o", "now", "--steps", "2", "--earlier", "before",
                          "--require", "difference(aopc:integrated) >= -9")  # fmt: skip
    assert with_other_maps.exit_code == 0, with_other_maps.output
    before, now = column("before"), column("now")
    apart = [float(now[path]["value"]) - float(before[path]["value"]) for path in now]
    found = record("now")["earlier"]
    assert found["metrics"]["aopc"]["maps"]["integrated"]["mean"] == pytest.approx(np.mean(apart))
    assert found["metrics"]["aopc"]["maps"]["random"]["mean"] == 0
    assert record("now")["requirements"][0]["found"] == pytest.approx(np.mean(apart))
    assert "settings.steps 4 then, 2 now" in found["changed"]
    assert "now − before/evaluation.json  aopc" in with_other_maps.stdout
    missed = run("-o", "now", "--steps", "2", "--earlier", "before/evaluation.json",
                 "--require", "high(difference(aopc:random)) < 0")  # fmt: skip
    assert missed.exit_code == 3


def test_an_evaluation_is_not_compared_with_what_it_replaces(run):
    run()
    found = run("--earlier", "out")
    assert found.exit_code == 2
    assert "would be replaced" in found.stderr
    for ending in ("json", "csv"):
        shutil.copy(f"out/evaluation.{ending}", f"out/kept.{ending}")
    assert run("--earlier", "out/kept.json").exit_code == 0


def test_intervals_over_clusters_are_in_the_table_the_record_and_the_csv(run):
    run()
    plain = record()["metrics"]["aopc"]
    found = run("--cluster", "patient", "--require", "low(aopc:integrated) >= -9")
    assert found.exit_code == 0, found.output
    assert "0 measured, 0 failed, 12 measured already" in found.stderr
    assert "over the 4 clusters that the column patient names, not over the 12 photos" in found.stdout
    assert "4 clusters: intervals over fewer than 30 are often too narrow." in found.stdout
    of_clusters = record()["metrics"]["aopc"]
    one, other = (metric["maps"]["integrated"] for metric in (plain, of_clusters))
    assert (one["mean"], one["count"]) == (other["mean"], other["count"])
    assert one["low"] != other["low"]
    assert other["clusters"] == 4
    assert "clusters" not in one
    assert record()["clusters"] == "patient"
    assert record()["requirements"][0]["found"] == other["low"]
    assert of_clusters["better_than"]["integrated"]["random"]["clusters"] == 4
    assert of_clusters["best"] is None  # four are too few
    assert column()["in/5.png"]["cluster"] == "p1"


def test_the_page_and_the_plot_are_of_clusters_too(run):
    assert run("--cluster", "patient", "--report").exit_code == 0
    assert "bootstrap 95 % intervals over clusters" in Path("out/report.html").read_text(encoding="utf-8")
    of_clusters = Path("out/evaluation.curves.png").read_bytes()
    run()
    assert Path("out/evaluation.curves.png").read_bytes() != of_clusters


def test_photos_without_a_cluster_are_refused_and_counted(run):
    rows = Path("list.csv").read_text().replace("in/5.png,p1", "in/5.png, ")
    Path("list.csv").write_text(rows)
    found = run("--cluster", "Patient")
    assert found.exit_code == 2
    assert "1 photo of 12 have nothing in the column Patient, such as in/5.png" in found.stderr
    folder = CliRunner().invoke(ig, ["evaluate", "in", *FEW, "--cluster", "Patient"])
    assert folder.exit_code == 2
    assert "has none of that name: give one, as a CSV" in folder.stderr


def cells(markdown):
    """The tables of a text in GitHub's Markdown: of each row the cells, by cell of the first column."""
    rows = [line.strip().strip("|").split(" | ") for line in markdown.splitlines() if line.startswith("|")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_the_markdown_has_what_the_screen_has(run):
    run("-o", "before")
    found = run("--markdown", "summary.md", "--earlier", "before", "--cluster", "patient",
                "--require", "aopc:integrated >= -9", "--require", "aopc:random >= 9")  # fmt: skip
    assert found.exit_code == 3
    text = Path("summary.md").read_text(encoding="utf-8")
    assert text.startswith("<!-- ig evaluate -->\n## How good are the maps of")
    mean = record()["metrics"]["aopc"]["maps"]["integrated"]["mean"]
    table = cells(text)
    assert table["aopc:integrated >= -9"] == [f"{mean:.3g}", "12", "met"]
    assert table["aopc:random >= 9"][2] == "**not met**"
    assert table["sobel (control)"][0].count(r"\[") == 1
    assert "### Now less before/evaluation.json" in text
    assert table["integrated"] == [r"0 \[0, 0\] of 12"]  # of the last table
    assert "- Intervals and \\* are over the 4 clusters" in text
    again = run("--markdown", "summary.md")
    assert again.exit_code == 0, again.output
    assert "not met" not in Path("summary.md").read_text(encoding="utf-8")


def test_markdown_of_somebody_else_is_not_replaced(run):
    Path("README.md").write_text("# Mine")
    found = run("--markdown", "README.md")
    assert found.exit_code == 1
    assert "no ig evaluate has written it" in found.stderr
    assert Path("README.md").read_text() == "# Mine"


def test_the_summary_of_a_job_is_added_to_and_only_if_asked(run, monkeypatch):
    Path("summary").write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(Path("summary").resolve()))
    run()
    assert Path("summary").read_text() == "before\n"
    for _ in range(2):
        assert run("--github-summary").exit_code == 0
    text = Path("summary").read_text(encoding="utf-8")
    assert text.startswith("before\n\n<!-- ig evaluate -->")
    assert text.count("## How good are the maps of") == 2


def test_names_cannot_write_markdown(run):
    theirs = Path("<b>|x|*y*`z`")
    theirs.mkdir()
    for number in range(12):
        np.save(theirs / f"{number}.npy", np.random.default_rng(number).random((12, 12)))
    found = CliRunner().invoke(ig, ["evaluate", "list.csv", "--metric", "aopc", "--set", "aopc.steps=5",
                                    "--maps", str(theirs), "--markdown", "summary.md"])  # fmt: skip
    assert found.exit_code == 0, found.output
    text = Path("summary.md").read_text(encoding="utf-8")
    assert r"| &lt;b>\|x\|\*y\*\`z\` |" in text
    assert "<b>" not in text


def test_the_records_on_stdout_are_of_the_schema(run):
    run("-o", "before")
    found = run("--json", "--cluster", "patient", "--earlier", "before", "--require", "aopc:integrated >= 9")
    assert [kinds_of(json.loads(line)) for line in found.stdout.splitlines()] == [["metrics"], ["conclusions"]]
    assert kinds_of(record()) == ["evaluation"]


def test_without_any_photo_that_can_be_measured_a_requirement_has_no_number(run):
    shutil.rmtree("in")
    Path("in").mkdir()
    for number in range(12):
        Path(f"in/{number}.png").write_bytes(b"no picture")
    found = run("--require", "aopc:integrated >= 0")
    assert found.exit_code == 1
    assert "required aopc:integrated >= 0: no number (No photo was measured by it.)" in found.stderr
