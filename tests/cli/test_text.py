"""``ig text``, with a network of one's own; what the bundled one knows is tested in ``tests/text``."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from click.testing import CliRunner
from PIL import Image
from record_kinds import kinds_of
from tiny_text_models import OWN

from igcli.cli.main import ig


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.py").write_text(OWN)

    def call(*arguments, **more):
        return CliRunner().invoke(ig, ["text", "--model", "own.py:build", *map(str, arguments)], **more)

    return call


def records(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_words_with_numbers_that_sum_to_the_rise(run):
    result = run("a fine film", "--steps", "64")
    assert result.exit_code == 0
    _, words, numbers, sums = result.stdout.strip().splitlines()
    assert words.split() == ["a", "fine", "film"]
    total = sum(map(float, numbers.split()))
    assert total == pytest.approx(float(sums.split("sum to ")[1].split(",")[0]), abs=2e-4)
    assert "\x1b" not in result.stdout  # no terminal


def test_the_remedy_of_a_gap_is_one_for_a_number_of_steps_too(run):
    said = "not within the tolerance: try --steps auto, or more --max-steps)"
    assert said in run("a fine film", "--steps", "1", "--tolerance", "1e-9").stdout
    assert said in run("a fine film", "--max-steps", "1", "--tolerance", "1e-9").stdout


def test_several_texts_in_one_command(run):
    result = run("a fine film", "not a dull film", "--json")
    assert [each["text"]["words"] for each in records(result)] == [["a", "fine", "film"], ["not", "a", "dull", "film"]]
    assert all(kinds_of(each) == ["explanation"] for each in records(result))


def test_two_methods_are_compared(run):
    result = run("a fine film", "--compare", "gradient")
    assert "input-x-gradient" in result.stdout
    (record,) = records(run("a fine film", "--compare", "gradient", "--json"))
    assert list(record["text"]["numbers"]) == ["integrated", "input-x-gradient"]


def test_a_text_that_fails_fails_alone(run):
    result = run("a fine film", "", "--json")
    assert result.exit_code == 1
    assert [kinds_of(each) for each in records(result)] == [["explanation"], ["error"]]
    assert "no word" in result.stderr


def test_files_of_a_text(run, tmp_path):
    result = run("a fine film", "-o", "out")
    assert result.exit_code == 0, result.output
    names = sorted(path.name for path in (tmp_path / "out").iterdir() if path.is_file())
    assert names == [
        "a-fine-film.json", "a-fine-film.words.html", "a-fine-film.words.png", "failures.text.jsonl",
        "index.text.jsonl", "run.text.json",
    ]  # fmt: skip
    for name in ("a-fine-film.json", "run.text.json"):
        assert kinds_of(json.loads((tmp_path / "out" / name).read_text())) == [
            "run" if name.startswith("run") else "explanation"
        ]
    with Image.open(tmp_path / "out" / "a-fine-film.words.png") as image:
        assert image.size[0] == 900
        assert image.info["Software"] == "igcli"
    assert "film</span>" in (tmp_path / "out" / "a-fine-film.words.html").read_text()


def test_a_list_is_resumed(run, tmp_path):
    (tmp_path / "list.txt").write_text("a fine film\nnot fine\n")
    assert run("-f", "list.txt", "-o", "out", "-q").exit_code == 0
    (tmp_path / "list.txt").write_text("something new\na fine film\nnot fine\n")
    result = run("-f", "list.txt", "-o", "out")
    assert result.exit_code == 0
    assert "2 done before" in result.stderr
    assert result.stdout.count("integrated:") == 1
    assert len((tmp_path / "out" / "index.text.jsonl").read_text().splitlines()) == 3


def test_other_settings_need_another_folder(run):
    run("a fine film", "-o", "out")
    result = run("a fine film", "-o", "out", "--target", "bad")
    assert result.exit_code == 2
    assert "other settings" in result.stderr


def test_saturation_of_several_texts(run, tmp_path):
    result = run("a fine film", "not fine", "--saturation", "--points", "11", "-o", "plots", "--json")
    assert result.exit_code == 0, result.output
    assert [kinds_of(each) for each in records(result)] == [["saturated_photo"]] * 2 + [["saturation"]]
    record = json.loads((tmp_path / "plots" / "saturation.json").read_text())
    assert kinds_of(record) == ["saturation"]
    assert len(record["inputs"]) == 2
    rows = (tmp_path / "plots" / "saturation.csv").read_text().splitlines()
    assert len(rows) == 1 + 2 * 11


def test_stdin_is_explained_line_by_line(run):
    result = run("-", "--json", input="a fine film\n\nnot fine\n")
    assert [each["input"]["line"] for each in records(result)] == [1, 3]


def test_a_long_stdin_is_answered_before_it_ends(tmp_path):
    """The first answers are there while lines still come: nothing waits for the end of a list."""
    (tmp_path / "own.py").write_text(OWN)
    command = [sys.executable, "-m", "igcli", "text", "-", "--model", "own.py:build", "--steps", "4", "--json"]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:
        process.stdin.write("a fine film\n" * 200)
        process.stdin.flush()
        assert json.loads(process.stdout.readline())["text"]["words"] == ["a", "fine", "film"]
        process.kill()


def test_escapes_in_a_text_never_reach_the_terminal(run):
    result = run("a\x1b[2Jb \x07 \u202efilm", "\x1b]0;title\x07")
    assert "\x1b" not in result.output
    assert "\x07" not in result.output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "no text"),
        (("own.py",), "is a file: give -f"),
        (("-f", "gone.txt"), "does not exist"),
        (("a", "--model", "nothing"), "no text model called 'nothing'"),
        (("a", "--target", "excellent"), "No class is called 'excellent'"),
        (("a", "--baseline", "mask"), "no token called mask"),
        (("a", "--baseline", "nonsense"), "nonsense"),
        (("a", "--continuation", "--target", "good"), "leave --target out"),
        (("a", "--baseline", "text:" + "x" * 300), "shorter"),
    ],
)
def test_a_users_mistake_is_one_sentence(run, arguments, words):
    result = run(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert "Traceback" not in result.output


def test_a_text_of_a_hundred_thousand_words_is_refused(run):
    result = run("-", input="fine " * 100_000)
    assert result.exit_code == 1
    assert "--max-words" in result.stderr


def test_blank_lines_alone_are_said(run):
    result = run("-", input="\n \n")
    assert result.exit_code == 1
    assert "no text" in result.stderr


def test_a_page_of_all_texts_with_the_run_and_later(run, tmp_path):
    (tmp_path / "films.txt").write_text("a fine film\n</script> \u202e\n\nnot a dull film\n")
    result = run("-f", "films.txt", "-o", "words", "--report", "--steps", "4")
    assert result.exit_code == 0, result.output
    assert "-> words/report.html" in result.stderr
    first = (tmp_path / "words" / "report.html").read_text()
    for shown in ("films.txt:1: a fine film", "films.txt:4: not a dull film", "&lt;/script&gt;", "\\u202e"):
        assert shown in first
    again = run("-f", "films.txt", "-o", "words", "--report", "--steps", "4")
    assert "3 done before" in again.stderr
    assert (tmp_path / "words" / "report.html").read_text() == first
    later = CliRunner().invoke(ig, ["report", "words", "-o", "page.html", "--title", "Films", "--json"])
    assert later.exit_code == 0, later.output
    (record,) = records(later)
    assert kinds_of(record) == ["report"]
    assert record["entries"] == 3
    entries = [
        text.partition("<main")[2].partition("</main>")[0] for text in (first, (tmp_path / "page.html").read_text())
    ]
    assert entries[0] == entries[1]


def test_failed_texts_are_named_on_the_page(run, tmp_path):
    result = run("a fine film", "", "-o", "words", "--report", "--steps", "4")
    assert result.exit_code == 1
    assert "no word" in (tmp_path / "words" / "report.html").read_text()


def test_a_page_of_texts_takes_no_options_that_it_cannot_heed(run):
    run("a fine film", "-o", "words", "--steps", "4")
    refused = CliRunner().invoke(ig, ["report", "words", "--method", "gradient", "--style", "heat"])
    assert refused.exit_code == 2
    assert "leave" in refused.stderr
    assert "--method" in refused.stderr
    assert "--style" in refused.stderr


def test_a_file_that_is_no_report_is_not_replaced(run, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "report.html").write_text("mine")
    result = run("a fine film", "--report", "--steps", "4")
    assert result.exit_code == 1
    assert "no report of ig" in result.stderr
    assert (tmp_path / "out" / "report.html").read_text() == "mine"


def test_a_file_of_texts_as_the_baseline_is_a_mean_with_its_standard_error(run, tmp_path):
    (tmp_path / "texts.txt").write_text("not a film\nfine\n")
    result = run("a fine film", "--baseline", "texts.txt", "--steps", "20", "-o", "words", "--report")
    assert result.exit_code == 0, result.output
    assert "mean over 2 baselines, 20 samples; standard error of the sum" in result.stdout
    assert "standard error of the sum" in (tmp_path / "words" / "report.html").read_text()
    record = json.loads((tmp_path / "words" / "a-fine-film.json").read_text())
    assert record["results"][0]["completeness"]["sums_to"] == "mean rise"
    (tmp_path / "texts.txt").write_text("dull\n")
    changed = run("a fine film", "--baseline", "texts.txt", "--steps", "20", "-o", "words")
    assert changed.exit_code == 2
    assert "other settings" in changed.stderr
    assert run("a film", "--baseline", "texts.txt", "--saturation").exit_code == 2


def test_a_path_through_words_is_compared_with_the_straight_one(run):
    (record,) = records(run("a fine film", "--compare", "discretized", "--json"))
    assert kinds_of(record) == ["explanation"]
    assert [result["settings"]["path"] for result in record["results"]] == ["straight", "discretized"]
    assert all(result["completeness"]["within_tolerance"] for result in record["results"])
    said = "a baseline that is one"
    assert said in run("a film", "-m", "discretized").stderr
    assert said not in run("a film", "-m", "discretized", "--baseline", "text:dull").stderr
