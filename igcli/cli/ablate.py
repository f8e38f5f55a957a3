"""``ig ablate``: black out a part of a photo, or of all photos of a folder, and see how the score changes."""

from __future__ import annotations

from dataclasses import replace

import click

from igcli.attribution.wanted import Wanted
from igcli.cli.destination import Destination, picture_destination
from igcli.cli.font_option import font_option
from igcli.cli.grouped import grouped
from igcli.cli.help import command
from igcli.cli.lowpass_option import check_lowpass, lowpass_of, lowpass_option
from igcli.cli.options import wanted_options
from igcli.cli.param_type import TextType
from igcli.cli.parts import Parts, ablate_folder, parts_options
from igcli.cli.path_types import NamedPath
from igcli.cli.session import Request, Session, photo_command
from igcli.cli.single import map_options, the_photo
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.outputs.ablation import Ablated, Ablation, ablate_photo
from igcli.jobs.outputs.maps import Drawing


def _box(text: str) -> tuple[int, int, int, int]:
    try:
        left, top, right, bottom = map(int, text.split(","))
    except ValueError:
        raise ValueError(f"{text!r} is not LEFT,TOP,RIGHT,BOTTOM in whole pixels, as in 60,40,160,120.") from None
    return left, top, right, bottom


ablation_options = grouped(
    "ablation",
    Ablation,
    click.option("--box", type=TextType("L,T,R,B", _box), help="Black out this box, in pixels of what the model sees."),
    click.option("--mask", type=NamedPath(dir_okay=False, exists=True), metavar="FILE",
                 help="Black out where this picture, as large as the photo, is light."),
    click.option("--top", type=click.FloatRange(0, 100, min_open=True), metavar="N",
                 help="Black out the N % of the pixels that the first method holds most important."),
    click.option("--keep", type=click.FloatRange(0, 100, min_open=True), metavar="N",
                 help="Black out all but the N % of the pixels that the first method holds most important."),
)  # fmt: skip


@command()
@photo_command
@font_option
@map_options
@picture_destination
@ablation_options
@parts_options
@wanted_options
@lowpass_option
def ablate(
    *,
    request: Request,
    wanted: Wanted,
    ablation: Ablation,
    parts: Parts,
    destination: Destination,
    drawing: Drawing,
    lowpass: LowpassChoice | None,
) -> None:
    """Black out part of a photo, then score and explain it again.

    A map's bright pixels need not be what the score depends on: black them out and see. The same class is explained
    before and after, on one sheet; the record has both scores. With --keep-boxes the photos of a folder are scored
    without their backgrounds and without their objects: does the network look at the background?

    \b
    Examples:
      ig ablate photo.jpg --box 60,40,160,120
      ig ablate photo.jpg --top 5 --method gradient
      ig ablate photo.jpg --keep 10 --method integrated --method gradient
      ig ablate photos/ --keep-boxes boxes.csv --fill black --fill blur -o parts
    """
    parts.check()
    if parts.keep_boxes is None:
        ablation.check()
        check_lowpass(lowpass, drawing.style)
    with Session(request, output=destination.folder) as run:
        if parts.keep_boxes is not None:
            destination.check_folder()
            ablate_folder(run, wanted, parts, destination.folder)
        photo = the_photo(run)
        destination.check_photos(run.found)
        job = run.job(wanted, destination.folder, name=destination.name, writes=True)
        drawing.check()
        drawing = replace(drawing, lowpass=lowpass_of(run, job, lowpass, job.plan.wanted.methods))
        done = ablate_photo(job, photo, ablation, drawing=drawing)
        run.console.say(done.record, *_lines(done))


def _lines(done: Ablated) -> list[str]:
    before, after = done.before, done.after
    says = after.prediction[0]
    change = f"{before.score.kind} {before.score.at_image:.4g} -> {after.score.at_image:.4g}"
    what = f"{done.what} ({100 * done.share:.1f} % of the pixels)"
    first = f"{before.picture.name}  {before.target.label}  {change}  {what}"
    other = [] if says.index == before.target.index else [f"  now the network says {says.label}"]
    return [first, *other, f"-> {done.sheet}"]
