import json
import sys
from pathlib import Path

import pytest

from igcli.errors import OutputError, UsageError
from igcli.images.source import Found
from igcli.inputs import Missing
from igcli.jobs.item import Outcome
from igcli.jobs.outputs.record import Done
from igcli.jobs.plan import Job
from igcli.jobs.runs.run import Run, RunOptions, Stopped


@pytest.fixture
def plan(small, tmp_path):
    return Job.of(small, output=tmp_path / "out").plan


@pytest.fixture
def inputs(tmp_path):
    found = []
    for name in "abcd":
        path = tmp_path / f"{name}.jpg"
        path.write_bytes(b"photo")
        found.append(Found(path, Path(path.name)))
    return [found[0], Missing("gone.jpg", "gone.jpg does not exist; check the spelling."), *found[1:]]


def engine(plan, *, bad=(), order=reversed):
    """Leaves a record of each photo, in whatever order."""

    def work(items):
        for item in order(list(items)):
            if item.stem.name in bad:
                yield Outcome(item, failures=(f"{item.found.path} is empty (zero bytes); copy it again.",), gradients=0)
                continue
            status = item.found.path.stat()
            image = {"sha256": "0" * 64, "file": {"size": status.st_size, "modified_ns": status.st_mtime_ns}}
            record, name = {"name": item.stem.name, "files": {}, "image": image}, f"{item.stem.name}.json"
            plan.output.joinpath(name).write_text(json.dumps(record))
            yield Outcome(item, (Done(item.found, record, name, {}),), gradients=10.0, busy=0.001)

    return work


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def started(plan, inputs, **more):
    return Run(plan, inputs, settings={"drawing": "lit"}, **more)


def test_records_are_in_input_order_whatever_the_order_of_the_work(plan, inputs, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/ig", "explain", "in"])
    with started(plan, inputs) as run:
        assert run.tally.total == 4
        list(run.outcomes(engine(plan, bad="c")))
    assert [record["name"] for record in lines(plan.output / "index.jsonl")] == ["a", "b", "d"]
    gone, empty = lines(plan.output / "failures.jsonl")
    assert gone == {
        "schema": "igcli/1",
        "path": "gone.jpg",
        "reason": "gone.jpg does not exist",
        "remedy": "Check the spelling.",
    }
    assert empty["reason"].endswith("c.jpg is empty (zero bytes)")
    assert empty["remedy"] == "Copy it again."
    record = json.loads((plan.output / "run.json").read_text())
    assert (record["inputs"], record["done"], record["failed"], record["skipped"]) == (5, 3, 2, 0)
    assert record["gradients"] == 30
    assert record["command"] == "ig explain in"
    assert record["device"] == "cpu"
    assert record["photos_per_second"] > 0
    assert set(record) >= {"settings", "versions", "model", "seconds", "model_busy"}


def test_a_second_run_does_what_is_missing_and_ends_with_the_same_records(plan, inputs):
    with started(plan, inputs) as run:
        list(run.outcomes(engine(plan)))
    undisturbed = {path.name: path.read_bytes() for path in plan.output.iterdir() if path.is_file()}
    (plan.output / "b.json").unlink()
    with started(plan, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["b"]
        assert run.tally.skipped == 3
        list(run.outcomes(engine(plan)))
    after = {path.name: path.read_bytes() for path in plan.output.iterdir() if path.is_file()}
    assert {name: data for name, data in after.items() if name != "run.json"} == {
        name: data for name, data in undisturbed.items() if name != "run.json"
    }


def test_a_run_with_nothing_to_do_keeps_the_record_of_the_one_that_did_it(plan, inputs):
    for _ in range(2):
        with started(plan, inputs) as run:
            list(run.outcomes(engine(plan)))
    assert json.loads((plan.output / "run.json").read_text())["done"] == 4


def test_an_interrupted_run_writes_no_index_and_is_resumed(plan, inputs):
    with started(plan, inputs) as run:
        outcomes = run.outcomes(engine(plan, order=iter))
        next(outcomes), next(outcomes)
        outcomes.close()
    assert not (plan.output / "index.jsonl").exists()
    with started(plan, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["c", "d"]
        assert all(item.ours for item in run.todo)  # they had been taken up
        list(run.outcomes(engine(plan)))
    assert [record["name"] for record in lines(plan.output / "index.jsonl")] == ["a", "b", "c", "d"]


def test_what_failed_is_tried_again(plan, inputs):
    with started(plan, inputs) as run:
        list(run.outcomes(engine(plan, bad="ab")))
    with started(plan, inputs) as run:
        assert [item.stem.name for item in run.todo] == ["a", "b"]
        list(run.outcomes(engine(plan)))
    assert [entry["path"] for entry in lines(plan.output / "failures.jsonl")] == ["gone.jpg"]
    assert len(lines(plan.output / "index.jsonl")) == 4


def test_stops_at_the_first_failure_if_asked_to(plan, inputs):
    with (
        pytest.raises(Stopped, match=r"gone\.jpg.*Without"),
        started(plan, inputs, options=RunOptions(stop=True)) as run,
    ):
        list(run.outcomes(engine(plan)))
    photos = [item for item in inputs if isinstance(item, Found)]
    with started(plan, photos, options=RunOptions(stop=True)) as run:
        outcomes = run.outcomes(engine(plan, bad="b", order=iter))
        assert [next(outcomes).item.stem.name for _ in range(2)] == ["a", "b"]
        with pytest.raises(Stopped, match="zero bytes"):
            next(outcomes)
    assert not (plan.output / "run.json").exists()


@pytest.mark.parametrize("name", ["index.jsonl", "failures.jsonl", "run.json"])
def test_records_of_somebody_else_are_not_overwritten_without_the_flag(plan, inputs, name):
    plan.output.mkdir()
    (plan.output / name).write_text("precious")
    with pytest.raises(UsageError, match="--overwrite"):
        started(plan, inputs)
    assert (plan.output / name).read_text() == "precious"
    with started(plan, inputs, options=RunOptions(overwrite=True)) as run:
        list(run.outcomes(engine(plan)))
    assert (plan.output / name).read_text() != "precious"


def test_a_stranger_in_the_way_is_one_also_the_next_time(plan, inputs):
    def occupied(items):
        yield from (Outcome(item, failures=("x is there already",), occupied=True) for item in items)

    for _ in range(2):
        with started(plan, inputs) as run:
            assert not any(item.ours for item in run.todo)
            list(run.outcomes(occupied))


def test_two_kinds_of_run_share_a_folder(plan, inputs):
    with started(plan, inputs) as run, started(plan, inputs, kind="interior") as other:
        list(run.outcomes(engine(plan)))
        list(other.outcomes(engine(plan)))
    assert {"run.json", "run.interior.json", "index.interior.jsonl", "failures.interior.jsonl"} <= {
        path.name for path in plan.output.iterdir()
    }


def test_what_concerns_all_photos_ends_the_run_and_frees_the_folder(plan, inputs):
    def full(items):
        yield from ()
        raise OutputError("The disk is full.")

    with pytest.raises(OutputError), started(plan, inputs) as run:
        list(run.outcomes(full))
    with started(plan, inputs) as run:
        list(run.outcomes(engine(plan)))


def test_half_written_files_of_a_writer_that_was_killed_are_removed(plan, inputs):
    plan.output.mkdir()
    import platform

    machine = "".join(c for c in platform.node() if c.isalnum())[:32]
    dead, alive = plan.output / f".ig-{machine}-4194400-abc.partial", plan.output / f".ig-{machine}-1-abc.partial"
    dead.write_bytes(b"half")
    alive.write_bytes(b"half")  # process 1 always lives
    with started(plan, inputs):
        pass
    assert not dead.exists()
    assert alive.exists()
