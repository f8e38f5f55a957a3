import json

import pytest
from engine_toys import load_nothing, photos_in, worker_plan_of, write_and_die_always, write_and_die_once

from igcli.errors import WeightsError
from igcli.jobs.engines.processes import on_devices
from igcli.jobs.engines.scheduler import Worker


def sums(outcomes):
    return {o.item.number: done.record["results"][0]["sum"] for o in outcomes for done in o.results}


@pytest.fixture
def items(tmp_path):
    return photos_in(tmp_path / "in", 10)


def test_two_processes_write_what_one_writes(items, tmp_path):
    alone = list(Worker(worker_plan_of(tmp_path / "one"), "cpu").do(items))
    outcomes = list(on_devices(worker_plan_of(tmp_path / "two"), ["cpu", "cpu"], iter(items)))
    assert sums(outcomes) == pytest.approx(sums(alone), rel=1e-5)
    assert {p.name for p in (tmp_path / "one").iterdir()} == {p.name for p in (tmp_path / "two").iterdir()}
    assert sum(outcome.gradients for outcome in outcomes) == pytest.approx(40)


def test_a_process_that_dies_is_replaced_and_nothing_is_lost_or_done_twice(items, tmp_path):
    shared = worker_plan_of(tmp_path / "out", write=write_and_die_once)
    outcomes = list(on_devices(shared, ["cpu"], iter(items)))
    assert sorted(outcome.item.number for outcome in outcomes) == list(range(10))
    assert not any(outcome.failures for outcome in outcomes)
    assert (tmp_path / "out" / "died").exists()
    assert (tmp_path / "out" / "3.integrated.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out" / "3.json").read_text())["results"]


def test_a_photo_that_kills_every_process_fails_alone(items, tmp_path):
    shared = worker_plan_of(tmp_path / "out", write=write_and_die_always)
    outcomes = list(on_devices(shared, ["cpu"], iter(items[:5])))
    assert [outcome.item.number for outcome in outcomes if outcome.failures] == [3]
    assert sorted(sums(outcomes)) == [0, 1, 2, 4]


def test_weights_that_cannot_be_loaded_are_said_once(items, tmp_path):
    with pytest.raises(WeightsError, match="damaged"):
        list(on_devices(worker_plan_of(tmp_path / "out", load=load_nothing), ["cpu", "cpu"], iter(items)))


def test_processes_end_when_nobody_listens_any_more(items, tmp_path):
    import multiprocessing

    outcomes = on_devices(worker_plan_of(tmp_path / "out"), ["cpu"], iter(items))
    next(outcomes)
    assert multiprocessing.active_children()
    outcomes.close()
    assert not multiprocessing.active_children()
