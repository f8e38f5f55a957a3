"""``ig molecule --saturation``: the score of one molecule or many along the path (arXiv 1611.02639, Fig. 13)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from igcli.cli.molecule_session import MoleculeInputs, MoleculeSession
from igcli.cli.saturation import saturation_lines, saturation_words
from igcli.jobs.outputs.record import new_record
from igcli.jobs.outputs.saturation import even_alphas, measure_saturation, write_saturation
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job
from igcli.jobs.runs.lock import lock_of_photo


def plot_saturation(session: MoleculeSession, job: Job, inputs: MoleculeInputs, *, points: int) -> None:
    """Write the plot, the table and the record of all molecules."""
    wanted = replace(job.plan.wanted, methods=(), alphas=even_alphas(points))
    job = replace(job, plan=replace(job.plan, wanted=wanted))
    measured = []
    with lock_of_photo(job.plan.output, Path("saturation"), kind="saturation"):
        for outcome in process(job, session.items(inputs), lambda _plan, item: measure_saturation(job, item)):
            session.done += not outcome.failures
            for each in outcome.results:
                measured.append(each)
                session.console.say(new_record(**each.record), saturation_words(each))
            for reason in outcome.failures:
                session.fail(str(outcome.item.found.path), reason)
        if measured:
            record = write_saturation(job.plan, measured, failed=session.failures, ending=".png", unit="molecule")
            shown = {name: value for name, value in record.items() if name != "inputs"}
            session.console.say(shown, *saturation_lines(record, job.plan.output, unit="molecule"))
