"""``ig explain``: overlays, arrays and a record for photos, folders, globs, or paths on stdin."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from igcli.attribution.budget import Budget
from igcli.attribution.explain import Wanted
from igcli.attribution.result import Attribution
from igcli.cli.console import Console
from igcli.cli.options import (
    ModelChoice,
    Streams,
    debug_option,
    fit_option,
    grouped,
    model_options,
    output_option,
    reading_options,
    recursive_option,
    stream_options,
    style_option,
    wanted_options,
)
from igcli.images.finding import Found, Missing, find_images
from igcli.images.options import ReadOptions
from igcli.jobs.drawing import Drawing
from igcli.jobs.explaining import Done, ExplainJob, Failed, explain_files, write_index
from igcli.jobs.record import SCHEMA, to_json
from igcli.models.devices import exact_numbers
from igcli.models.zoo import load_model
from igcli.rendering.scaling import Scale


def _drawing(percentile: float, **rest: Any) -> Drawing:
    return Drawing(scale=Scale(percentile=percentile), **rest)


drawing_options = grouped(
    "drawing",
    _drawing,
    style_option,
    click.option("--percentile", type=click.FloatRange(0, 100, min_open=True), default=99.0, show_default=True,
                 help="Importances above this percentile are shown at full brightness."),
    click.option("--panel", is_flag=True, help="Add a sheet: photo, label, top five, integrated gradients, gradient."),
    click.option("--full-size", is_flag=True, help="Add the map on the original photo, the part not seen dimmed."),
    click.option("--save-arrays", is_flag=True, help="Add the numbers as .npz: attribution, pixels, alphas, scores."),
)  # fmt: skip


@click.command()
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@output_option
@recursive_option
@wanted_options
@drawing_options
@fit_option
@reading_options
@model_options
@stream_options
@debug_option
@click.pass_context
def explain(
    ctx: click.Context,
    /,
    paths: tuple[str, ...],
    *,
    output: Path,
    recursive: bool,
    wanted: Wanted,
    fit: str,
    reading: ReadOptions,
    choice: ModelChoice,
    streams: Streams,
    drawing: Drawing,
) -> None:
    """Show where in each photo the network saw what it names.

    PATH is a photo, a folder, a glob, or - for paths on stdin. Each photo leaves an overlay and a JSON record in the
    output folder; a line says what was seen and how exact the numbers are.

    \b
    Examples:
      ig explain photo.jpg
      ig explain photo.jpg --panel --full-size --save-arrays
      ig explain cat.jpg --target tabby --method integrated --method gradient
      ig explain photos/ --recursive -o maps --json > maps.jsonl
      find . -name '*.jpg' | ig explain -
    """
    with Console(streams) as console, exact_numbers():
        items = find_images(paths, recursive=recursive)
        found = [item for item in items if isinstance(item, Found)]
        missing = [item for item in items if isinstance(item, Missing)]
        for item in missing:
            _report_failure(console, streams, item.argument, item.reason)
        if not found:
            ctx.exit(1)
        model = load_model(
            choice.model, weights=choice.weights, device=choice.device, offline=choice.offline,
            progress=console.draws_bars, warn=console.warn,
        )  # fmt: skip
        job = ExplainJob(model, wanted, drawing, fit, reading, output)
        job.check()
        budget = Budget(choice.batch_size, device=model.device)
        console.detail(f"{model.provenance.name} ({model.provenance.weights}) on {model.device}, {budget.size} at once")
        if model.caveat:
            console.detail(model.caveat)
        outcomes = _run(job, found, budget=budget, console=console, streams=streams)
        if len(items) > 1 or Path(paths[0]).is_dir():
            write_index(output, outcomes)
        failures = len(missing) + sum(isinstance(outcome, Failed) for outcome in outcomes)
        _summarise(console, outcomes, failures=failures)
        ctx.exit(1 if failures else 0)


def _run(
    job: ExplainJob, found: list[Found], *, budget: Budget, console: Console, streams: Streams
) -> list[Done | Failed]:
    steps = job.wanted.settings.steps
    total = None if steps == "auto" else len(found) * int(steps)
    console.start(f"{len(found)} photo{'s' * (len(found) > 1)}", total=total, unit=" gradients")
    outcomes: list[Done | Failed] = []
    for outcome in explain_files(job, found, budget=budget, on_points=console.advance):
        outcomes.append(outcome)
        if isinstance(outcome, Failed):
            _report_failure(console, streams, str(outcome.found.path), outcome.reason)
        elif streams.json:
            console.data(to_json(outcome.record))
        else:
            _print_lines(console, outcome)
        if isinstance(outcome, Done) and outcome.blank:
            console.warn(f"{outcome.found.path.name}: the map is zero everywhere, so there is nothing to see in it.")
    return outcomes


def _report_failure(console: Console, streams: Streams, path: str, reason: str) -> None:
    name = "" if path in reason else f"{path}: "
    console.fail(f"{name}{reason}")
    if streams.json:
        console.data(to_json({"schema": SCHEMA, "image": {"path": path}, "error": reason}))


def _print_lines(console: Console, done: Done) -> None:
    target = done.explanation.target
    for method, file in done.files.items():
        result = done.explanation.results[method]
        parts = [done.found.path.name, f"{target.label} {target.probability:.1%}".replace("%", " %"), method]
        if result.completeness.within_tolerance is not None:
            parts.append(_gap(result))
        console.data("  ".join([*parts, f"-> {file}"]))


def _gap(result: Attribution) -> str:
    gap, settings = result.completeness.relative_gap, result.settings
    shown = f"gap {gap:.1%}".replace("%", " %") if gap < 10 else f"gap {gap:.3g} times the score's rise"
    if result.completeness.within_tolerance:
        return shown
    remedy = f"at the cap of {result.steps} steps" if settings.steps == "auto" else "try --steps auto"
    return f"{shown} (over {settings.tolerance:.2g}: {remedy})"


def _summarise(console: Console, outcomes: list[Done | Failed], *, failures: int) -> None:
    done = len({outcome.found.path for outcome in outcomes if isinstance(outcome, Done)})
    if done + failures > 1:
        console.note(f"{done} explained, {failures} failed")
