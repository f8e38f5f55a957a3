"""``ig evaluate``: how good are the maps? Metrics and controls over many photos, as tables and curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import click

from igcli.attribution.batch_size import batch_size_for
from igcli.attribution.budget import Budget
from igcli.attribution.methods.premises import unmet_premises
from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.cli.font_option import font_option
from igcli.cli.gate import Gate, PreparedGate, gate_options
from igcli.cli.help import command
from igcli.cli.measures import Measures, evaluation_plan_of, measures_options, plans_of
from igcli.cli.options import output_option, verify_option, wanted_options
from igcli.cli.progress import Progress, duration
from igcli.cli.protocol_option import without_its_rule
from igcli.cli.session import Request, Session, percent, photo_command
from igcli.cli.spreading import engine_options
from igcli.errors import UsageError
from igcli.evaluation.exclusions import Exclusions
from igcli.evaluation.map_views import notes_of
from igcli.evaluation.metrics.metric import arrow
from igcli.evaluation.mosaics import MosaicPlan
from igcli.jobs.calibration import KEPT, calibration_file, load_cutoffs, save_cutoffs
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.evaluating.calibrating import calibrated, lines_of_calibration
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.evaluated import Evaluated
from igcli.jobs.evaluating.evaluation import Checking, Evaluation
from igcli.jobs.evaluating.measuring import EvaluationPlan, Measurer
from igcli.jobs.evaluating.shares import ShareWork, spread_steps
from igcli.jobs.evaluating.table import Column, lines_of, why_missing, without_numbers
from igcli.jobs.evaluating.writing import NAMES, write_evaluation
from igcli.jobs.item import items_of
from igcli.jobs.outputs.record import new_record
from igcli.jobs.outputs.report import check_free, write_report
from igcli.jobs.plan import Job
from igcli.jobs.runs.ledger import Ledger, refuse_strangers
from igcli.jobs.runs.run import Tally
from igcli.jobs.shared_files import SharedFiles


@command()
@output_option
@wanted_options
@measures_options
@gate_options
@click.option("--report", is_flag=True, help="Add report.html: the table and the curves on one page.")
@click.option("--overwrite", is_flag=True, help="Start again, whatever is in the folder.")
@font_option
@verify_option
@engine_options
@photo_command
def evaluate(
    request: Request,
    *,
    output: Path,
    wanted: Wanted,
    measures: Measures,
    gate: Gate,
    report: bool,
    overwrite: bool,
    verify: bool,
    ray: Cluster | None,
) -> None:
    """Measure how good the maps of each method are.

    Each method and two controls (a random map, the photo's edges) are measured on every photo. The table has means with
    95 % intervals; * marks a method that is better than each of the others by its paired intervals. Maps and numbers
    are kept in the output folder, so that the same command with one more metric computes no gradient again.

    \b
    Examples:
      ig evaluate photos/ -o scores --method integrated --method gradient
      ig evaluate photos/ --metric localisation --boxes annotations/ --method integrated
      ig evaluate photos/ --metric focus --mosaics 50
      ig evaluate labelled.csv --protocol spectral-ig --method integrated
      ig evaluate photos/ --metric insertion --lowpass none,15
      ig evaluate photos/ --model net.toml --calibrate lowpass
      ig evaluate photos/ --metric aopc --maps maps-of-another-tool/
      ig evaluate photos/ --metric aopc --earlier scores-of-last-week --require "low(aopc:integrated) >= 0.2"
      ig evaluate scans.csv --metric aopc --cluster patient
    """
    gate.check()
    with Session(request, output=output) as run:
        wanted = without_its_rule(wanted)
        job = run.job(
            wanted if measures.maps is None else replace(wanted, methods=()), output, spread=True, cluster=ray
        )
        if sum(map(count_classes, job.plan.wanted.targets)) > 1:
            raise UsageError("One class per photo is measured: give one --target.")
        evaluation_plan = replace(evaluation_plan_of(run, job, measures), cluster=gate.cluster)
        evaluation_plan.check()
        prepared = gate.prepared(job, output, evaluation_plan, run)
        plans, excluded = plans_of(request, job, evaluation_plan, measures)
        for line in () if measures.protocol is None else measures.protocol.lines(run.found, job.plan.wanted):
            run.console.note(line)
        shared = SharedFiles.of(job.plan.wanted)
        settings = {name: value for name, value in job.plan.settings.items() if name != "methods"} | shared.settings
        if not overwrite:
            own = (output / name for name in (*NAMES, KEPT, "photos", "maps", "mosaics"))
            refuse_strangers(output, "evaluate", own, what="evaluation")
        if measures.calibrate is not None:
            for path in _kept_in(run, job):
                load_cutoffs(path, job.plan.model)  # what cannot be added to is said before anything is measured
        page = output / "report.html"
        if report:
            check_free(page, overwrite=overwrite)
        ledger = Ledger(output, "evaluate", settings, overwrite=overwrite)
        try:
            if ledger.warning:
                run.console.warn(ledger.warning)
            checking = Checking(fresh=overwrite, verify=verify, shared=shared)
            found = _measure(run, job, evaluation_plan, plans, measures, notes=excluded, checking=checking)
            found = prepared.checked(found, job.plan)
            columns = found.columns
            _write(run, job, found, prepared)
            status = prepared.say(found, run)
            if columns and measures.calibrate is not None:
                _calibrate(run, job, evaluation_plan, columns, measures)
            if report and columns:
                _report(run, job, found, page)
        finally:
            ledger.close()
        run.finish(status=status)


def _calibrate(
    run: Session, job: Job, evaluation_plan: EvaluationPlan, columns: Sequence[Column], measures: Measures
) -> None:
    """Print the curves over the cut-offs, and keep the best ones: in the output folder, and next to the model file."""
    bases = (*evaluation_plan.methods, *evaluation_plan.controls)
    score = job.plan.wanted.settings.score
    found = calibrated(columns, bases, choices=measures.lowpasses, views=evaluation_plan.views, score=score)
    if not found:
        run.fail_whole("No photo has numbers at all cut-offs, so that none was chosen.")
        return
    cutoffs, paths = [each.cutoff for each in found], _kept_in(run, job)
    for path in paths:
        save_cutoffs(path, job.plan.model, cutoffs)
    run.console.say(
        new_record(cutoffs=list(map(asdict, cutoffs))), *lines_of_calibration(found), f"-> {', '.join(map(str, paths))}"
    )
    if len(paths) == 1:
        run.console.note(
            f"--lowpass auto reads this next to a model file: 'ig models describe {run.model_name} --save net.toml' "
            "writes one. Calibrate again with --model net.toml and the same -o, which measures nothing twice."
        )


def _kept_in(run: Session, job: Job) -> list[Path]:
    """The files that cut-offs are kept in: one in the output folder, one next to the model file."""
    kept = calibration_file(run.model_name)
    return [job.plan.output / KEPT, *([] if kept is None else [kept])]


def _measure(
    run: Session,
    job: Job,
    evaluation_plan: EvaluationPlan,
    plans: list[MosaicPlan],
    measures: Measures,
    *,
    notes: list[str],
    checking: Checking,
) -> Evaluated:
    """Measure all, and say what could not be measured."""
    items, controls = items_of(run.found), evaluation_plan.measured_controls
    measured = items if evaluation_plan.on_photos() else []
    tally = Tally(total=len(measured) + len(plans), failed=run.failures)
    progress = Progress(run.console, tally, unit="passes")
    places = run.places(job)
    budget = _pass_budget(run, job, evaluation_plan, photos=len(measured)) if places.only_here else None
    measurer = Measurer(job, evaluation_plan, pass_budget=budget, on_points=progress.points)
    evaluation = Evaluation(job, evaluation_plan, measurer, items=measured, plans=plans)
    if places.only_here:
        steps = evaluation.steps(checking)
    else:
        work = ShareWork(evaluation_plan, checking, len(measured), plans, run.batch_size)
        steps = spread_steps(evaluation, places.engine(job, work), measurer, checking)
    for step in steps:
        if step.failure:
            tally.failed += 1
            run.fail(step.name, step.failure)
        elif step.known:
            tally.skipped, tally.total = tally.skipped + 1, tally.total - 1
        else:
            tally.done += 1
        progress.photo()
    columns = [column for column in evaluation.columns if column.photos]
    boxes = Exclusions("box", measurer.refused_boxes)
    notes = [
        *notes,
        *notes_of(evaluation_plan.views),
        *why_missing(columns),
        *([boxes.summary()] if len(boxes) else []),
    ]
    return Evaluated(
        columns,
        controls,
        measurer.effort,
        counts={"measured": tally.done, "known": tally.skipped, "failed": tally.failed},
        premises=unmet_premises(job.model, evaluation_plan.methods),
        notes=notes,
        protocol=None if measures.protocol is None else measures.protocol.record(run.found, job.plan.wanted),
    )


def _write(run: Session, job: Job, found: Evaluated, prepared: PreparedGate) -> None:
    """Write and print the numbers, unless there is no photo with any."""
    columns, counts = found.columns, found.counts
    if not columns:
        return
    paths = [*write_evaluation(job.plan, found), *prepared.write(found, job.plan)]
    run.console.say(
        {column.name: column.record for column in columns},
        *lines_of(columns, found.controls, found.premises),
        *(f"{column.name} {arrow(column.metric.direction)}: {column.protocol}" for column in columns),
        f"-> {', '.join(map(str, paths))}",
    )
    for note in found.notes:
        run.console.note(note)
    for sentence in without_numbers(columns, found.controls):
        run.fail_whole(sentence)
    run.console.note(_effort_line(found.effort))
    run.console.note(f"{counts['measured']} measured, {counts['failed']} failed, {counts['known']} measured already")


def _report(run: Session, job: Job, found: Evaluated, page: Path) -> None:
    title = f"How good are the maps of {job.model.provenance.name}?"
    columns, controls, premises = found.columns, found.controls, found.premises
    write_report(page, job.plan, columns=columns, controls=controls, premises=premises, title=title)
    run.console.note(f"-> {page}")


def _pass_budget(run: Session, job: Job, evaluation_plan: EvaluationPlan, *, photos: int) -> Budget:
    """How many pictures go through the network at once, forward only; measured first if there are many."""
    bases = len(evaluation_plan.methods or ("another tool's",)) + len(evaluation_plan.controls)
    shape = job.model.input_shape
    if run.batch_size is not None or shape is None or len(shape) != 3:
        return Budget.of_passes(job.model, run.batch_size)
    score = job.plan.wanted.settings.score
    passes = evaluation_plan.passes(photos, shape=shape, bases=bases, explained=score)
    budget = Budget.of_passes(job.model, batch_size_for(job.model, gradients=passes, forward_only=True))
    run.console.detail(f"about {passes} forward passes, {budget.size} at once")
    return budget


def _effort_line(effort: Effort) -> str:
    parts = []
    if effort.gradients:
        parts.append(f"{effort.gradients} gradients in {duration(effort.gradient_seconds)}")
    if effort.passes:
        parts.append(f"{effort.passes} forward passes in {duration(effort.pass_seconds)}")
    if effort.bare_seconds:
        share = percent(effort.pass_seconds / effort.bare_seconds, digits=0)
        parts[-1] += f", {share} of what bare passes take ({duration(effort.bare_seconds)})"
    return "; ".join(parts) or "All was measured before."
