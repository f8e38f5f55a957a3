"""``ig saturation``: how the scores of one photo or hundreds saturate along the path, and the layers with them."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import click

from igcli.attribution.views.layer_choice import find_layers
from igcli.attribution.wanted import Wanted
from igcli.cli.destination import Destination, destination_options
from igcli.cli.font_option import font_option
from igcli.cli.help import command
from igcli.cli.options import path_options
from igcli.cli.param_type import TextType
from igcli.cli.session import Request, Session, percent, photo_command, seen, star
from igcli.cli.spreading import engine_options
from igcli.errors import UsageError
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.outputs.record import Record, new_record
from igcli.jobs.outputs.saturation import PhotoCurves, even_alphas, measure_curves, write_saturation
from igcli.jobs.runs.lock import lock_of_photo
from igcli.rendering.plots import PLOTS


def _layers(text: str) -> tuple[str, ...]:
    """Names and patterns of layers; none for the default ones."""
    names = tuple(part.strip() for part in text.split(",") if part.strip())
    for name in names:
        if Path(name).exists():
            raise ValueError(f"{name!r} is a file, not a layer: write the photos before --layers.")
    return names


layers_option = click.option(
    "--layers", type=TextType("NAMES", _layers), is_flag=False, flag_value=(), is_eager=True,
    help="Add how far layers are from their activations at the photo: names or patterns such as 'inception4*', "
         "separated by commas; alone, at the end, four layers of the network ('ig models show MODEL --layers').",
)  # fmt: skip


@command()
@destination_options(PLOTS, what="the plot")
@click.option("--points", type=click.IntRange(2, 10001), default=101, show_default=True,
              help="Points on the path, evenly from α = 0 to 1.")  # fmt: skip
@layers_option
@path_options
@engine_options
@font_option
@photo_command
def saturation(
    request: Request,
    *,
    destination: Destination,
    wanted: Wanted,
    points: int,
    layers: tuple[str, ...] | None,
    ray: Cluster | None,
) -> None:
    """Plot how the score rises and saturates along the path.

    One plot of all photos: probability, raw output and mean importance over α, with median and quartiles, and where
    each score has made 90 % of its rise (α*). The numbers are written next to it as CSV and JSON.

    \b
    Examples:
      ig saturation photo.jpg
      ig saturation photos/ --recursive -o plots --format svg
      ig saturation photos/ --layers
      ig saturation photo.jpg --layers 'inception4*' --points 51
    """
    with Session(request, output=destination.folder) as run:
        wanted = replace(wanted, alphas=even_alphas(points))
        job = run.job(wanted, destination.folder, name=destination.name, spread=True, cluster=ray, writes=True)
        names = [] if layers is None else find_layers(job.model, layers)
        if layers is not None and not names:
            raise UsageError("This network has no layers to measure: leave --layers out.")
        measured = []
        with lock_of_photo(job.plan.output, Path(job.plan.name or "saturation"), kind="saturation"):
            places = run.places(job, drawers=0)
            for each in run.run(job, functools.partial(measure_curves, layers=names), places):
                measured.append(each)
                run.console.say(new_record(**each.record), saturation_words(each))
            if measured:
                record = write_saturation(job.plan, measured, failed=run.failures, ending=destination.ending)
                shown = {name: value for name, value in record.items() if name != "photos"}
                run.console.say(shown, *saturation_lines(record, job.plan.output))
        run.finish("measured")


def saturation_words(each: PhotoCurves) -> str:
    """One input in a line: its name, the class, the score at both ends, α*."""
    score = f"{each.score.kind} {each.score.at_baseline:.3g} to {each.score.at_image:.3g}"
    return "  ".join([*seen(Path(each.name), each.record["target"]), score, star(each.alpha_star)])


def saturation_lines(record: Record, output: Path, *, unit: str = "photo") -> list[str]:
    """All inputs in a line: how many, where they saturate, and the plots."""
    found, count = record["saturation"], record["count"]
    words = [f"{count} {unit}{'s' * (count > 1)}"]
    if count == 1 and found["alpha_star"]["median"] is not None:
        words.append(star(found["alpha_star"]["median"]))
    elif found["share_before_half"] is not None:
        words.append(f"median {star(found['alpha_star']['median'])}")
        words.append(f"{percent(found['share_before_half'], digits=0)} before 0.5")
    if found["scores_that_do_not_move"]:
        words.append(f"{found['scores_that_do_not_move']} with a score that does not move")
    plots = [str(output / name) for name in record["files"] if not name.endswith((".csv", ".json"))]
    return [f"{', '.join(words)}  -> {', '.join(plots)}"]
