"""Ray, started on this machine: the same photos, the same files, an actor killed on the way."""

import os
from pathlib import Path

import pytest
from engine_toys import load_nothing, photos_in, worker_plan_of, write_and_die_once

from igcli.errors import UsageError, WeightsError
from igcli.jobs.engines.cluster import Cluster, on_cluster
from igcli.jobs.engines.scheduler import Worker

ray = pytest.importorskip("ray", reason="Ray is an extra")

# Older releases of Ray leave files open.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]

COUNT = 100


@pytest.fixture(scope="module", autouse=True)
def running():
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = f"{Path(__file__).parents[2]}{os.pathsep}{before}"  # for the actors: the toys
    ray.init("local", num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)
    yield
    ray.shutdown()
    os.environ["PYTHONPATH"] = before


def sums(outcomes):
    return {o.item.number: done.record["results"][0]["sum"] for o in outcomes for done in o.results}


def names(folder):
    return {path.name for path in folder.iterdir()}


def test_two_actors_write_what_one_process_writes(tmp_path):
    items = photos_in(tmp_path / "in", COUNT)
    alone = list(Worker(worker_plan_of(tmp_path / "one"), "cpu").do(items))
    outcomes = list(on_cluster(worker_plan_of(tmp_path / "two"), Cluster(actors=2), "cpu", iter(items)))
    assert sorted(outcome.item.number for outcome in outcomes) == list(range(COUNT))
    assert sums(outcomes) == pytest.approx(sums(alone), rel=1e-5)
    assert names(tmp_path / "one") == names(tmp_path / "two")


def test_an_actor_that_dies_is_replaced_and_nothing_is_lost_or_done_twice(tmp_path):
    items = photos_in(tmp_path / "in", COUNT)
    shared = worker_plan_of(tmp_path / "out", write=write_and_die_once)
    outcomes = list(on_cluster(shared, Cluster(actors=2), "cpu", iter(items)))
    assert (tmp_path / "out" / "died").exists()
    assert sorted(outcome.item.number for outcome in outcomes) == list(range(COUNT))
    assert not any(outcome.failures for outcome in outcomes)
    assert names(tmp_path / "out") == {f"{n}.{end}" for n in range(COUNT) for end in ("json", "integrated.png")} | {
        "died"
    }


def test_weights_that_cannot_be_loaded_are_said(tmp_path):
    items = photos_in(tmp_path / "in", 3)
    with pytest.raises(WeightsError, match="damaged"):
        list(on_cluster(worker_plan_of(tmp_path / "out", load=load_nothing), Cluster(actors=1), "cpu", iter(items)))


def test_more_actors_than_there_is_room_for_are_refused(tmp_path):
    for cluster, device in ((Cluster(actors=3), "cpu"), (Cluster(cpus=5), "cpu"), (Cluster(), "cuda")):
        with pytest.raises(UsageError, match="too few"):
            list(on_cluster(worker_plan_of(tmp_path / "out"), cluster, device, iter([])))


def test_what_cannot_be_imported_there_is_told_from_a_death(tmp_path, monkeypatch):
    shared = worker_plan_of(tmp_path / "out")
    monkeypatch.setattr("pickle.dumps", lambda _: b"cnowhere\nnothing\n.")
    with pytest.raises(RuntimeError, match="No module named 'nowhere'"):
        list(on_cluster(shared, Cluster(actors=1), "cpu", iter(photos_in(tmp_path / "in", 2))))
