import json
from pathlib import Path

import pytest

from igcli.errors import OutputError, UsageError
from igcli.images.source import Found, Missing
from igcli.jobs.item import Outcome
from igcli.jobs.job import Job
from igcli.jobs.outputs import Done
from igcli.jobs.run import Policy, Run, Stopped


@pytest.fixture
def desk(small, tmp_path):
    return Job(small, output=tmp_path / "out").desk


@pytest.fixture
def inputs(tmp_path):
    found = []
    for name in "abcd":
        path = tmp_path / f"{name}.jpg"
        path.write_bytes(b"photo")
        found.append(Found(path, Path(path.name)))
    return [found[0], Missing("gone.jpg", "gone.jpg does not exist; check the spelling."), *found[1:]]


def engine(desk, *, bad=(), order=reversed):
    """Leaves a record of each photo, in whatever order."""

    def work(items):
        for item in order(list(items)):
            if item.stem.name in bad:
                yield Outcome(item, failures=(f"{item.found.path} is empty (zero bytes); copy it again.",), gradients=0)
                continue
            status = item.found.path.stat()
            image = {"sha256": "0" * 64, "file": {"size": status.st_size, "modified_ns": status.st_mtime_ns}}
            record, name = {"name": item.stem.name, "files": {}, "image": image}, f"{item.stem.name}.json"
            desk.output.joinpath(name).write_text(json.dumps(record))
            yield Outcome(item, (Done(item.found, record, name, {}),), gradients=10.0, busy=0.001)

    return work


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def started(desk, inputs, **more):
    return Run(desk, inputs, settings={"drawing": "lit"}, **more)


def test_records_are_in_input_order_whatever_the_order_of_the_work(desk, inputs):
    with started(desk, inputs) as run:
        assert run.tally.total == 4
        list(run.outcomes(engine(desk, bad="c")))
    assert [record["name"] for record in lines(desk.output / "index.jsonl")] == ["a", "b", "d"]
    gone, empty = lines(desk.output / "failures.jsonl")
    assert gone == {"path": "gone.jpg", "reason": "gone.jpg does not exist", "remedy": "Check the spelling."}
    assert empty["reason"].endswith("c.jpg is empty (zero bytes)")
    assert empty["remedy"] == "Copy it again."
    record = json.loads((desk.output / "run.json").read_text())
    assert (record["inputs"], record["done"], record["failed"], record["skipped"]) == (5, 3, 2, 0)
    assert record["gradients"] == 30
    assert record["command"].startswith("ig ")
    assert record["device"] == "cpu"
    assert record["photos_per_second"] > 0
    assert set(record) >= {"settings", "versions", "model", "seconds", "model_busy"}


def test_a_second_run_does_what_is_missing_and_ends_with_the_same_records(desk, inputs):
    with started(desk, inputs) as run:
        list(run.outcomes(engine(desk)))
    undisturbed = {path.name: path.read_bytes() for path in desk.output.iterdir() if path.is_file()}
    (desk.output / "b.json").unlink()
    with started(desk, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["b"]
        assert run.tally.skipped == 3
        list(run.outcomes(engine(desk)))
    after = {path.name: path.read_bytes() for path in desk.output.iterdir() if path.is_file()}
    assert {name: data for name, data in after.items() if name != "run.json"} == {
        name: data for name, data in undisturbed.items() if name != "run.json"
    }


def test_a_run_with_nothing_to_do_leaves_the_account_of_the_one_that_did_it(desk, inputs):
    for _ in range(2):
        with started(desk, inputs) as run:
            list(run.outcomes(engine(desk)))
    assert json.loads((desk.output / "run.json").read_text())["done"] == 4


def test_an_interrupted_run_leaves_no_records_of_the_whole_and_is_gone_on_with(desk, inputs):
    with started(desk, inputs) as run:
        outcomes = run.outcomes(engine(desk, order=iter))
        next(outcomes), next(outcomes)
        outcomes.close()
    assert not (desk.output / "index.jsonl").exists()
    with started(desk, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["c", "d"]
        assert all(item.ours for item in run.todo)  # they had been taken up
        list(run.outcomes(engine(desk)))
    assert [record["name"] for record in lines(desk.output / "index.jsonl")] == ["a", "b", "c", "d"]


def test_what_failed_is_tried_again(desk, inputs):
    with started(desk, inputs) as run:
        list(run.outcomes(engine(desk, bad="ab")))
    with started(desk, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["a", "b"]
        list(run.outcomes(engine(desk)))
    assert [entry["path"] for entry in lines(desk.output / "failures.jsonl")] == ["gone.jpg"]
    assert len(lines(desk.output / "index.jsonl")) == 4


def test_stops_at_the_first_failure_if_asked_to(desk, inputs):
    with pytest.raises(Stopped, match=r"gone\.jpg.*Without"), started(desk, inputs, policy=Policy(stop=True)) as run:
        list(run.outcomes(engine(desk)))
    photos = [item for item in inputs if isinstance(item, Found)]
    with started(desk, photos, policy=Policy(stop=True)) as run:
        outcomes = run.outcomes(engine(desk, bad="b", order=iter))
        assert [next(outcomes).item.stem.name for _ in range(2)] == ["a", "b"]
        with pytest.raises(Stopped, match="zero bytes"):
            next(outcomes)
    assert not (desk.output / "run.json").exists()


@pytest.mark.parametrize("name", ["index.jsonl", "failures.jsonl", "run.json"])
def test_records_of_somebody_else_are_not_overwritten_without_the_flag(desk, inputs, name):
    desk.output.mkdir()
    (desk.output / name).write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        started(desk, inputs)
    assert (desk.output / name).read_text() == "precious"
    with started(desk, inputs, policy=Policy(overwrite=True)) as run:
        list(run.outcomes(engine(desk)))
    assert (desk.output / name).read_text() != "precious"


def test_a_stranger_in_the_way_is_one_also_the_next_time(desk, inputs):
    def occupied(items):
        yield from (Outcome(item, failures=("x is there already",), occupied=True) for item in items)

    for _ in range(2):
        with started(desk, inputs) as run:
            assert not any(item.ours for item in run.todo)
            list(run.outcomes(occupied))


def test_two_kinds_of_run_share_a_folder(desk, inputs):
    with started(desk, inputs) as run, started(desk, inputs, kind="interior") as other:
        list(run.outcomes(engine(desk)))
        list(other.outcomes(engine(desk)))
    assert {"run.json", "run.interior.json", "index.interior.jsonl", "failures.interior.jsonl"} <= {
        path.name for path in desk.output.iterdir()
    }


def test_what_concerns_all_photos_ends_the_run_and_frees_the_folder(desk, inputs):
    def full(items):
        yield from ()
        raise OutputError("The disk is full.")

    with pytest.raises(OutputError), started(desk, inputs) as run:
        list(run.outcomes(full))
    with started(desk, inputs) as run:
        list(run.outcomes(engine(desk)))


def test_half_written_files_of_a_writer_that_was_killed_are_removed(desk, inputs):
    desk.output.mkdir()
    import platform

    machine = "".join(c for c in platform.node() if c.isalnum())[:32]
    dead, alive = desk.output / f".ig-{machine}-4194400-abc.partial", desk.output / f".ig-{machine}-1-abc.partial"
    dead.write_bytes(b"half")
    alive.write_bytes(b"half")  # process 1 always lives
    with started(desk, inputs):
        pass
    assert not dead.exists()
    assert alive.exists()
