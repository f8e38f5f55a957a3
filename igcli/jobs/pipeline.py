"""Many photos, or entries of a list, through one network: reading, explaining and writing overlap.

While the network works on one group of photos, the next ones are read and decoded in threads, and those explained are
drawn, encoded and written by workers. Every queue is bounded, so that memory does not grow with the number of photos.
The network's own thread waits for a worker if drawing is slower than explaining altogether, else for a moment after
each group, so that little is lost if the run is killed during the next.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from igcli.attribution.adaptive.adaptive_path import FIRST_POINTS
from igcli.attribution.explain import explain, explain_checked
from igcli.attribution.result import Explanation
from igcli.attribution.targets import TrueClass, true_class
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError, ImageError, InputError, NetworkError, NumericalError, Occupied
from igcli.images.source import Found
from igcli.jobs.item import Explained, Input, Item, Outcome, with_target
from igcli.jobs.plan import Job, Plan
from igcli.jobs.pool import Pool, PoolSize
from igcli.models.devices import numbers
from igcli.sample import Sample

T = TypeVar("T")
Writer = Callable[[Plan, Explained], T]

#: So many full chunks make a group: that wastes little of the last one.
_CHUNKS_A_GROUP = 4
#: Groups that are read ahead, and groups that may wait to be drawn.
_AHEAD, _BEHIND = 2, 2
#: The share of a group's time that is waited for its drawings, so that it is done before the next one is begun.
_PATIENCE = 0.03


def process(
    job: Job,
    items: Iterable[Item],
    write: Writer[T],
    *,
    pool_size: PoolSize | None = None,
    on_points: Callable[[int], None] | None = None,
) -> Iterator[Outcome[T]]:
    """Explain photos and ``write`` each photo and class; outcomes come in the order of the items.

    Parameters
    ----------
    write
        Draws and writes one explained photo and class. For a pool of processes it must be picklable.
    pool_size
        Of the pool that reads and writes; by default the calling thread does.
    on_points
        Called with the number of gradients after every pass.

    Raises
    ------
    OutputError
        When a file cannot be written; those written before are whole.
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    size = group_size(job)
    source = iter(items)
    with closing(Pool(pool_size or PoolSize())) as pool:
        reading: deque[list[tuple[Item, Future[Sample | str]]]] = deque()
        writing: deque[Future[Outcome[T]]] = deque()
        while True:
            while len(reading) <= _AHEAD * pool.overlapping and (group := list(islice(source, size))):
                reading.append([(item, pool.read(read_item, job, item)) for item in group])
            if not reading:
                break
            begun = time.perf_counter()
            try:
                for explained in _explain(job, reading.popleft(), on_points=on_points):
                    writing.append(pool.write(_write_classes, explained, write, job.present_plan, retry=_write_again))
            except KeyboardInterrupt:
                while writing:  # what is explained is not lost
                    yield pool.result(writing.popleft())
                raise
            wait(writing, timeout=_PATIENCE * (time.perf_counter() - begun))
            while writing and (writing[0].done() or len(writing) > _BEHIND * size * pool.overlapping):
                yield pool.result(writing.popleft())
        while writing:
            yield pool.result(writing.popleft())


def group_size(job: Job) -> int:
    """How many photos share a sweep: enough that the chunks are full."""
    return max(1, round(_CHUNKS_A_GROUP * job.budget.size / max(job.plan.points or FIRST_POINTS, 1)))


def read_item(job: Job, item: Item) -> Sample | str:
    """The sample of an item, or the sentence that says why it cannot be read."""
    try:
        return job.read(item.found)
    except (ImageError, InputError) as error:
        return str(error)


def _explain(
    job: Job, group: Sequence[tuple[Item, Future[Sample | str]]], *, on_points: Callable[[int], None] | None
) -> Iterator[Outcome[Explained]]:
    """One sweep for the group; the explanations of each photo, and its failures."""
    started = time.perf_counter()
    samples = [future.result() for _, future in group]
    readable = [(item, sample) for (item, _), sample in zip(group, samples, strict=True) if not isinstance(sample, str)]
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
    for (item, _), sample in zip(group, samples, strict=True):
        if isinstance(sample, str):
            yield Outcome(item, failures=(sample,))
            continue
        own = next(outcomes)
        results = tuple(
            Explained(
                item.found,
                _stem(job, item, each) if len(own) > 1 else item.stem,
                item.ours,
                each,
                timing,
                true_class_of(job, item.found),
            )
            for each in own
            if isinstance(each, Explanation)
        )
        failures = tuple(str(each) for each in own if not isinstance(each, Explanation))
        yield Outcome(item, results, failures, taken / len(readable), busy)


def true_class_of(job: Job, found: Input) -> TrueClass | None:
    """What a list or a folder says that a photo shows; ``None`` too for networks without classes to compare with."""
    model, named = job.model, found.truth if isinstance(found, Found) else None
    return None if named is None or model.regression or model.multi_label else true_class(named, model.labels)


def _stem(job: Job, item: Item, explanation: Explanation) -> Path:
    return with_target(item.stem, explanation.target.index, job.model.labels)


def _answers(
    job: Job, samples: Sequence[tuple[Item, Sample]], on_points: Callable[[int], None]
) -> list[list[Explanation | IgError]]:
    """For each sample the explanation or error of each class; a network may fail on a single one."""
    wanted = job.plan.wanted
    targeted = [(sample, _targets_of(item, sample, wanted)) for item, sample in samples]
    try:
        return explain_checked(job.model, targeted, wanted, budget=job.budget, on_points=on_points)
    except NetworkError as error:
        if len(samples) == 1:
            return [[error]]
    return [_answers(job, [one], on_points)[0] for one in samples]


def _targets_of(item: Item, sample: Sample, wanted: Wanted) -> Sequence[str | int]:
    """The class that a list names for this input, or the sample itself has, else those wanted of all."""
    if item.found.target is not None:
        return (item.found.target,)
    return wanted.targets if sample.target is None else (sample.target,)


def _write_classes(explained: Outcome[Explained], write: Writer[T], plan: Plan) -> Outcome[T]:
    """Write every class of one photo; what cannot be drawn fails alone."""
    written, failures, occupied = [], list(explained.failures), False
    for each in explained.results:
        try:
            written.append(write(plan, each))
        except (NumericalError, ImageError, Occupied) as error:
            failures.append(str(error))
            occupied = occupied or isinstance(error, Occupied)
    return Outcome(explained.item, tuple(written), tuple(failures), explained.gradients, explained.busy, occupied)


def _write_again(explained: Outcome[Explained], write: Writer[T], plan: Plan) -> Outcome[T]:
    """As :func:`_write_classes`, after an attempt that died: the files it has written may be replaced."""
    item = replace(explained.item, ours=True)
    results = tuple(replace(each, ours=True) for each in explained.results)
    return _write_classes(replace(explained, item=item, results=results), write, plan)


def precision_error(job: Job, inputs: Iterable[Input]) -> float | None:
    """The relative L2 distance of the first input's map from the same in float32.

    Of the first method and class that are wanted, with the run's own settings; the input is explained twice for it.
    ``None`` where no input can be explained, or the map is zero everywhere.
    """
    for found in inputs:
        try:
            sample = job.read(found)
        except (ImageError, InputError):
            continue  # the run will say so
        with numbers("float32"):
            exact = _explained(job, sample, job.plan.wanted.targets[0] if found.target is None else found.target)
        if exact is None:
            continue
        # The same class, whichever this precision holds to be the most probable one.
        other = _explained(job, sample, exact.target.index)
        return None if other is None else _distance(other, exact)
    return None


def _explained(job: Job, sample: Sample, target: str | int) -> Explanation | None:
    method = (*job.plan.wanted.methods, "integrated")[0]
    wanted = replace(job.plan.wanted, methods=(method,), targets=(target,), interior=None, alphas=())
    outcome = explain(job.model, [sample], wanted, budget=job.budget)[0][0]
    return outcome if isinstance(outcome, Explanation) else None


def _distance(other: Explanation, exact: Explanation) -> float | None:
    ((method, result),) = exact.results.items()
    values = result.values.double()
    norm = float(values.norm())
    return float((other.results[method].values.double() - values).norm()) / norm if norm else None
