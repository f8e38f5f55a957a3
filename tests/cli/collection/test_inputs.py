"""Where photos can come from, and what they can be called."""

import csv
import io
import json
import os
import tarfile
import zipfile

import pytest
from cli.collection.folders import lines
from click.testing import CliRunner
from PIL import Image

from igcli.cli.main import ig


def test_a_picture_too_large_to_decode_is_refused_and_the_others_go_on(run, photos):
    Image.new("1", (20_000, 20_000)).save(photos / "huge.png")
    result = run(photos)
    assert result.exit_code == 1
    assert "--max-pixels" in result.stderr
    assert "3 explained, 1 failed" in result.stderr


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


@pytest.mark.parametrize("ending", ["tar", "tar.gz", "zip"])
def test_an_archive_of_photos_and_classes(run, photos, tmp_path, ending):
    photo = (photos / "a.png").read_bytes()
    members = {"0001.png": photo, "0001.cls": b"3", "0002.png": (photos / "b.png").read_bytes()}
    if ending == "zip":
        with zipfile.ZipFile(tmp_path / "shard.zip", "w") as archive:
            for name, data in members.items():
                archive.writestr(name, data)
    else:
        _tar(tmp_path / f"shard.{ending}", members, mode="w:gz" if ending == "tar.gz" else "w")
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


def test_two_files_that_differ_in_ending_or_case_get_different_files(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("x.png", "x.bmp", "X.png"):
        Image.new("RGB", (12, 12)).save(folder / name)
    assert "3 explained, 0 failed" in run(folder).stderr
    names = [path.name for path in (tmp_path / "out").glob("*.json") if path.name != "run.json"]
    assert len({name.casefold() for name in names}) == 3


def test_a_file_that_vanishes_while_it_runs_fails_alone(run, photos, tmp_path, monkeypatch):
    import igcli.jobs.pipeline as pipeline

    real = pipeline.explain_checked

    def and_then_gone(*arguments, **named):
        (photos / "z.png").unlink(missing_ok=True)
        return real(*arguments, **named)

    monkeypatch.setattr(pipeline, "explain_checked", and_then_gone)
    result = run(photos, "--batch-size", "1", "--workers", "0")
    assert result.exit_code == 1
    assert "2 explained, 1 failed" in result.stderr
    assert "z.png does not exist" in result.stderr


def test_a_compressed_tar_cannot_be_shared_out(run, photos, tmp_path):
    _tar(tmp_path / "x.tgz", {"1.png": (photos / "a.png").read_bytes()}, mode="w:gz")
    result = run(tmp_path / "x.tgz", "--device", "cpu,cpu")
    assert result.exit_code == 2
    assert "unpack it" in result.stderr


def test_photos_called_as_a_runs_own_files_keep_their_records(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for name in ("run.png", "index.png", "photo.png", "photo.class_a.png"):
        Image.new("RGB", (12, 12)).save(folder / name)
    assert run(folder, "-t", "class a", "-t", "class b").exit_code == 0
    assert "4 skipped" in run(folder, "-t", "class a", "-t", "class b").stderr
    assert len({record["image"]["path"] for record in lines(tmp_path / "out" / "index.jsonl")}) == 4


def test_a_photo_next_to_a_damaged_one_of_a_like_name_is_not_dropped(run, photos):
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


def test_results_next_to_the_photos_are_not_taken_for_photos(run, photos, tmp_path):
    first = run(photos, "-r", "-o", photos)
    assert "5 explained, 0 failed" in first.stderr
    assert "0 explained, 0 failed, 5 skipped" in run(photos, "-r", "-o", photos).stderr
    assert len(lines(photos / "index.jsonl")) == 5


def test_names_that_are_no_text_go_through_to_the_end(run, photos, tmp_path):
    odd = tmp_path / os.fsdecode(b"in\xff")
    photos.rename(odd)
    result = run(odd, os.fsdecode(b"gone\xff.jpg"))
    assert "3 explained, 1 failed" in result.stderr
    assert (tmp_path / "out" / "run.json").exists()


def test_many_failures_are_named_in_the_file_and_counted_on_the_terminal(run, tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(10_000):
        (folder / f"{number:05}.jpg").touch()
    result = run(folder)
    assert result.exit_code == 1
    assert "0 explained, 10000 failed" in result.stderr
    assert len(result.stderr.splitlines()) < 30
    assert len(lines(tmp_path / "out" / "failures.jsonl")) == 10_000


def test_what_other_commands_have_written_is_no_photo(run, toy, photos, tmp_path, monkeypatch):
    monkeypatch.chdir(photos)
    invoke = CliRunner().invoke
    for arguments in (
        ["explain", ".", "-r", "--steps", "4", "--panel", "--saturation"],
        ["animate", "a.png", "--frames", "3", "-o", "film.webp"],
        ["animate", "b.png", "--frames", "3", "--format", "png"],
        ["saturation", ".", "-r", "--points", "5"],
        ["compare", "b.png", "--steps", "4", "--method", "gradient", "--method", "integrated"],
    ):
        assert invoke(ig, arguments).exit_code == 0, arguments
    assert "5 photos" in invoke(ig, ["saturation", ".", "-r", "--points", "5"]).stdout
    assert "5 photos" in invoke(ig, ["report", ".", "-r", "--steps", "4"]).stdout
    assert "5 skipped" in invoke(ig, ["explain", ".", "-r", "--steps", "4", "--panel", "--saturation"]).stderr
