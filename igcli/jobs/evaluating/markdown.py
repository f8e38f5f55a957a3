"""An evaluation in Markdown: for the summary of a job, a merge request or a notebook.

Names of maps, classes and files are the user's: what Markdown or HTML would read as a mark is escaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from igcli.evaluation.metrics.metric import arrow
from igcli.images.source import shown
from igcli.jobs.evaluating.earlier import difference_text, notes_of_differences
from igcli.jobs.evaluating.evaluated import EarlierComparison, Evaluated
from igcli.jobs.evaluating.requirement import Checked
from igcli.jobs.evaluating.table import Column, footnotes, names_in, shown_name
from igcli.jobs.outputs.record import typed
from igcli.jobs.plan import Plan

#: The first line, by which a file of this kind is recognised.
MARK = "<!-- ig evaluate -->"


def markdown_of(plan: Plan, found: Evaluated) -> str:
    """The requirements, the table, the differences, and under what conditions they were found."""
    return "\n".join([MARK, *_lines(plan, found)]) + "\n"


def _lines(plan: Plan, found: Evaluated) -> Iterator[str]:
    origin = plan.model.provenance
    yield f"## How good are the maps of {markdown_text(origin.name)}?\n"
    if found.requirements:
        yield from _table(("required", "found", "photos", ""), map(_verdict, found.requirements))
        yield from (f"\n{markdown_text(each.line)}" for each in found.requirements if each.met is None)
        yield ""
    columns = [f"{column.name} {arrow(column.metric.direction)}" for column in found.columns]
    yield from _table(["", *columns], (_cells(found, name) for name in names_in(found.columns)))
    yield f"\nMeans over {_photos(found.columns)} with 95 % intervals; * is better than every other map by them.\n"
    yield from _compared(found.compared)
    notes = [*footnotes(found.columns, found.premises), *found.notes, *found.cluster_lines()]
    sha256 = f", weights {origin.sha256[:12]}" if origin.sha256 else ""
    notes.append(f"{origin.name}{sha256}, {plan.wanted.settings.score} score: {typed()}")
    yield from (f"- {markdown_text(note)}" for note in notes)


def _verdict(each: Checked) -> list[str]:
    """A requirement's row."""
    number = "–" if each.met is None else each.number
    return [
        markdown_text(each.requirement.text),
        number,
        str(each.photos),
        each.verdict if each.met else f"**{each.verdict}**",
    ]


def _cells(found: Evaluated, name: str) -> list[str]:
    """A map's row."""
    shown_as = shown_name(name, found.controls, found.premises)
    return [markdown_text(text) for text in (shown_as, *(column.cell(name) for column in found.columns))]


def _compared(compared: EarlierComparison | None) -> Iterator[str]:
    if compared is None:
        return
    own = {each.heading: each.estimates for each in compared.differences.values() if not each.reason}
    names = dict.fromkeys(name for estimates in own.values() for name in estimates)
    yield f"### Now less {markdown_text(str(compared.earlier.path))}\n"
    if names:
        cells = (
            [markdown_text(name), *(markdown_text(difference_text(each.get(name))) for each in own.values())]
            for name in names
        )
        yield from _table(("", *own), cells)
        yield ""
    yield from (f"- {markdown_text(note)}" for note in notes_of_differences(compared.differences, compared.changed))
    yield ""


def _photos(columns: Sequence[Column]) -> str:
    counts = sorted({len(column.photos) for column in columns})
    return f"{' or '.join(map(str, counts))} photo{'s' * (counts[-1] != 1)}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(heads)} |"
    yield f"|{' --- |' * len(heads)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)


def markdown_text(text: str) -> str:
    """The text on one line, with a backslash before what Markdown reads as a mark, and ``<``, ``&`` as entities."""
    plain = shown(text).replace("&", "&amp;").replace("<", "&lt;")
    return re.sub(r"([\\`*_{}\[\]#|~@!])", r"\\\1", plain)
