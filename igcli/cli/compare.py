"""``ig compare``: one photo, several classes and methods side by side."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path

from igcli.attribution.wanted import Wanted
from igcli.cli.destination import Destination
from igcli.cli.help import command
from igcli.cli.lowpass_option import check_lowpass, lowpass_of, lowpass_option
from igcli.cli.options import wanted_options
from igcli.cli.session import Request, Session, seen
from igcli.cli.single import single_photo_command, the_photo
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.outputs.comparison import Compared, compare_photo
from igcli.jobs.outputs.maps import Drawing


@command()
@single_photo_command
@wanted_options
@lowpass_option
def compare(
    *, request: Request, wanted: Wanted, destination: Destination, drawing: Drawing, lowpass: LowpassChoice | None
) -> None:
    """Compare one photo's maps for several classes or methods.

    One sheet: a row for each --target, a column for each --method. The record says how alike the maps are: two classes
    that depend on different parts of the photo are probably two objects, two that depend on the same parts probably
    one.

    \b
    Examples:
      ig compare photo.jpg --method gradient --method integrated
      ig compare insect.jpg --target mantis --target cricket
      ig compare cat.jpg --target top-2 --method left-integrated --method right-integrated
    """
    check_lowpass(lowpass, drawing.style)
    with Session(request, output=destination.folder) as run:
        photo = the_photo(run)
        destination.check_photos(run.found)
        job = run.job(wanted, destination.folder, name=destination.name, writes=True)
        drawing.check()
        drawing = replace(drawing, lowpass=lowpass_of(run, job, lowpass, job.plan.wanted.methods))
        compared = compare_photo(job, photo, drawing=drawing)
        run.console.say(compared.record, *_lines(compared))


def _lines(compared: Compared) -> list[str]:
    name = compared.explanations[0].picture.name
    lines = []
    for each in compared.explanations:
        score = f"{each.score.kind} {each.score.at_image:.4g}"
        lines.append("  ".join([*seen(Path(name), asdict(each.target)), score]))
    for like in compared.likenesses:
        of = like.similarity
        lines.append(
            f"{like.of}: {like.pair[0]} | {like.pair[1]}  spearman {of.spearman:.2f}  cosine {of.cosine:.2f}  "
            f"top 5 % in common {100 * of.top_in_common:.0f} %"
        )
        lines.append(f"  {like.reading}")
    return [*lines, f"-> {compared.sheet}"]
