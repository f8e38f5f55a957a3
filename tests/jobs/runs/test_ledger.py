import contextlib
import hashlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from igcli.errors import OutputError, UsageError
from igcli.images.source import Found
from igcli.jobs.files import FOLDER
from igcli.jobs.item import Outcome, items_of
from igcli.jobs.outputs.record import Done
from igcli.jobs.runs.ledger import Ledger
from igcli.jobs.runs.ownership import is_result, written_by_earlier_runs

SETTINGS = {"wanted": {"steps": 64, "rule": "midpoint"}, "fit": "crop"}


@pytest.fixture
def item(tmp_path):
    photo = tmp_path / "in" / "photo.jpg"
    photo.parent.mkdir()
    photo.write_bytes(b"\xff\xd8\xff\xe0 a photo")  # begins as a JPEG does
    return items_of([Found(photo, Path("photo.jpg"))])[0]


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def opened():
    """Opens ledgers, and closes them in the end."""
    with contextlib.ExitStack() as stack:

        def open_one(output, *, settings=SETTINGS, overwrite=False):
            ledger = Ledger(output, "explain", settings, overwrite=overwrite)
            stack.callback(ledger.close)
            return ledger

        yield open_one


def image_of(photo):
    """What a record says of a photo that is read now."""
    if not photo.exists():
        return {"sha256": None, "file": None}
    status = photo.stat()
    file = {"size": status.st_size, "modified_ns": status.st_mtime_ns}
    return {"sha256": hashlib.sha256(photo.read_bytes()).hexdigest(), "file": file}


def finish(ledger, item, output, *, image=None):
    """What a run does with one photo."""
    ledger.begin(item)
    for name in ("photo.integrated.png", "photo.json"):
        (output / name).write_bytes(b"{}")
    record = {"files": {"integrated.png": "photo.integrated.png"}, "image": image or image_of(item.found.path)}
    ledger.finish(Outcome(item, (Done(item.found, record, "photo.json", {}),)))


def test_a_photo_is_done_when_all_its_files_are_there_and_it_has_not_changed(opened, output, item):
    ledger = opened(output)
    assert not ledger.is_done(item)
    finish(ledger, item, output)
    ledger.close()
    again = opened(output)
    assert again.is_done(item)
    assert list(again.records(item)) == [{}]
    assert not again.is_done(replace(item, found=replace(item.found, target="7")))  # another class of it
    assert not again.is_done(replace(item, stem=Path("photo-2")))
    (output / "photo.integrated.png").unlink()
    assert not again.is_done(item)
    (output / "photo.integrated.png").write_bytes(b"")
    item.found.path.write_bytes(b"another photo")
    assert not again.is_done(item)
    assert again.is_known(item)


def test_a_photo_that_was_only_begun_is_known_and_not_done(opened, output, item):
    ledger = opened(output)
    ledger.begin(item)
    ledger.close()
    again = opened(output)
    assert again.is_known(item)
    assert not again.is_done(item)
    again.forget(item)
    again.close()
    assert not opened(output).is_known(item)


@pytest.mark.parametrize("kept", range(1, 40, 3))
def test_a_line_cut_short_is_as_if_it_had_not_been_written(opened, output, item, kept):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    path = output / FOLDER / "explain.jsonl"
    *lines, last = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join(lines) + last[:-kept])
    again = opened(output)
    assert again.is_known(item)
    assert not again.is_done(item) or kept == 1  # all but the line's end
    finish(again, item, output)  # the next line is not glued to the broken one
    again.close()
    assert opened(output).is_done(item)


def test_other_settings_are_named_and_overwriting_starts_again(opened, output, item):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    other = {"wanted": {"steps": 32, "rule": "midpoint"}, "fit": "pad"}
    with pytest.raises(UsageError, match=r"steps 64 there, 32 now; fit crop there, pad now.*--overwrite"):
        opened(output, settings=other)
    again = opened(output, settings=other, overwrite=True)
    assert not again.is_done(item)
    again.close()
    resumed = opened(output, settings=other)  # interrupted before anything was done
    assert not resumed.is_done(item)
    assert resumed.is_known(item)


def test_one_run_at_a_time(opened, output):
    ledger = opened(output)
    with pytest.raises(OutputError, match="Another run"):
        opened(output)
    ledger.close()
    opened(output).close()


def test_at_the_end_there_is_one_line_a_photo_in_order(opened, output, tmp_path):
    found = [Found(tmp_path / f"{name}.jpg", Path(f"{name}.jpg")) for name in "abc"]
    items = items_of(found)
    ledger = opened(output)
    for item in reversed(items):
        finish(ledger, item, output)
    ledger.sort(items)
    ledger.close()
    lines = (output / FOLDER / "explain.jsonl").read_text().splitlines()
    assert [json.loads(line)[0][0] for line in lines] == ["a", "b", "c"]


def test_names_that_are_no_text_are_kept(opened, output, tmp_path):
    found = Found(tmp_path / os.fsdecode(b"caf\xe9\n.jpg"), Path("x.jpg"))
    (item,) = items_of([found])
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    assert opened(output).is_known(item)


def test_what_earlier_runs_wrote_is_no_photo_to_work_on(opened, output, item):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.begin(replace(item, stem=Path("b/other")))
    ledger.close()
    left = written_by_earlier_runs(output)
    assert left == {"photo.json": True, "photo.integrated.png": True, "b/other": False}
    for name, expected in {
        "photo.integrated.png": True,
        "photo.png": False,
        "b/other.interior.gif": True,  # a kill may have kept it from being listed
        "b/other.edited.png": False,
        "b/other.png": False,
        "../in/photo.jpg": False,
    }.items():
        assert is_result(output / name, output, left) == expected, name
    assert written_by_earlier_runs(output / "nowhere") == {}


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"\xff{"), lambda path: path.unlink()])
def test_without_settings_nothing_counts_as_done(opened, output, item, damage):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    damage(output / FOLDER / "explain.json")
    again = opened(output)
    assert not again.is_done(item)  # by which settings it was made is not known
    assert again.is_known(item)


def test_a_photo_that_was_replaced_between_reading_and_noting_is_not_done(opened, output, item):
    ledger = opened(output)
    read = image_of(item.found.path)
    item.found.path.write_bytes(b"replaced meanwhile")
    finish(ledger, item, output, image=read)
    assert not ledger.is_done(item)
    ledger.close()
    assert not opened(output).is_done(item)


def test_bytes_are_compared_on_demand_where_size_and_time_are_the_same(opened, output, item):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    photo, status = item.found.path, item.found.path.stat()
    again = opened(output)
    assert again.is_done(item, verify=True)
    photo.write_bytes(photo.read_bytes()[::-1])
    os.utime(photo, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert again.is_done(item)
    assert not again.is_done(item, verify=True)


@pytest.mark.parametrize("recorded", [True, False])
def test_a_ledger_of_an_earlier_version_is_resumed_and_its_records_know_the_hash(opened, output, item, recorded):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    path = output / FOLDER / "explain.jsonl"
    lines = [json.loads(line) for line in path.read_text().split("\n") if line]
    path.write_text("".join(json.dumps([owner, source[:2], *rest]) + "\n" for owner, source, *rest in lines))
    if recorded:
        sha256 = hashlib.sha256(item.found.path.read_bytes()).hexdigest()
        (output / "photo.json").write_text(json.dumps({"image": {"sha256": sha256}}))
    again = opened(output)
    assert again.is_done(item)
    assert again.is_done(item, verify=True) == recorded


def test_hashes_of_shared_files_are_settings_that_earlier_versions_did_not_note(opened, output, item):
    ledger = opened(output)
    finish(ledger, item, output)
    ledger.close()
    first = opened(output, settings={**SETTINGS, "files": {"baseline.png": "00"}})
    assert first.is_done(item)
    first.close()
    with pytest.raises(UsageError, match=r"baseline.png|png 00 there, 11 now"):
        opened(output, settings={**SETTINGS, "files": {"baseline.png": "11"}})


@pytest.mark.parametrize("ending", ["json", "jsonl", "lock"])
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.hardlink_to(path.parents[2] / "victim")])
def test_pipes_and_second_names_in_the_folder_are_neither_waited_for_nor_written_to(
    opened, output, tmp_path, ending, make
):
    (tmp_path / "victim").write_text("mine")
    (output / FOLDER).mkdir(parents=True)
    make(output / FOLDER / f"explain.{ending}")
    if ending == "json":  # replaced as a whole, never written into
        opened(output)
    else:
        with pytest.raises(OutputError, match=r"remove it|replace it"):
            opened(output)
    assert (tmp_path / "victim").read_text() == "mine"
    written_by_earlier_runs(output)
