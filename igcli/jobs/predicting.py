"""Predictions of many photos at the speed of forward passes: nothing is differentiated, drawn, or written.

While one batch goes forward the next ones are read in threads; what is held is a few batches.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import asdict
from itertools import islice

from igcli.attribution.budget import Budget
from igcli.attribution.network import recognised_logits
from igcli.attribution.targets import RankedClass, ranking
from igcli.errors import NetworkError, NumericalError
from igcli.images.picture import Picture
from igcli.jobs.item import Item, Outcome
from igcli.jobs.outputs.entries import truth_entry
from igcli.jobs.outputs.record import Done, Record, new_record
from igcli.jobs.pipeline import read_item, true_class_of
from igcli.jobs.plan import Job
from igcli.jobs.pool import Pool, PoolSize
from igcli.sample import Sample

#: Batches that are read ahead.
_AHEAD = 3


def predict_photos(
    job: Job,
    items: Iterable[Item],
    *,
    batch_size: int | None = None,
    pool_size: PoolSize | None = None,
    on_points: Callable[[int], None] | None = None,
) -> Iterator[Outcome[Done]]:
    """The five most probable classes of each photo, as a record that is not written; in the order of the items.

    Parameters
    ----------
    batch_size
        Photos that go forward at once; by default what was measured for the model, or suits its device.
    pool_size
        Of the pool that reads; by default the calling thread does.
    on_points
        Called with the number of photos after every batch.

    Raises
    ------
    OutOfMemory
        When a single photo does not fit into the device's memory.
    """
    budget = Budget.of_passes(job.model, batch_size)
    source = iter(items)
    with closing(Pool(pool_size or PoolSize())) as pool:
        reading: deque[list[tuple[Item, Future[Sample | str]]]] = deque()
        while True:
            while len(reading) <= _AHEAD * pool.overlapping and (group := list(islice(source, budget.size))):
                reading.append([(item, pool.read(read_item, job, item)) for item in group])
            if not reading:
                return
            batch = [(item, future.result()) for item, future in reading.popleft()]
            yield from _predicted(job, batch, budget)
            if on_points is not None:
                on_points(len(batch))


def _predicted(job: Job, batch: Sequence[tuple[Item, Sample | str]], budget: Budget) -> Iterator[Outcome[Done]]:
    started = time.perf_counter()
    samples = [sample for _, sample in batch if not isinstance(sample, str)]
    answers = iter(_answers(job, samples, budget))
    found = [(item, sample, sample if isinstance(sample, str) else next(answers)) for item, sample in batch]
    busy = (time.perf_counter() - started) / len(batch)
    for item, sample, answer in found:
        if isinstance(answer, str) or isinstance(sample, str):
            yield Outcome(item, failures=(str(answer),))
        else:
            record = _record_of(job, item, sample, answer)
            yield Outcome(item, (Done(item.found, record, "", {}),), busy=busy)


def _answers(job: Job, samples: Sequence[Sample], budget: Budget) -> list[tuple[RankedClass, ...] | str]:
    """The ranking of each sample, or a sentence; a network may fail on a single one."""
    if not samples:
        return []
    try:
        model, rows = recognised_logits(job.model, samples, budget=budget)
    except NetworkError as error:
        if len(samples) == 1:
            return [str(error)]
        return [_answers(job, [sample], budget)[0] for sample in samples]
    finite = rows.isfinite().all(dim=1).tolist()
    return [
        ranking(row, model.labels, multi_label=model.multi_label, regression=model.regression)
        if good
        else str(NumericalError("The network's logits are not finite at the photo. Check the weights."))
        for row, good in zip(rows, finite, strict=True)
    ]


def _record_of(job: Job, item: Item, sample: Sample, prediction: Sequence[RankedClass]) -> Record:
    truth, columns = true_class_of(job, item.found), dict(item.found.columns)
    record = new_record(
        picture=sample if isinstance(sample, Picture) else None, prediction=[asdict(each) for each in prediction]
    )
    record |= {} if truth is None else {"truth": truth_entry(truth, prediction[0].index)}
    return record | ({"columns": columns} if columns else {})
