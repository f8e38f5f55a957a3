"""``ig report``: one self-contained HTML page over photos, with sliders and a gallery."""

from __future__ import annotations

import functools
from dataclasses import replace
from pathlib import Path

import click

from igcli.attribution.targets import count_classes
from igcli.attribution.wanted import Wanted
from igcli.cli.choosing import Selection, begin_selection, check_page, finish_selection, selection_options
from igcli.cli.drawing_options import scale_of_run, scale_options, style_options
from igcli.cli.help import command
from igcli.cli.listed_report import report_list
from igcli.cli.lowpass_option import check_lowpass, lowpass_of, lowpass_option
from igcli.cli.options import check_folder, wanted_options
from igcli.cli.path_types import OutputPath
from igcli.cli.progress import Progress
from igcli.cli.session import Request, Session, photo_command
from igcli.cli.spreading import engine_options, in_order
from igcli.images.addresses import path_of
from igcli.jobs.calibration import LowpassChoice
from igcli.jobs.engines.cluster import Cluster
from igcli.jobs.item import items_of
from igcli.jobs.outputs.list_report import Listed
from igcli.jobs.outputs.maps import Drawing
from igcli.jobs.outputs.record import new_record
from igcli.jobs.outputs.report import check_free, page_of, wanted_for_pages, write_report
from igcli.jobs.pipeline import process
from igcli.jobs.runs.run import Tally
from igcli.rendering.page.content import PhotoPage, detail_for, title_of
from igcli.rendering.page.style_tables import check_style
from igcli.rendering.scaling import Scale


def _page(path: Path) -> Path:
    ending = path.suffix.lower()
    return path if ending in (".html", ".htm") and not path.is_dir() else check_folder(path) / "report.html"


@command()
@click.option("-o", "--output", type=OutputPath(), default=Path("report.html"), show_default=True,
              callback=lambda _context, _option, path: _page(path),
              help="The page, its name ending in .html; or the folder for report.html.")  # fmt: skip
@click.option("--title", help="What stands above it; the photo's or folder's name if not given.")
@click.option("--frames", type=click.IntRange(0, 1001), metavar="N",
              help="Interior gradients to keep of each photo; by default fewer the more photos there are.")  # fmt: skip
@click.option("--overwrite", is_flag=True, help="Replace a file that is no report.")
@wanted_options
@style_options
@scale_options
@lowpass_option
@selection_options
@engine_options
@photo_command
def report(
    request: Request,
    *,
    output: Path,
    title: str | None,
    frames: int | None,
    overwrite: bool,
    wanted: Wanted,
    style: str,
    scale: Scale,
    lowpass: LowpassChoice | None,
    selection: Selection,
    ray: Cluster | None,
) -> None:
    """Put photos, maps, animations and curves on one HTML page.

    The page needs no network and no server: sliders move along the path and recolour the maps in the browser. Several
    photos become a gallery that can be searched and sorted; where true classes are known, wrong predictions come first.
    Of a folder that ig text or ig molecule wrote, the page shows the texts or molecules, and nothing is computed.
    A page has at most 2,000 photos, each of --target's classes counted, or 40 MB of texts or molecules.

    \b
    Examples:
      ig report photo.jpg
      ig report photo.jpg --method integrated --method gradient --method left-integrated -o photo.html
      ig report photos/ -r --truth folder --only wrong --subset 200 --title "What went wrong on Monday"
      ig report words/
    """
    if len(request.paths) == 1 and (listed := Listed(Path(request.paths[0]))).kinds:
        report_list(listed, output, request.streams, title=title, overwrite=overwrite)
        return
    check_style(style)
    check_lowpass(lowpass, style)
    with Session(request, output=output.parent) as run:
        check_free(output, overwrite=overwrite)
        begin_selection(run, selection, seed=wanted.settings.seed)
        if selection.only is None:
            check_page(len(run.found) * sum(map(count_classes, wanted.targets)))
        job = run.job(wanted_for_pages(wanted), output.parent, spread=True, cluster=ray)
        finish_selection(run, job, selection, keep=False)
        items = items_of(run.found)
        entries = len(items) * sum(map(count_classes, wanted.targets))
        check_page(entries)
        detail = detail_for(entries)
        detail = detail if frames is None else replace(detail, frames=frames)
        filters = lowpass_of(run, job, lowpass, job.plan.wanted.methods)
        drawing = Drawing(style=style, scale=scale, lowpass=filters)
        scale = scale_of_run(run, job, drawing, overwrite=True)
        write = functools.partial(page_of, detail=detail, lowpass=filters)
        tally = Tally(total=len(items), failed=run.failures)
        progress = Progress(run.console, tally)
        work = functools.partial(process, write=write)
        engine = run.places(job).engine(job, work, on_points=progress.points)
        pages: list[PhotoPage] = []
        failures: list[str] = []
        for outcome in in_order(engine, items):
            tally.gradients += outcome.gradients
            pages += outcome.results
            tally.done += not outcome.failures
            tally.failed += bool(outcome.failures)
            for reason in outcome.failures:
                failures.append(f"{outcome.item.found.path.name}: {reason}")
                run.fail(str(outcome.item.found.path), reason)
            progress.photo()
        if pages:
            name = path_of(request.paths[0]).resolve().name if len(request.paths) == 1 else f"{len(pages)} photos"
            name = pages[0].name if len(pages) == 1 else name
            write_report(
                output,
                job.plan,
                photos=pages,
                look=(style, scale),
                title=title or title_of(name),
                failures=failures,
            )
            size = output.stat().st_size / 1e6
            shown = f"{len(pages)} photo{'s' * (len(pages) > 1)}  -> {output} ({size:.1f} MB)"
            run.console.say(new_record(report=str(output), photos=len(pages), failed=tally.failed), shown)
        run.finish()
