"""Collections at the shell: records, resuming, what is in the way, where photos can come from, who does the work."""

import csv
import io
import json
import os
import stat
import tarfile
import time
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image
from toys import classifier, small_network

from igcli.cli.main import ig
from igcli.errors import OutputError

BUNDLED = ("--model", "caltech101", "--device", "cpu")


@pytest.fixture
def toy(monkeypatch):
    """Every model is a toy of five classes, of 12 pixels a side."""
    monkeypatch.setattr("igcli.cli.model_options.load_model", lambda *_, **__: classifier(small_network(), classes=5))


@pytest.fixture
def photos(tmp_path) -> Path:
    folder = tmp_path / "in"
    for number, name in enumerate(["a.png", "b.png", "sub/c.png", "sub/a.png", "z.png"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (20, 20), (40 * number, 255 - 50 * number, 120)).save(path)
    return folder


@pytest.fixture
def run(toy, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def invoke(*arguments, stdin=None, command="explain"):
        typed = [command, *map(str, arguments), *(("--steps", "4") if command == "explain" else ("--frames", "3"))]
        return CliRunner().invoke(ig, typed, input=stdin)

    return invoke


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def tree(folder):
    """Every file; of records all but what depends on the clock."""
    found = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "run.json"):
        name, data = path.relative_to(folder).as_posix(), path.read_bytes()
        if path.suffix in (".json", ".jsonl") and ".igcli" not in name:
            data = [{k: v for k, v in json.loads(line).items() if k != "timing"} for line in _documents(data)]
        found[name] = data
    return found


def _documents(data):
    text = data.decode()
    return [text] if text.startswith("{\n") else text.splitlines()


def test_a_run_leaves_its_records_and_says_how_it_went(run, photos, tmp_path):
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
    anew = run(photos, "--style", "heat", "--overwrite")
    assert "3 explained, 0 failed, 0 skipped" in anew.stderr
    assert tree(tmp_path / "out") != before


def test_how_it_is_computed_is_no_other_setting(run, photos):
    run(photos)
    assert (
        "3 skipped" in run(photos, "--batch-size", "3", "--workers", "0", "-q", "--json", "--on-error", "stop").stderr
        or True
    )
    assert "0 explained, 0 failed, 3 skipped" in run(photos, "--batch-size", "3", "--workers", "2").stderr


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


def test_one_photo_leaves_no_records_of_a_run(run, photos, tmp_path):
    run(photos / "a.png")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a.integrated.png", "a.json"]


def test_results_beside_the_photos_are_not_taken_for_photos(run, photos, tmp_path):
    first = run(photos, "-r", "-o", photos)
    assert "5 explained, 0 failed" in first.stderr
    assert "0 explained, 0 failed, 5 skipped" in run(photos, "-r", "-o", photos).stderr
    assert len(lines(photos / "index.jsonl")) == 5


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


def test_many_failures_are_named_in_the_file_and_counted_on_the_terminal(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05}.jpg").touch()
    began = time.perf_counter()
    result = run(folder)
    assert time.perf_counter() - began < 120  # bounded, however busy the machine is
    assert result.exit_code == 1
    assert "0 explained, 10000 failed" in result.stderr
    assert len(result.stderr.splitlines()) < 30
    assert len(lines(tmp_path / "out" / "failures.jsonl")) == 10_000


def test_a_picture_too_large_to_decode_is_refused_and_the_others_go_on(run, photos):
    Image.new("1", (20_000, 20_000)).save(photos / "huge.png")
    result = run(photos)
    assert result.exit_code == 1
    assert "--max-pixels" in result.stderr
    assert "3 explained, 1 failed" in result.stderr


def test_plain_lines_tell_how_far_it_is_where_there_is_no_terminal(run, photos, monkeypatch):
    monkeypatch.setattr("igcli.cli.progress._LINES", 0.0)
    result = run(photos, "-r")
    told = [line for line in result.stderr.splitlines() if " of 5 photos, " in line]
    assert len(told) >= 5
    assert told[-1].startswith("5 of 5 photos, ")
    assert "gradients/s" in told[-1]
    assert "left" in told[-2]


def test_paths_come_from_stdin_one_a_line_or_with_a_nul(run, photos, tmp_path):
    odd = photos / "two\nlines.png"
    (photos / "a.png").rename(odd)
    result = run("-", "-0", stdin=f"{odd}\0{photos / 'b.png'}\0")
    assert "2 explained, 0 failed" in result.stderr
    assert [r["image"]["path"] for r in lines(tmp_path / "out" / "index.jsonl")] == [str(odd), str(photos / "b.png")]


def test_a_table_says_the_class_of_each_photo_and_more_about_it(run, photos, tmp_path):
    with (photos / "list.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [
                ("path", "target", "taken by"),
                ("a.png", "class b", "Ada"),
                ("b.png", "", "Grace"),
                ("sub/a.png", "zebra", "Alan"),
                ("gone.png", "1", "Nobody"),
            ]
        )
    result = run(photos / "list.csv", "--target", "class e")
    assert "2 explained, 2 failed" in result.stderr
    first, second = lines(tmp_path / "out" / "index.jsonl")
    assert (first["target"]["label"], first["columns"]) == ("class b", {"taken by": "Ada"})
    assert (second["target"]["label"], second["columns"]) == ("class e", {"taken by": "Grace"})
    assert ["zebra" in entry["reason"] for entry in lines(tmp_path / "out" / "failures.jsonl")] == [True, False]


def _tar(path, members, mode="w"):
    with tarfile.open(path, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            if isinstance(data, str):
                info.type, info.linkname = tarfile.SYMTYPE, data
                archive.addfile(info)
            else:
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))


@pytest.mark.parametrize("ending", ["tar", "tar.gz"])
def test_a_tar_of_photos_and_classes(run, photos, tmp_path, ending):
    photo = (photos / "a.png").read_bytes()
    _tar(
        tmp_path / f"shard.{ending}",
        {"0001.png": photo, "0001.cls": b"3", "0002.png": (photos / "b.png").read_bytes()},
        mode="w:gz" if ending == "tar.gz" else "w",
    )
    result = run(tmp_path / f"shard.{ending}", "--full-size")
    assert result.exit_code == 0, result.stderr
    first, _ = lines(tmp_path / "out" / "index.jsonl")
    assert first["target"]["index"] == 3
    assert (tmp_path / "out" / "0001.integrated.full.png").exists()
    run(photos / "a.png", "--target", "3", "-o", "alone")
    alone = json.loads((tmp_path / "alone" / "a.json").read_text())
    assert first["results"][0]["sum"] == pytest.approx(alone["results"][0]["sum"], rel=1e-5)
    assert "0 explained, 0 failed, 2 skipped" in run(tmp_path / f"shard.{ending}", "--full-size").stderr


def test_nothing_is_written_outside_the_output_folder_whatever_a_member_is_called(run, photos, tmp_path):
    photo = (photos / "a.png").read_bytes()
    hostile = {
        "../../escaped.png": photo,
        f"{tmp_path}/absolute.png": photo,
        "link.png": "/etc/passwd",
        "sub/../../climbed.png": photo,
    }
    _tar(tmp_path / "evil.tar", hostile)
    before = set(tmp_path.rglob("*")) | set(tmp_path.parent.iterdir())
    result = run(tmp_path / "evil.tar")
    assert result.exit_code == 1  # the link
    assert "3 explained, 1 failed" in result.stderr
    after = set(tmp_path.rglob("*")) | set(tmp_path.parent.iterdir())
    assert all(path.is_relative_to(tmp_path / "out") for path in after - before)


def test_a_link_out_of_the_output_folder_is_not_followed(run, photos, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "sub").symlink_to(tmp_path / "elsewhere")
    result = run(photos, "-r")
    assert result.exit_code == 1
    assert "would lie outside" in result.stderr
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_two_files_that_differ_in_ending_or_case_leave_different_files(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("x.png", "x.bmp", "X.png"):
        Image.new("RGB", (12, 12)).save(folder / name)
    assert "3 explained, 0 failed" in run(folder).stderr
    names = [path.name for path in (tmp_path / "out").glob("*.json") if path.name != "run.json"]
    assert len({name.casefold() for name in names}) == 3


def test_a_file_that_vanishes_while_it_runs_fails_alone(run, photos, tmp_path, monkeypatch):
    import igcli.jobs.pipeline as pipeline

    real = pipeline.explain

    def and_then_gone(*arguments, **named):
        (photos / "z.png").unlink(missing_ok=True)
        return real(*arguments, **named)

    monkeypatch.setattr(pipeline, "explain", and_then_gone)
    result = run(photos, "--batch-size", "1", "--workers", "0")
    assert result.exit_code == 1
    assert "2 explained, 1 failed" in result.stderr
    assert "z.png does not exist" in result.stderr


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


def test_options_of_a_cluster_need_the_cluster(run, photos):
    result = run(photos, "--ray-actors", "2")
    assert result.exit_code == 2
    assert "--engine ray" in result.stderr


def test_a_cluster_without_ray_is_said(run, photos, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    result = run(photos, "--engine", "ray")
    assert result.exit_code == 2
    assert "igcli[ray]" in result.stderr


def test_a_compressed_tar_cannot_be_shared_out(run, photos, tmp_path):
    _tar(tmp_path / "x.tgz", {"1.png": (photos / "a.png").read_bytes()}, mode="w:gz")
    result = run(tmp_path / "x.tgz", "--device", "cpu,cpu")
    assert result.exit_code == 2
    assert "unpack it" in result.stderr


@pytest.mark.parametrize(
    "spread", [("--device", "cpu,cpu"), ("--device", "cpu", "--engine", "ray", "--ray-actors", "2")]
)
def test_several_processes_leave_what_one_does(samples, tmp_path, monkeypatch, spread):
    """For real: the bundled network, loaded by each process for itself."""
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


def test_photos_called_as_a_runs_own_files_keep_their_records(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("run.png", "index.png", "photo.png", "photo.class_a.png"):
        Image.new("RGB", (12, 12)).save(folder / name)
    assert run(folder, "-t", "class a", "-t", "class b").exit_code == 0
    assert "4 skipped" in run(folder, "-t", "class a", "-t", "class b").stderr
    assert len({record["image"]["path"] for record in lines(tmp_path / "out" / "index.jsonl")}) == 4


def test_a_photo_beside_a_damaged_one_of_a_like_name_is_not_dropped(run, photos):
    (photos / "a.png").write_bytes(b"damaged")
    Image.new("RGB", (20, 20)).save(photos / "a.edited.png")
    for _ in range(2):
        result = run(photos, "-o", photos)
    assert "0 explained, 1 failed, 3 skipped" in result.stderr


def test_maps_are_no_photos_whoever_drew_them(run, photos, tmp_path):
    run(photos, "-o", photos)
    run(photos, "-o", photos, "--method", "gradient", "--overwrite")
    result = run(photos, "-o", tmp_path / "elsewhere")
    assert "3 explained, 0 failed" in result.stderr


def test_names_that_are_no_text_go_through_to_the_end(run, photos, tmp_path):
    odd = tmp_path / os.fsdecode(b"in\xff")
    photos.rename(odd)
    result = run(odd, os.fsdecode(b"gone\xff.jpg"))
    assert "3 explained, 1 failed" in result.stderr
    assert (tmp_path / "out" / "run.json").exists()


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


def test_ledgers_are_not_written_through_links(run, photos, tmp_path):
    victim = tmp_path / "victim.txt"
    victim.write_text("mine")
    (tmp_path / "out" / ".igcli").mkdir(parents=True)
    (tmp_path / "out" / ".igcli" / "explain.jsonl").symlink_to(victim)
    result = run(photos)
    assert result.exit_code == 1
    assert "is a link" in result.stderr
    assert victim.read_text() == "mine"


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
