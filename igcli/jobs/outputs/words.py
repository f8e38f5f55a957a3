"""The words of one text and class as files: a picture of them, a fragment of HTML, the record."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from igcli.inputs import TextInput
from igcli.jobs.item import Explained
from igcli.jobs.outputs.record import Done, Outputs, Record, png, record_of, result_entry
from igcli.jobs.outputs.saturation import path_entry
from igcli.jobs.plan import Plan
from igcli.rendering.words import html_fragment, words_image
from igcli.text.scored import ScoredText


@dataclass(frozen=True)
class DoneText(Done):
    """A text and one class, explained; written, or only to be printed."""

    scored: ScoredText | None = None


def score_words(plan: Plan, item: Explained) -> DoneText:
    """The words' numbers and the record; nothing is written."""
    scored = _scored(plan, item)
    found = item.found
    record = record_of(
        plan.model,
        item.explanation,
        _results(plan, item),
        files={},
        timing=item.timing,
        views=_views(plan, item, scored),
        columns=dict(found.columns),
        entry=found if isinstance(found, TextInput) else None,
    )
    return DoneText(found, record, "", {}, scored=scored)


def write_words(plan: Plan, item: Explained) -> DoneText:
    """Write ``<stem>.words.png``, ``<stem>.words.html`` and the record ``<stem>.json``."""
    started, outputs, scored = time.perf_counter(), Outputs(plan, item), _scored(plan, item)
    for suffix in ("words.png", "words.html", "json"):
        outputs.claim(suffix)
    shown: dict[str, Path] = {
        "words": outputs.save("words.png", png(words_image(scored), plan.model, item.explanation)),
        "page": outputs.save("words.html", html_fragment(scored).encode("utf-8", "replace")),
    }
    timing = {"draw": time.perf_counter() - started}
    views, results = _views(plan, item, scored), _results(plan, item)
    done = outputs.save_record("json", results=results, views=views, timing=timing, shown=shown)
    return DoneText(**{**vars(done), "scored": scored})


def _scored(plan: Plan, item: Explained) -> ScoredText:
    return ScoredText.of(item.explanation, next_word=bool(plan.model.preparation.get("next_word")))


def _views(plan: Plan, item: Explained, scored: ScoredText) -> dict[str, Record]:
    return {"text": scored.record, **path_entry(plan, item.explanation)}


def _results(plan: Plan, item: Explained) -> list[Record]:
    device, size, results = plan.model.device, plan.batch_size, item.explanation.results.values()
    return [result_entry(result, device=device, batch_size=size, drawing={}) for result in results]
