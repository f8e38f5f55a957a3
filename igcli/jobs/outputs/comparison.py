"""One photo, several classes and methods: one sheet, one record, and how alike the maps are.

Source: arXiv 1611.02639, Fig. 4 (methods) and Fig. 6 (classes).
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation
from igcli.attribution.targets import RankedValue
from igcli.errors import IgError, Occupied, UsageError
from igcli.evaluation.similarity import Similarity, reading_of_classes, reading_of_methods, similarity
from igcli.images.picture import Picture
from igcli.images.source import Found
from igcli.jobs.files import inside, write_whole
from igcli.jobs.item import output_stems
from igcli.jobs.outputs.lowpassed import captions_of, lowpass_entry, lowpassed, shown_as
from igcli.jobs.outputs.maps import Drawing, ends_of
from igcli.jobs.outputs.record import Record, new_record, png, result_entry, write_record
from igcli.jobs.outputs.shared_scale import scale_over
from igcli.jobs.plan import Job, Plan
from igcli.jobs.runs.lock import lock_of_photo
from igcli.jobs.runs.ownership import is_drawn, photo_of
from igcli.rendering.comparison import Comparison, ComparisonRow, draw_comparison
from igcli.rendering.numbers import amount_text, score_ends_text
from igcli.rendering.overlay import draw
from igcli.rendering.styles import style_of

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Likeness:
    """Two maps: of two classes by one method (``of`` is the method), or of one class by two (``of`` is the class)."""

    between: str
    of: str
    pair: tuple[str, str]
    similarity: Similarity
    reading: str


@dataclass(frozen=True)
class Compared:
    """The explanations, how alike their maps are, and what was written."""

    explanations: tuple[Explanation, ...]
    likenesses: tuple[Likeness, ...]
    record: Record
    sheet: str


def read_and_explain(job: Job, picture: Picture) -> tuple[Explanation, ...]:
    """All classes wanted of one picture, in one sweep; the first failure is raised."""
    outcomes = explain(job.model, [picture], job.plan.wanted, budget=job.budget)[0]
    for outcome in outcomes:
        if isinstance(outcome, IgError):
            raise outcome
    return tuple(outcome for outcome in outcomes if isinstance(outcome, Explanation))


def compare_photo(job: Job, found: Found, *, drawing: Drawing) -> Compared:
    """Explain one photo, and write ``<stem>.compare.png`` and ``.json``.

    Raises
    ------
    UsageError
        When there is but one map.
    ImageError, NumericalError, OutputError
        When the photo cannot be read or explained, or the files cannot be written.
    """
    plan = job.present_plan
    picture = job.picture(found)
    explanations = tuple(lowpassed(each, drawing.lowpass) for each in read_and_explain(job, picture))
    image, likenesses = comparison_sheet(job, explanations, drawing=drawing)
    sheet = sheet_path(plan, found, kind="compare")
    sheet_bytes = png(image, plan.model, explanations[0], methods=list(plan.wanted.methods))
    record = new_record(
        picture=picture,
        network=plan.model,
        prediction=[asdict(ranked) for ranked in explanations[0].prediction],
        targets=[entry_of(job, each, drawing) for each in explanations],
        similarities=[asdict(each) for each in likenesses],
        files={"png" if plan.name else "compare.png": sheet.relative_to(plan.output).as_posix()},
    )
    with lock_of_photo(plan.output, sheet.relative_to(plan.output), kind="compare"):  # one run writes both files
        write_whole(sheet, sheet_bytes)
        write_record(sheet.with_suffix(".json"), record)
    return Compared(explanations, likenesses, record, str(sheet))


def comparison_sheet(
    job: Job, explanations: Sequence[Explanation], *, drawing: Drawing
) -> tuple[Image.Image, tuple[Likeness, ...]]:
    """The sheet of one photo's maps, and how alike they are; raises ``UsageError`` when there is but one map."""
    if sum(len(each.results) for each in explanations) < 2:
        raise UsageError("There is one map, so nothing to compare: give a second --target or a second --method.")
    drawing = replace(drawing, scale=scale_over(explanations, drawing.scale, style=drawing.style))
    likenesses = tuple(likenesses_of(explanations))
    return draw_comparison(table_of(job, explanations, likenesses, drawing)), likenesses


def sheet_path(plan: Plan, found: Found, *, kind: str) -> Path:
    """``<stem>.<kind>.png``, or the file that was named.

    Raises
    ------
    Occupied
        A file of this name, or the record's, is there and is no picture or record of igcli's.
    """
    if plan.name is None:
        stem = plan.output / output_stems([found.relative])[0]
        return inside(plan.output, stem.with_name(f"{stem.name}.{kind}.png"))
    sheet = inside(plan.output, plan.output / f"{plan.name}.png")
    for path, ours in ((sheet, is_drawn(sheet)), (sheet.with_suffix(".json"), photo_of(sheet.with_suffix(".json")))):
        if os.path.lexists(path) and not ours:
            raise Occupied(f"{path} is there already, and igcli has not written it: choose another name with -o.")
    return sheet


def likenesses_of(explanations: Sequence[Explanation]) -> list[Likeness]:
    """Every two classes by the same method, and every two methods for the same class."""
    found = []
    for one, two in combinations(explanations, 2):
        pair = (one.target.label, two.target.label)
        for method in one.results:
            alike = similarity(one.results[method].values, two.results[method].values)
            reading = reading_of_classes(alike, *pair)
            found.append(Likeness("classes", method, pair, alike, reading))
    for each in explanations:
        for first, second in combinations(each.results, 2):
            alike = similarity(each.results[first].values, each.results[second].values)
            reading = f"{each.target.label}: {reading_of_methods(alike, first, second)}"
            found.append(Likeness("methods", each.target.label, (first, second), alike, reading))
    return found


def entry_of(job: Job, explanation: Explanation, drawing: Drawing) -> Record:
    """One class's part of the record."""
    device, size = str(job.model.device), job.budget.size
    return {
        "target": asdict(explanation.target),
        "score": asdict(explanation.score),
        "results": [
            {
                **result_entry(result, device=device, batch_size=size, drawing=drawing.entry),
                **lowpass_entry(name, drawing.lowpass),
            }
            for name, result in explanation.results.items()
        ],
    }


def table_of(
    job: Job, explanations: Sequence[Explanation], likenesses: Sequence[Likeness], drawing: Drawing
) -> Comparison:
    """The sheet: one row per class, one column per method, after the photo."""
    methods = list(explanations[0].results)
    rows = []
    for number, each in enumerate(explanations):
        maps = [tile_of(each, method, drawing) for method in methods]
        photo = each.picture.image() if number == 0 else None
        rows.append(ComparisonRow(each.target.label, words_of(each), (photo, *maps)))
    of_classes = [f"{each.of}: {each.reading}" for each in likenesses if each.between == "classes"]
    readings = of_classes or [each.reading for each in likenesses]
    return Comparison(
        title=explanations[0].picture.name,
        columns=("What the model saw", *columns_of(methods, drawing)),
        rows=tuple(rows),
        footer=(
            *footer_of(job, drawing),
            *premises_of(explanations[0]),
            *other_paths_of(explanations[0], usual=job.plan.wanted.settings.path),
            *paths_of_own(explanations),
            *readings[:4],
        ),
        warning=job.model.caveat,
    )


def columns_of(methods: Iterable[str], drawing: Drawing) -> tuple[str, ...]:
    """The headings of the maps."""
    return tuple(shown_as(name, drawing.lowpass, of=name) for name in methods)


def words_of(explanation: Explanation) -> tuple[str, ...]:
    """The lines next to a class's maps."""
    target = explanation.target
    rank = next((n for n, each in enumerate(explanation.prediction, 1) if each.index == target.index), None)
    place = "the top prediction" if rank == 1 else f"prediction number {rank}" if rank else "not in the top 5"
    return (
        f"{amount_text(target.amount, regression=isinstance(target, RankedValue))}: {place}",
        score_ends_text(explanation.score),
    )


def tile_of(explanation: Explanation, method: str, drawing: Drawing) -> Image.Image:
    """One map on its photo."""
    return draw(
        explanation.picture, explanation.results[method], style=drawing.style, scale=drawing.scale.of(method)
    ).image


def other_paths_of(explanation: Explanation, *, usual: str) -> list[str]:
    """Which methods take another path than the ``usual`` one, and the score where it starts."""
    return [
        f"{name}: {result.settings.path_words}, where the score is {result.score.at_baseline:.4g}"
        for name, result in explanation.results.items()
        if result.settings.path != usual
    ]


def premises_of(explanation: Explanation) -> list[str]:
    """What methods rely on and the network does not have."""
    return [f"{name}: {result.premise}" for name, result in explanation.results.items() if result.premise]


def paths_of_own(explanations: Sequence[Explanation]) -> list[str]:
    """Which classes are reached by methods that look for others."""
    return [
        f"{name}, {each.target.label}: {ends_of(result)}"
        for each in explanations
        for name, result in each.results.items()
        if result.path_ends
    ]


def footer_of(job: Job, drawing: Drawing) -> tuple[str, ...]:
    """What the colours mean, and the conditions."""
    settings = job.plan.wanted.settings
    whose = {"photo": "each map on its own scale", "shared": "the maps of a method on one scale"}
    conditions = (
        f"{job.model.provenance.name}, {settings.score} score, {settings.start_words}, {settings.steps} steps; "
        f"{whose.get(drawing.scale.kind, 'all maps on one scale')}, {drawing.scale.describe()}"
    )
    bands = job.plan.reading.drawing(job.classifier.view.channels)
    return (
        style_of(drawing.style).legend,
        conditions,
        *([bands] if bands else []),
        *captions_of(drawing.lowpass),
    )
