"""Predicting all photos of a collection: what ``--predict-only`` is, and ``--only`` begins with."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from igcli.attribution.batch_size import batch_size_for
from igcli.cli.collection import OutputSpec, complete, facts_of
from igcli.cli.session import Session, seen
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.pipeline import true_class_of
from igcli.jobs.plan import Job
from igcli.jobs.predicting import predict_photos
from igcli.jobs.runs.predictions import KIND, TABLE, PredictionRun
from igcli.jobs.runs.run import RunOptions


@contextmanager
def predicted(session: Session, job: Job, options: RunOptions, *, shows: bool = False) -> Iterator[PredictionRun]:
    """Predict all photos that were found, but for those that earlier runs did, and write the table; the run, open.

    Parameters
    ----------
    shows
        Whether each photo is printed, and where the table lies is said.
    """
    size = session.batch_size or batch_size_for(job.model, gradients=len(session.found), forward_only=True)
    work = functools.partial(predict_photos, batch_size=size)
    spec = OutputSpec(work, _lines if shows else None, "predicted", {}, kind=KIND, unit="photos")
    truth_of = functools.partial(true_class_of, job)
    options = replace(options, choice=session.choice)
    run = PredictionRun(job.plan, session.inputs, options=options, facts=facts_of(session), truth_of=truth_of)
    with run:
        complete(session, job, spec, options, run)
        if shows:
            session.console.note(f"-> {job.plan.output / TABLE}")
        yield run


def _lines(done: Done) -> Iterator[str]:
    yield "  ".join([*seen(done.found.path, done.record["prediction"][0]), *said_of_wrong(done.record)])


def said_of_wrong(record: Record) -> list[str]:
    """The true class, where another one is predicted."""
    truth = record.get("truth", {})
    return [f"wrong: {truth['label']}"] if truth.get("correct") is False else []
