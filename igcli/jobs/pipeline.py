"""Many photos through one network: reading, explaining and leaving overlap.

While the network works on one group of photos, the next ones are read and decoded in threads, and those explained are
drawn, encoded and written by workers. Every queue is bounded, so that memory does not grow with the number of photos.
The network's own thread waits for a worker if drawing is slower than explaining altogether, else for a moment after
each group, so that little is lost to whoever kills the run during the next.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from igcli.attribution.adaptive.adaptive_path import FIRST_POINTS
from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.errors import IgError, ImageError, NetworkError, NumericalError, Occupied
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.jobs.desk import Desk
from igcli.jobs.item import Explained, Item, Outcome
from igcli.jobs.job import Job
from igcli.jobs.naming import with_target
from igcli.jobs.workers import Workers

T = TypeVar("T")
Leave = Callable[[Desk, Explained], T]

#: So many full chunks make a group: that wastes little of the last one.
_CHUNKS_A_GROUP = 4
#: Groups that are read ahead, and groups that may wait to be drawn.
_AHEAD, _BEHIND = 2, 2
#: The share of a group's time that is waited for its drawings, so that it is done before the next one is begun.
_PATIENCE = 0.03


def process(
    job: Job,
    items: Iterable[Item],
    leave: Leave[T],
    *,
    workers: Workers | None = None,
    on_points: Callable[[int], None] | None = None,
) -> Iterator[Outcome[T]]:
    """Explain photos and ``leave`` each photo and class; outcomes come in the order of the items.

    Parameters
    ----------
    leave
        What to make of one explained photo and class. With workers that are processes it must be picklable.
    workers
        Who reads and leaves; by default nobody but the calling thread.
    on_points
        Told how many gradients were taken, as they are.

    Raises
    ------
    OutputError
        When a file cannot be written; those written before are whole.
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    size = group_size(job)
    source = iter(items)
    with (workers or Workers()).hired() as hands:
        reading: deque[list[tuple[Item, Future[Picture | str]]]] = deque()
        leaving: deque[Future[Outcome[T]]] = deque()
        while True:
            while len(reading) <= _AHEAD * hands.overlapping and (group := list(islice(source, size))):
                reading.append([(item, hands.read(_read, job, item)) for item in group])
            if not reading:
                break
            begun = time.perf_counter()
            try:
                for explained in _explain(job, reading.popleft(), on_points=on_points):
                    leaving.append(hands.leave(_leave_all, explained, leave, job.desk, again=_leave_again))
            except KeyboardInterrupt:
                while leaving:  # what is explained is not lost
                    yield hands.result(leaving.popleft())
                raise
            wait(leaving, timeout=_PATIENCE * (time.perf_counter() - begun))
            while leaving and (leaving[0].done() or len(leaving) > _BEHIND * size * hands.overlapping):
                yield hands.result(leaving.popleft())
        while leaving:
            yield hands.result(leaving.popleft())


def group_size(job: Job) -> int:
    """How many photos share a sweep: enough that the chunks are full."""
    return max(1, round(_CHUNKS_A_GROUP * job.budget.size / max(job.points or FIRST_POINTS, 1)))


def _read(job: Job, item: Item) -> Picture | str:
    try:
        return read_image(item.found, view=job.model.view, fit=job.fit, options=job.reading)
    except ImageError as error:
        return str(error)


def _explain(
    job: Job, group: Sequence[tuple[Item, Future[Picture | str]]], *, on_points: Callable[[int], None] | None
) -> Iterator[Outcome[Explained]]:
    """One sweep for the group; what can be left of each photo, and what cannot."""
    started = time.perf_counter()
    pictures = [future.result() for _, future in group]
    readable = [
        (item, picture) for (item, _), picture in zip(group, pictures, strict=True) if not isinstance(picture, str)
    ]
    taken = 0

    def count(points: int) -> None:
        nonlocal taken
        taken += points
        if on_points is not None:
            on_points(points)

    read = time.perf_counter()
    found = _answers(job, readable, count)
    busy = (time.perf_counter() - read) / max(len(readable), 1)
    timing = {"read": (read - started) / len(group), "explain": busy}
    outcomes = iter(found)
    for (item, _), picture in zip(group, pictures, strict=True):
        if isinstance(picture, str):
            yield Outcome(item, failures=(picture,))
            continue
        own = next(outcomes)
        results = tuple(
            Explained(item, _stem(job, item, each) if len(own) > 1 else item.stem, each, timing)
            for each in own
            if isinstance(each, Explanation)
        )
        failures = tuple(str(each) for each in own if not isinstance(each, Explanation))
        yield Outcome(item, results, failures, taken / len(readable), busy)


def _stem(job: Job, item: Item, explanation: Explanation) -> Path:
    return with_target(item.stem, explanation.target.index, job.model.labels)


def _answers(
    job: Job, pictures: Sequence[tuple[Item, Picture]], on_points: Callable[[int], None]
) -> list[list[Explanation | IgError]]:
    """For each picture, for each class, what the network says; it may raise something at a single one of them."""
    try:
        return explain(
            job.model,
            [picture for _, picture in pictures],
            job.wanted,
            targets=[item.found.target for item, _ in pictures],
            budget=job.budget,
            on_points=on_points,
        )
    except NetworkError as error:
        if len(pictures) == 1:
            return [[error]]
    return [_answers(job, [one], on_points)[0] for one in pictures]


def _leave_all(explained: Outcome[Explained], leave: Leave[T], desk: Desk) -> Outcome[T]:
    """Make something of every class of one photo; what cannot be drawn fails alone."""
    left, failures, occupied = [], list(explained.failures), False
    for each in explained.results:
        try:
            left.append(leave(desk, each))
        except (NumericalError, ImageError, Occupied) as error:
            failures.append(str(error))
            occupied = occupied or isinstance(error, Occupied)
    return Outcome(explained.item, tuple(left), tuple(failures), explained.gradients, explained.busy, occupied)


def _leave_again(explained: Outcome[Explained], leave: Leave[T], desk: Desk) -> Outcome[T]:
    """The same after an attempt that died: what it has written may be replaced."""
    item = replace(explained.item, ours=True)
    results = tuple(replace(each, item=item) for each in explained.results)
    return _leave_all(replace(explained, item=item, results=results), leave, desk)
