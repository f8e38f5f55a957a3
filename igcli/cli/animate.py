"""``ig animate``: the interior gradients of each photo as one animation over α."""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from dataclasses import asdict, replace
from typing import Any

import click

from igcli.attribution.wanted import Wanted
from igcli.cli.collection import OutputSpec, collection_options, write_all
from igcli.cli.destination import Destination, destination_options
from igcli.cli.drawing_options import percentile_option, style_options
from igcli.cli.font_option import font_option
from igcli.cli.given_options import refuse_given
from igcli.cli.grouped import grouped
from igcli.cli.help import command
from igcli.cli.options import path_options
from igcli.cli.param_type import TextType
from igcli.cli.session import Request, Session, photo_command, seen, star
from igcli.jobs.outputs.film import FRAMES, Filming, write_animation
from igcli.jobs.outputs.record import Done
from igcli.jobs.pipeline import process
from igcli.jobs.runs.run import RunOptions
from igcli.rendering.animation import ANIMATIONS, Timing
from igcli.rendering.film import NORMALIZATIONS, Look


def _alphas(text: str) -> tuple[float, ...]:
    try:
        alphas = tuple(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        alphas = (math.nan,)
    if not alphas or not all(0 <= alpha <= 1 for alpha in alphas):
        raise ValueError(f"{text!r} is no list of numbers from 0 to 1, such as 0,0.1,0.5,1.")
    return alphas


def _filming(frames: int | None, alphas: tuple[float, ...], **rest: Any) -> Filming:
    if frames is not None and alphas:
        raise click.UsageError("--frames places points evenly, --alphas names them: leave one of them out.")
    timing = Timing(*(rest.pop(name) for name in ("fps", "hold", "loop")))
    sheet = rest.pop("sheet")
    return Filming(Look(**rest), timing, sheet=sheet, alphas=alphas, count=frames or Filming.count)


filming_options = grouped(
    "filming",
    _filming,
    style_options,
    click.option("--side-by-side", is_flag=True, help="Show the photo to the left of each frame."),
    click.option("--frames", type=click.IntRange(2, 1001), metavar="N",
                 help=f"Frames, evenly from α = 0 to 1; {Filming.count}, as in the paper, if not given."),
    click.option("--alphas", type=TextType("A,A,...", _alphas), default=(),
                 help="The points to show, in place of --frames."),
    click.option("--fps", type=click.FloatRange(0.1, 50), default=Timing.fps, show_default=True,
                 help="Frames a second."),
    click.option("--hold", type=click.FloatRange(0, 600), default=Timing.hold, show_default=True,
                 help="Extra seconds for the last frame."),
    click.option("--loop", type=click.IntRange(0, 65535), default=Timing.loop, show_default=True,
                 help="How often it plays; 0 is without end."),
    click.option("--size", type=click.IntRange(1), metavar="PIXELS",
                 help="Width of the picture, up to the photo's own; the network's input if not given."),
    click.option("--normalize", type=click.Choice(list(NORMALIZATIONS)), default=Look.normalize, show_default=True,
                 help="Full brightness by each frame's own range (where) or by that of all frames (how much)."),
    percentile_option,
    click.option("--sheet", is_flag=True,
                 help="Add a sheet: the photo, ten α of the paper (or --alphas), the trend of the mean importance."),
)  # fmt: skip


@command()
@destination_options(list(ANIMATIONS), others=(FRAMES,), what="one photo's animation")
@filming_options
@path_options
@collection_options
@font_option
@photo_command
def animate(
    request: Request, *, destination: Destination, wanted: Wanted, filming: Filming, options: RunOptions
) -> None:
    """Animate the gradients while the photo fades in.

    Each frame is the photo at one α, from the baseline (0) to the photo (1), lit by the size of the gradient there; the
    strip below has α, the score, and both curves. Each photo gets an animation and a record with the numbers.

    \b
    Examples:
      ig animate photo.jpg
      ig animate photo.jpg -o photo.webp --side-by-side --size 448
      ig animate photos/ --sheet --style heat -o animations
      ig animate photo.jpg --format frames --alphas 0,0.02,0.1,0.5,1
    """
    filming = replace(filming, ending=destination.ending)
    if destination.ending == FRAMES:
        refuse_given(("fps", "hold", "loop"), "is for an animation: leave it out, or leave out --format frames.")
    filming.check()
    with Session(request, output=destination.folder) as run:
        destination.check_photos(run.found)
        name = destination.name
        job = run.job(
            filming.wanted(wanted),
            destination.folder,
            name=name,
            spread=name is None,
            cluster=options.cluster,
            writes=True,
        )
        write = functools.partial(write_animation, filming=filming)
        work = functools.partial(process, write=write)
        spec = OutputSpec(work, _lines, "animated", {"filming": asdict(filming)}, kind="interior")
        write_all(run, job, spec, options)
        run.finish()


def _lines(done: Done) -> Iterator[str]:
    frames, alpha_star = done.record["animation"]["frames"], done.record["saturation"]["alpha_star"]
    parts = [*seen(done.found.path, done.record["target"]), f"{frames} frames", star(alpha_star)]
    for file in done.files.values():
        yield "  ".join([*parts, f"-> {file}"])
