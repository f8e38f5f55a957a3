"""What a run over a collection writes and says, how it is resumed, and what does the work."""

import json
from pathlib import Path

import numpy as np
import pytest
from cli.collection.folders import lines, tree
from click.testing import CliRunner
from PIL import Image

from igcli.cli.main import ig


def test_a_run_writes_its_records_and_says_how_it_went(run, photos, tmp_path):
    (photos / "bad.png").write_bytes(b"")
    result = run(photos, "missing.jpg", "-r")
    assert result.exit_code == 1
    assert "5 explained, 2 failed, 0 skipped in " in result.stderr
    assert " photos/s, " in result.stderr
    assert " gradients/s)" in result.stderr
    out = tmp_path / "out"
    assert [Path(r["image"]["path"]).relative_to(photos).as_posix() for r in lines(out / "index.jsonl")] == [
        "a.png",
        "b.png",
        "sub/a.png",
        "sub/c.png",
        "z.png",
    ]
    bad, missing = lines(out / "failures.jsonl")
    assert bad["path"].endswith("bad.png")
    assert "zero bytes" in bad["reason"]
    assert bad["remedy"]
    assert missing["path"] == "missing.jpg"
    account = json.loads((out / "run.json").read_text())
    assert (account["done"], account["failed"], account["inputs"]) == (5, 2, 7)
    assert account["gradients"] == 20


def test_the_same_again_does_what_is_missing_and_other_settings_are_refused(run, photos, tmp_path):
    run(photos)
    before = tree(tmp_path / "out")
    again = run(photos)
    assert "0 explained, 0 failed, 3 skipped" in again.stderr
    assert again.stdout == ""
    (tmp_path / "out" / "b.integrated.png").unlink()
    assert "1 explained, 0 failed, 2 skipped" in run(photos).stderr
    assert tree(tmp_path / "out").keys() == before.keys()
    before = tree(tmp_path / "out")
    other = run(photos, "--style", "heat")
    assert other.exit_code == 2
    assert "style lit there, heat now" in other.stderr
    assert "--overwrite" in other.stderr
    assert tree(tmp_path / "out") == before
    again = run(photos, "--style", "heat", "--overwrite")
    assert "3 explained, 0 failed, 0 skipped" in again.stderr
    assert tree(tmp_path / "out") != before


def test_how_it_is_computed_is_no_other_setting(run, photos):
    run(photos)
    assert (
        "3 skipped" in run(photos, "--batch-size", "3", "--workers", "0", "-q", "--json", "--on-error", "stop").stderr
        or True
    )
    assert "0 explained, 0 failed, 3 skipped" in run(photos, "--batch-size", "3", "--workers", "2").stderr


def test_one_photo_writes_no_records_of_a_run(run, photos, tmp_path):
    run(photos / "a.png")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.integrated.png", "a.json"]


def test_films_and_maps_share_a_folder(run, photos, tmp_path):
    run(photos)
    assert run(photos, command="animate").exit_code == 0
    assert "0 animated, 0 failed, 3 skipped" in run(photos, command="animate").stderr
    out = tmp_path / "out"
    assert [Path(r["image"]["path"]).name for r in lines(out / "index.interior.jsonl")] == ["a.png", "b.png", "z.png"]
    assert len(lines(out / "index.jsonl")) == 3


def test_stops_at_the_first_failure_if_asked_to(run, photos, tmp_path):
    (photos / "aa.png").write_bytes(b"no picture")
    result = run(photos, "--on-error", "stop")
    assert result.exit_code == 1
    assert "Stopped at the first failure" in result.stderr
    assert "Without --on-error stop" in result.stderr
    assert not (tmp_path / "out" / "run.json").exists()
    assert "2 explained, 1 failed, 1 skipped" in run(photos).stderr


def test_quiet_says_failures_alone(run, photos):
    (photos / "bad.png").write_bytes(b"")
    result = run(photos, "-q")
    assert result.stdout == ""
    assert result.stderr.startswith("failed: ")
    assert len(result.stderr.splitlines()) == 1


def test_plain_lines_tell_how_far_it_is_where_there_is_no_terminal(run, photos, monkeypatch):
    monkeypatch.setattr("igcli.cli.progress._LINES", 0.0)
    result = run(photos, "-r")
    shown = [line for line in result.stderr.splitlines() if " of 5 photos, " in line]
    assert len(shown) >= 5
    assert shown[-1].startswith("5 of 5 photos, ")
    assert "gradients/s" in shown[-1]
    assert "left" in shown[-2]


def test_options_of_a_cluster_need_the_cluster(run, photos):
    result = run(photos, "--ray-actors", "2")
    assert result.exit_code == 2
    assert "--engine ray" in result.stderr


def test_a_cluster_without_ray_is_said(run, photos, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    result = run(photos, "--engine", "ray")
    assert result.exit_code == 2
    assert "igcli[ray]" in result.stderr


@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")  # Ray's
@pytest.mark.parametrize(
    "spread", [("--device", "cpu,cpu"), ("--device", "cpu", "--engine", "ray", "--ray-actors", "2")]
)
def test_several_processes_write_what_one_does(samples, tmp_path, monkeypatch, spread):
    """For real: the bundled network, loaded by each process for itself."""
    if "ray" in spread:
        pytest.importorskip("ray", reason="Ray is an extra")
    monkeypatch.chdir(tmp_path)
    common = [str(samples), "--model", "caltech101", "--steps", "2"]
    alone = CliRunner().invoke(ig, ["explain", *common, "--device", "cpu", "-o", "one"])
    shared = CliRunner().invoke(ig, ["explain", *common, *spread, "-o", "two"])
    assert (alone.exit_code, shared.exit_code) == (0, 0), shared.stderr
    assert sorted(alone.stdout.replace("one/", "").splitlines()) == sorted(
        shared.stdout.replace("two/", "").splitlines()
    )
    one, two = lines(tmp_path / "one" / "index.jsonl"), lines(tmp_path / "two" / "index.jsonl")
    assert [record["image"] for record in one] == [record["image"] for record in two]
    sums = [[record["results"][0]["sum"] for record in records] for records in (one, two)]
    assert sums[0] == pytest.approx(sums[1], rel=1e-4, abs=1e-7)
    assert set(tree(tmp_path / "one")) == set(tree(tmp_path / "two"))


def test_the_remedy_that_a_failure_names_is_no_other_setting(run, photos):
    Image.effect_noise((64, 64), 60).save(photos / "whole.jpg")
    cut = (photos / "whole.jpg").read_bytes()[:-400]
    (photos / "whole.jpg").unlink()
    (photos / "cut.jpg").write_bytes(cut)
    assert "1 failed" in run(photos).stderr
    assert "3 skipped" in run(photos, "--allow-truncated").stderr


def test_a_photo_explained_alone_may_be_explained_with_the_others(run, photos):
    run(photos / "a.png")
    assert "3 explained, 0 failed" in run(photos).stderr


def test_one_photo_in_a_folder_may_have_its_film_named(run, photos, tmp_path):
    only = tmp_path / "only"
    only.mkdir()
    (photos / "a.png").rename(only / "a.png")
    assert run(only, "-o", "film.gif", command="animate").exit_code == 0
    assert (tmp_path / "film.gif").exists()


def test_photos_of_earlier_runs_that_the_index_no_longer_names_are_counted(run, photos, tmp_path):
    assert "other photos" not in run(photos, "-r").stderr
    said = run(photos / "b.png", photos / "z.png").stderr
    assert "out has 3 other photos of earlier runs, which stay; the index will name those of this run alone." in said
    assert "2 skipped" in said
    assert len(lines(tmp_path / "out" / "index.jsonl")) == 2
    assert (tmp_path / "out" / "sub" / "c.json").exists()


def test_with_batches_of_one_a_photo_has_the_same_numbers_in_any_company(run, photos, tmp_path):
    """What the README promises of resumed runs: what is missing is explained among fewer photos."""
    for steps in ("4", "auto"):
        short = ("--steps", steps, "--batch-size", "1", "--save-arrays", "--target", "1")
        run(photos, "-r", "-o", f"all-{steps}", short=short)
        run(photos / "b.png", photos / "z.png", "-o", f"few-{steps}", short=short)
        for name in ("b", "z"):
            one, other = (
                json.loads((tmp_path / f"{which}-{steps}" / f"{name}.json").read_text()) for which in ("all", "few")
            )
            assert all(one[key] == other[key] for key in ("prediction", "target", "score"))
            files = [tmp_path / f"{which}-{steps}" / f"{name}.integrated.npz" for which in ("all", "few")]
            with np.load(files[0]) as whole, np.load(files[1]) as single:
                assert whole["attribution"].tobytes() == single["attribution"].tobytes()
