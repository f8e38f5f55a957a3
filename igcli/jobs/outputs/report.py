"""Reports: one HTML page over photos, an evaluation, or both.

A photo's part of a report is kept as a file too, so that a run that was interrupted need not explain it again.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from igcli.attribution.baseline_prediction import BaselinePrediction
from igcli.attribution.baselines import names_references
from igcli.attribution.completeness import Completeness
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import ScoreEnds
from igcli.attribution.targets import RankedClass, RankedValue, TrueClass
from igcli.attribution.wanted import Wanted
from igcli.bounded import open_regular
from igcli.errors import Occupied, OutputError
from igcli.evaluation.metrics.metric import arrow
from igcli.images.lowpass import Lowpass
from igcli.jobs.evaluating.table import Column, footnotes, names_in, shown_name
from igcli.jobs.files import output_error, read_own, write_whole
from igcli.jobs.item import Explained
from igcli.jobs.outputs.film import frame_points
from igcli.jobs.outputs.lowpassed import captions_of, lowpassed
from igcli.jobs.outputs.record import Record, typed, versions
from igcli.jobs.outputs.saturation import even_alphas
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.page.content import (
    Cell,
    Chart,
    CurvePage,
    Detail,
    Encoded,
    FramesPage,
    MapPage,
    Origin,
    PhotoPage,
    ReportPage,
    Series,
    SplitPage,
    Table,
    title_of,
)
from igcli.rendering.page.markup import page_parts
from igcli.rendering.page.photo_page import photo_page
from igcli.rendering.page.style_tables import painted_styles
from igcli.rendering.scaling import Scale

#: Interior gradients of a photo whose methods do not integrate along the path.
_FRAMES = 26

#: What the head of every report says, so that a file of another kind is never replaced.
MARK = b'content="igcli"'


def page_of(_plan: Plan, item: Explained, *, detail: Detail, lowpass: Mapping[str, Lowpass] | None = None) -> PhotoPage:
    """A photo's part of a report, its maps low-passed where ``lowpass`` names the method: nothing is written."""
    lowpass = lowpass or {}
    explanation, name = lowpassed(item.explanation, lowpass), item.found.relative.as_posix()
    return photo_page(explanation, name=name, detail=detail, notes=captions_of(lowpass), truth=item.truth)


def wanted_for_pages(wanted: Wanted) -> Wanted:
    """With interior gradients: at points that the methods visit anyway, or at some of their own if they visit none.

    Without any where a folder is the baseline: there is no one path.
    """
    if names_references(wanted.settings.baseline):
        return wanted
    integrates = any(METHODS[name].integrates for name in wanted.methods) and wanted.settings.steps != 1
    return replace(wanted, interior=frame_points(wanted) if integrates else list(even_alphas(_FRAMES)))


def check_free(path: Path, *, overwrite: bool) -> None:
    """Raise ``Occupied`` if a file that is no report, or a folder, stands where one is to be written."""
    if path.is_dir():
        raise Occupied(f"{path} is a folder: the page needs another name.")
    if overwrite or not path.exists():
        return
    try:
        with open_regular(path) as file:
            ours = MARK in file.read(4096)
    except OSError as error:
        raise output_error(path, error) from error
    if not ours:
        raise Occupied(f"{path} is there already, and is no report of ig: choose another name, or add --overwrite.")


def style_of_page(style: str) -> str:
    """The style that a page shows first where the files are drawn in ``style``: another if it cannot paint that."""
    styles = painted_styles(style)
    return style if style in styles else next(iter(styles))


def gather_report(path: Path, plan: Plan, records: Iterable[Record], *, look: tuple[str, Scale]) -> bool:
    """Write the page of photos that ``ig explain --report`` has written parts of; false if there are none."""
    pages = [load_page(plan.output / record["files"]["page"]) for record in records]
    if pages:
        name = pages[0].name if len(pages) == 1 else f"{len(pages)} photos"
        write_report(path, plan, photos=pages, look=look, title=title_of(name))
    return bool(pages)


def write_report(
    path: Path,
    plan: Plan,
    *,
    photos: Sequence[PhotoPage] = (),
    columns: Sequence[Column] = (),
    controls: Sequence[str] = (),
    premises: Mapping[str, str] | None = None,
    look: tuple[str, Scale] | None = None,
    title: str,
    failures: Sequence[str] = (),
    command: str = "",
) -> None:
    """Write the page, whole.

    Parameters
    ----------
    columns, controls, premises
        Of an evaluation, if there was one.
    look
        The style and scale shown first.
    failures
        Sentences on what could not be shown.
    command
        What made it; the command line if not given.
    """
    style, scale = look or ("lit", Scale())
    page = ReportPage(
        title=title,
        origin=_origin(plan, command or typed()),
        photos=tuple(photos),
        tables=(_table(columns, controls, premises or {}),) if columns else (),
        charts=tuple(_charts(columns)),
        style=style,
        scale=scale,
        failures=tuple(failures),
    )
    write_whole(path, (part.encode("utf-8", "replace") for part in page_parts(page)))


def _origin(plan: Plan, command: str) -> Origin:
    settings = plan.wanted.settings
    said: Mapping[str, object] = {
        "method": list(plan.wanted.methods),
        "score": settings.score,
        "path": settings.path,
        "baseline": settings.start,
        "steps": settings.steps,
        **({} if settings.placed_by is None else {"rule": settings.placed_by}),
        "fit": plan.fit,
        "device": plan.model.device,
    }
    return Origin(plan.model.provenance, said, versions(), command, plan.model.caveat)


def _table(columns: Sequence[Column], controls: Sequence[str], premises: Mapping[str, str]) -> Table:
    """Maps in rows, metrics in columns, the interval under each mean."""
    heads = ("map", *(f"{column.name} {arrow(column.metric.direction)}" for column in columns))
    rows: list[tuple[Cell | str, ...]] = [
        (shown_name(name, controls, premises), *(_cell(column, name) for column in columns))
        for name in names_in(columns)
    ]
    note = " ".join((*footnotes(columns, premises), *(f"{column.name}: {column.protocol}." for column in columns)))
    photos = max(len(column.photos) for column in columns)
    over = " over clusters" if any(column.clusters for column in columns) else ""
    return Table(f"Means over {photos} photos, with bootstrap 95 % intervals{over}", heads, tuple(rows), note)


def _cell(column: Column, name: str) -> Cell:
    found = column.estimates.get(name)
    if found is None or not found.count:
        return Cell("–")
    detail = "" if np.isnan(found.low) else f"{found.low:.3g} to {found.high:.3g}"
    return Cell(f"{found.mean:.3g}", detail, best=column.best == name)


def _charts(columns: Sequence[Column]) -> list[Chart]:
    charts = []
    for column in columns:
        for name, bands in column.bands.items():
            series = tuple(
                Series(each, *(tuple(values.tolist()) for values in (b.fractions, b.mean, b.low, b.high)))
                for each, b in bands.items()
            )
            charts.append(Chart(column.title_of(name), "share of the pixels", "score", series))
    return charts


def page_bytes(page: PhotoPage) -> bytes:
    """The page as JSON; pictures and numbers in base64."""
    return (json.dumps(asdict(page), default=_base64) + "\n").encode()


def load_page(path: Path) -> PhotoPage:
    """What :func:`page_bytes` has made.

    Raises
    ------
    OutputError
        If another version of igcli has written it.
    """
    plain: dict[str, Any] = json.loads(read_own(path))
    try:
        return _page_of(plain)
    except (KeyError, TypeError) as error:
        raise OutputError(
            f"{path} was written by another version of igcli. Add --overwrite to explain again."
        ) from error


def _page_of(plain: dict[str, Any]) -> PhotoPage:
    frames, split = plain["frames"], plain["split"]
    return PhotoPage(
        name=plain["name"],
        photo=Encoded(**_with_data(plain["photo"])),
        top=tuple(map(ranked_of, plain["top"])),
        target=ranked_of(plain["target"]),
        score=score_ends_of(plain["score"]),
        maps=tuple(
            MapPage(**{**_with_data(each), "completeness": Completeness(**each["completeness"])})
            for each in plain["maps"]
        ),
        curve=CurvePage(**_with_tuples(plain["curve"])),
        frames=None if frames is None else FramesPage(**_with_tuples(_with_data(frames))),
        split=None if split is None else SplitPage(**split),
        notes=tuple(plain["notes"]),
        truth=None if plain.get("truth") is None else TrueClass(**plain["truth"]),
    )


def score_ends_of(plain: Mapping[str, Any]) -> ScoreEnds:
    """The score's ends, as records have them."""
    predicted = plain["prediction_at_baseline"]
    return ScoreEnds(**{**plain, "prediction_at_baseline": predicted and BaselinePrediction(**predicted)})


def ranked_of(plain: Mapping[str, Any]) -> RankedClass:
    """A class with its probability, or a regression's value, as records have it."""
    return RankedValue(**plain) if "value" in plain else RankedClass(**plain)


def _base64(data: object) -> str:
    if not isinstance(data, bytes):
        raise TypeError(f"{type(data).__name__} is no part of a page")
    return base64.b64encode(data).decode("ascii")


def _with_data(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {**plain, "data": base64.b64decode(plain["data"])}


def _with_tuples(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()}
