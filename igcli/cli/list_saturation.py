"""``--saturation`` of texts and molecules: the score of one or many along the path (arXiv 1611.02639, Fig. 8, 13)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from igcli.cli.list_session import ListSession
from igcli.cli.saturation import saturation_lines, saturation_words
from igcli.cli.spreading import in_order
from igcli.inputs import Missing, TextInput
from igcli.jobs.outputs.record import new_record
from igcli.jobs.outputs.saturation import even_alphas, measure_curves, write_saturation
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo


def plot_saturation(session: ListSession, job: Job, inputs: Iterable[TextInput | Missing], *, points: int) -> None:
    """Write the plot, the table and the record of all inputs."""
    wanted = replace(job.plan.wanted, methods=(), alphas=even_alphas(points))
    wanted.check(job.model)
    job = replace(job, plan=replace(job.plan, wanted=wanted))
    measured = []
    with lock_of_photo(job.plan.output, Path("saturation"), kind="saturation"):
        for outcome in in_order(session.engine(job, measure_curves), session.items(inputs)):
            session.done += not outcome.failures
            for each in outcome.results:
                measured.append(each)
                session.console.say(new_record(**each.record), saturation_words(each))
            for reason in outcome.failures:
                session.fail(str(outcome.item.found.path), reason)
        if measured:
            record = write_saturation(job.plan, measured, failed=session.failures, ending=".png", unit=session.unit)
            shown = {name: value for name, value in record.items() if name != "inputs"}
            session.console.say(shown, *saturation_lines(record, job.plan.output, unit=session.unit))
