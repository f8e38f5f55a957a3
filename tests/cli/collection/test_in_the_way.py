"""What a run must not touch, and what it makes of damage: files of strangers, links, full disks."""

import os
import stat
from unittest.mock import Mock

import pytest
from cli.collection.folders import lines, tree
from PIL import Image

from igcli.errors import OutputError


def test_a_file_of_somebody_else_is_not_replaced_without_the_flag(run, photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.json").write_text("precious")
    result = run(photos)
    assert result.exit_code == 1
    assert "2 explained, 1 failed" in result.stderr
    assert "b.json is there already" in result.stderr
    assert (tmp_path / "out" / "b.json").read_text() == "precious"
    assert "b.json" in run(photos).stderr  # still not ours the next time
    assert (tmp_path / "out" / "b.json").read_text() == "precious"
    assert run(photos, "--overwrite").exit_code == 0
    assert (tmp_path / "out" / "b.json").read_text() != "precious"


def test_one_photo_may_be_explained_again_and_another_of_its_name_may_not_take_its_place(run, photos, tmp_path):
    assert run(photos / "a.png").exit_code == 0
    assert run(photos / "a.png", "--style", "heat").exit_code == 0
    first = tree(tmp_path / "out")
    result = run(photos / "sub" / "a.png")
    assert result.exit_code == 1
    assert "is not of this photo" in result.stderr
    assert tree(tmp_path / "out") == first
    assert run(photos / "sub" / "a.png", "--overwrite").exit_code == 0
    assert tree(tmp_path / "out") != first


def test_a_file_in_the_way_is_in_the_way_the_next_time_too_whatever_stopped_the_run(run, photos, tmp_path):
    (tmp_path / "out").mkdir()
    for name in ("a.json", "b.json"):
        (tmp_path / "out" / name).write_text("precious")
    for _ in range(2):
        run(photos, "--on-error", "stop")
    (photos / "b.png").write_bytes(b"damaged")
    run(photos)
    Image.new("RGB", (20, 20)).save(photos / "b.png")
    run(photos)
    assert [(tmp_path / "out" / name).read_text() for name in ("a.json", "b.json")] == ["precious"] * 2


def test_records_of_somebody_else_stay_however_often_one_tries(run, photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "index.jsonl").write_text("precious")
    assert [run(photos).exit_code for _ in range(2)] == [2, 2]
    assert (tmp_path / "out" / "index.jsonl").read_text() == "precious"


def test_a_link_out_of_the_output_folder_is_not_followed(run, photos, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    result = run(photos, "-r")
    assert result.exit_code == 1
    assert "would lie outside" in result.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_ledgers_are_not_written_through_links(run, photos, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    (tmp_path / "out" / ".igcli").mkdir(parents=True)
    (tmp_path / "out" / ".igcli" / "explain.jsonl").symlink_to(victim)
    result = run(photos)
    assert result.exit_code == 1
    assert "is a link" in result.stderr
    assert victim.read_text() == "mine"


@pytest.mark.parametrize("call", range(1, 10, 2))
def test_a_full_disk_stops_with_one_sentence_and_the_rest_is_done_later(run, photos, tmp_path, monkeypatch, call):
    """The disk is full from the ``call``-th file on."""
    run(photos, "-r", "-o", "undisturbed")
    calls, fsync = [], os.fsync

    def full(descriptor):
        calls.append(descriptor)
        if len(calls) >= call:
            raise OSError(28, "No space left on device")
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", full)
    result = run(photos, "-r")
    assert result.exit_code == 1
    (said,) = [line for line in result.stderr.splitlines() if line.startswith("ig:")]
    assert "disk is full" in said
    assert isinstance(result.exception, SystemExit)
    for path in (tmp_path / "out").rglob("*.png"):
        with Image.open(path) as image:
            image.load()
    assert not list((tmp_path / "out").rglob("*.partial"))
    monkeypatch.setattr(os, "fsync", fsync)
    assert run(photos, "-r").exit_code == 0
    assert set(tree(tmp_path / "out")) == set(tree(tmp_path / "undisturbed"))
    assert [r["image"] for r in lines(tmp_path / "out" / "index.jsonl")] == [
        r["image"] for r in lines(tmp_path / "undisturbed" / "index.jsonl")
    ]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_to_is_said_at_once(run, photos, tmp_path):
    (tmp_path / "out").mkdir()
    (tmp_path / "out").chmod(stat.S_IRUSR | stat.S_IXUSR)
    result = run(photos)
    assert result.exit_code == 1
    assert "cannot be written" in result.stderr


def test_a_read_only_folder_is_said_at_once(run, photos, monkeypatch):
    def read_only(*_, **__):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.TemporaryFile", read_only)
    result = run(photos)
    assert result.exit_code == 1
    assert "read-only file system" in result.stderr
    assert len([line for line in result.stderr.splitlines() if line.startswith("ig:")]) == 1


def test_two_runs_at_once_do_not_mix(run, photos, tmp_path):
    import fcntl

    run(photos)
    with (tmp_path / "out" / ".igcli" / "explain.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        result = run(photos)
    assert result.exit_code == OutputError.exit_status
    assert "Another run" in result.stderr


@pytest.mark.parametrize("damage", [b"", b'{"cut": ', b"\xff\xd8 a picture"])
def test_a_damaged_record_is_made_again(run, photos, tmp_path, damage):
    run(photos)
    (tmp_path / "out" / "b.json").write_bytes(damage)
    assert "1 explained, 0 failed, 2 skipped" in run(photos).stderr
    assert len(lines(tmp_path / "out" / "index.jsonl")) == 3


@pytest.mark.parametrize(
    "line", ["[[],[1,2],[],[]]", '[[["x"]],[1,2],[],[]]', "[" * 200_000, "null", "[[1,2,3,4],0,0,0]"]
)
def test_a_damaged_ledger_is_read_as_far_as_it_goes(run, photos, tmp_path, line):
    run(photos)
    with (tmp_path / "out" / ".igcli" / "explain.jsonl").open("a") as ledger:
        ledger.write(line + "\n")
    assert "3 skipped" in run(photos).stderr


def test_what_is_called_the_same_from_another_folder_is_another_photo(run, photos, tmp_path, monkeypatch):
    out = tmp_path / "shared"
    for day, colour in (("day1", "red"), ("day2", "blue")):
        (tmp_path / day).mkdir()
        Image.new("RGB", (20, 20), colour).save(tmp_path / day / "p.png")
    for inputs in (".", "p.png"):
        monkeypatch.chdir(tmp_path / "day1")
        assert run(inputs, "-o", out).exit_code == 0
        first = tree(out)
        monkeypatch.chdir(tmp_path / "day2")
        result = run(inputs, "-o", out)
        assert result.exit_code == 1
        assert "is not of this photo" in result.stderr
        assert {name: data for name, data in tree(out).items() if name in ("p.json", "p.integrated.png")} == {
            name: data for name, data in first.items() if name in ("p.json", "p.integrated.png")
        }
    monkeypatch.chdir(tmp_path)
    assert run("day1/p.png", "-o", "shared").exit_code == 0  # the same photo by another way


def test_a_photo_whose_files_another_has_replaced_is_not_done(run, tmp_path, monkeypatch):
    out = tmp_path / "shared"
    for day, colour in (("day1", "red"), ("day2", "blue")):
        (tmp_path / day).mkdir()
        Image.new("RGB", (20, 20), colour).save(tmp_path / day / "p.png")
    assert run(tmp_path / "day1", "-o", out).exit_code == 0
    assert run(tmp_path / "day2", "-o", out, "--overwrite").exit_code == 0
    result = run(tmp_path / "day1", "-o", out)
    assert result.exit_code == 1
    assert "is not of this photo" in result.stderr
    assert "day2" in (out / "p.json").read_text()


def test_what_one_photo_has_written_is_its_own_in_a_folder_too(run, photos, tmp_path):
    for command, options in (("explain", ("--target", "top-2")), ("animate", ())):
        assert run(photos / "a.png", "-o", command, *options, command=command).exit_code == 0
        assert run(photos, "-o", command, *options, command=command).exit_code == 0


def test_frames_of_another_photo_stay(run, photos, tmp_path):
    def animate(photo, alphas):
        return run(photo, "--format", "frames", command="animate", short=("--alphas", alphas)).exit_code

    assert animate(photos / "a.png", "0.1,0.5") == 0
    first = tree(tmp_path / "out")
    assert animate(photos / "sub" / "a.png", "0.2,0.6") == 1
    assert tree(tmp_path / "out") == first
    assert animate(photos / "a.png", "0.2,0.6") == 0
    assert len(list((tmp_path / "out").rglob("*_alpha_*.png"))) == 2  # those of the first points are gone


def test_killed_among_the_photos_themselves_a_run_resumes(run, photos, monkeypatch):
    (photos / "a.txt").write_text("what somebody says of a.png")
    with monkeypatch.context() as killed:
        killed.setattr("igcli.jobs.outputs.record.Outputs.save_record", Mock(side_effect=SystemExit(137)))
        run(photos, "-o", photos, "--panel", "--target", "top-2")
    assert (photos / "a.png").exists()
    assert list(photos.glob("a.*.panel.png"))
    assert run(photos, "-o", photos, "--panel", "--target", "top-2").exit_code == 0


def test_a_list_that_says_something_else_of_a_photo_is_heard(run, photos, tmp_path):
    (tmp_path / "list.csv").write_text("path,note\nin/a.png,old\nin/b.png,same\n")
    assert run("list.csv").exit_code == 0
    (tmp_path / "list.csv").write_text("path,note\nin/a.png,new\nin/b.png,same\n")
    assert "1 explained, 0 failed, 1 skipped" in run("list.csv").stderr
    assert [record["columns"]["note"] for record in lines(tmp_path / "out" / "index.jsonl")] == ["new", "same"]
