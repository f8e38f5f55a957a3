import threading
import time
from dataclasses import replace

import pytest
import torch
from PIL import Image

from igcli.attribution.budget import Budget
from igcli.attribution.result import Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import NumericalError, Occupied, OutputError
from igcli.images.source import Found
from igcli.jobs.item import items_of
from igcli.jobs.pipeline import group_size, process
from igcli.jobs.plan import Job
from igcli.jobs.pool import PoolSize


@pytest.fixture
def photos(tmp_path):
    paths = [tmp_path / f"{number}.png" for number in range(7)]
    for number, path in enumerate(paths):
        Image.new("RGB", (12, 12), (30 * number, 200, 255 - 30 * number)).save(path)
    return [Found(path, path.relative_to(tmp_path)) for path in paths]


def sums(plan, explained):
    """Something to leave: the name, and the sum of the map."""
    return explained.stem.name, explained.explanation.results["integrated"].total


def job_of(model, **more):
    return Job.of(model, Wanted(settings=Settings(steps=4)), **more)


@pytest.mark.parametrize("workers", [PoolSize(0), PoolSize(1), PoolSize(3), PoolSize(1, processes=True)])
def test_outcomes_come_in_order_and_are_the_same_whoever_reads_and_draws(small, photos, workers):
    alone = [process(job_of(small), items_of([found]), sums) for found in photos]
    expected = [outcome.results[0][1] for outcomes in alone for outcome in outcomes]
    outcomes = list(process(job_of(small), items_of(photos), sums, pool_size=workers))
    assert [outcome.results[0][0] for outcome in outcomes] == [str(number) for number in range(7)]
    assert [outcome.results[0][1] for outcome in outcomes] == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("workers", [PoolSize(0), PoolSize(2)])
def test_a_photo_that_cannot_be_read_fails_alone(small, photos, workers):
    photos[2].path.write_bytes(b"")
    photos[4].path.unlink()  # gone since it was listed
    outcomes = list(process(job_of(small), items_of(photos), sums, pool_size=workers))
    assert [len(outcome.results) for outcome in outcomes] == [1, 1, 0, 1, 0, 1, 1]
    assert "zero bytes" in outcomes[2].failures[0]
    assert "does not exist" in outcomes[4].failures[0]


def test_a_photo_at_which_the_network_raises_fails_alone(small, photos):
    def particular(_, inputs):
        if (inputs[0].amax(dim=(1, 2, 3)) == 1).any():  # the first of the photos has all of blue
            raise ValueError("too blue\nat line 3")

    small.mean, small.std = (0.0,) * 3, (1.0,) * 3
    small.network.register_forward_pre_hook(particular)
    outcomes = list(process(job_of(small), items_of(photos), sums))
    assert [len(outcome.results) for outcome in outcomes] == [0, 1, 1, 1, 1, 1, 1]
    assert "The network raised ValueError (too blue) when given" in outcomes[0].failures[0]


@pytest.mark.parametrize("workers", [PoolSize(0), PoolSize(1)])
def test_what_is_explained_when_ctrl_c_comes_is_not_lost(small, photos, workers):
    job, gradients = replace(job_of(small), budget=Budget(1)), []  # a group a photo

    def interrupt(count):
        gradients.append(count)
        if len(gradients) == 4 * 3 + 2:
            raise KeyboardInterrupt

    outcomes = process(job, items_of(photos), sums, pool_size=workers, on_points=interrupt)
    assert [next(outcomes).results[0][0] for _ in range(3)] == ["0", "1", "2"]
    with pytest.raises(KeyboardInterrupt):
        next(outcomes)


def test_a_photo_that_cannot_be_drawn_fails_alone_and_a_full_disk_stops_all(small, photos):
    def draw(plan, explained):
        if explained.stem.name == "1":
            raise NumericalError("The map is not finite.")
        if explained.stem.name == "2":
            raise Occupied("2.json is there already.")
        if explained.stem.name == "5":
            raise OutputError("The disk is full.")
        return explained.stem.name

    outcomes = process(job_of(small), items_of(photos), draw, pool_size=PoolSize(1))
    seen = [next(outcomes) for _ in range(5)]
    assert [outcome.results for outcome in seen] == [("0",), (), (), ("3",), ("4",)]
    assert seen[1].failures == ("The map is not finite.",)
    assert [outcome.occupied for outcome in seen] == [False, False, True, False, False]
    with pytest.raises(OutputError, match="disk is full"):
        list(outcomes)


def test_a_photo_of_several_classes_is_one_outcome_with_a_stem_a_class(small, photos):
    job = Job.of(small, Wanted(targets=("class a", "class c"), settings=Settings(steps=2)))
    (outcome,) = process(job, items_of(photos[:1]), sums)
    assert [name for name, _ in outcome.results] == ["0.class_a", "0.class_c"]


def test_a_photo_of_its_own_class_is_explained_for_that_one_and_an_unknown_class_fails_alone(small, photos):
    def label(plan, explained):
        return explained.explanation.target.label

    items = items_of([replace(photos[0], target="class c"), photos[1], replace(photos[2], target="zebra")])
    job = Job.of(small, Wanted(targets=("class a",), settings=Settings(steps=2)))
    outcomes = list(process(job, items, label))
    assert [outcome.results for outcome in outcomes] == [("class c",), ("class a",), ()]
    assert "zebra" in outcomes[2].failures[0]


def test_chunks_are_packed_across_photos(small, photos):
    job = job_of(small, budget=Budget(16))
    assert group_size(job) == 16  # four chunks of 16 points, at 4 points a photo
    assert group_size(replace(job, plan=replace(job.plan, wanted=Wanted(settings=Settings(steps=64))))) == 1
    sizes = []
    handle = small.network.register_forward_pre_hook(
        lambda _, inputs: sizes.append(len(inputs[0])) if inputs[0].requires_grad else None
    )
    outcomes = list(process(job, items_of(photos), sums))
    handle.remove()
    assert sizes == [14, 14]  # 7 photos of 4 points, in as few chunks as 16 allow
    assert sum(outcome.gradients for outcome in outcomes) == pytest.approx(28)


def test_gradients_are_counted_as_they_are_taken_those_of_methods_with_a_path_of_their_own_too(small, photos):
    taken = []
    wanted = Wanted(("integrated", "guided-integrated"), settings=Settings(steps=4))
    outcomes = list(process(Job.of(small, wanted), items_of(photos[:2]), sums, on_points=taken.append))
    assert sum(taken) == 2 * (4 + 4) == round(sum(outcome.gradients for outcome in outcomes))


def test_drawing_overlaps_with_explaining(small, photos):
    """A photo is drawn while the network is at work on a later one: if it waited, this would never end."""
    drawing, explained = threading.Event(), threading.Event()

    def draw(plan, item):
        if item.stem.name == "0":
            drawing.set()
            assert explained.wait(600)
        return item.stem.name

    def watch(_, inputs):
        if inputs[0].requires_grad and drawing.is_set():
            explained.set()

    handle = small.network.register_forward_pre_hook(watch)
    job = replace(job_of(small), budget=Budget(1))  # groups of one photo
    outcomes = [outcome.results[0] for outcome in process(job, items_of(photos), draw, pool_size=PoolSize(1))]
    handle.remove()
    assert outcomes == [str(number) for number in range(7)]


def test_what_waits_to_be_drawn_is_bounded(small, photos):
    """Explaining stops until drawing catches up."""
    begun, release, most = [], threading.Event(), []

    def draw(plan, item):
        assert release.wait(600)
        return item.stem.name

    def watch(_, inputs):
        if inputs[0].requires_grad:
            begun.append(1)

    handle = small.network.register_forward_pre_hook(watch)
    job = replace(job_of(small), budget=Budget(1))
    outcomes = process(job, items_of(photos), draw, pool_size=PoolSize(1))
    thread = threading.Thread(target=lambda: most.extend(outcomes))
    thread.start()
    before = -1
    while len(begun) != before:  # until nothing moves any more
        before = len(begun)
        time.sleep(0.3)
    handle.remove()
    release.set()
    thread.join()
    assert before < 4 * len(photos)
    assert len(most) == len(photos)


def test_the_models_busy_time_is_no_more_than_all_the_time(small, photos):
    began = time.perf_counter()
    outcomes = list(process(job_of(small), items_of(photos), sums))
    assert 0 < sum(outcome.busy for outcome in outcomes) < time.perf_counter() - began


def test_the_network_is_left_as_it_was(small, photos):
    list(process(job_of(small), items_of(photos), sums, pool_size=PoolSize(2)))
    assert all(parameter.grad is None for parameter in small.network.parameters())
    assert torch.is_grad_enabled()
