"""A folder's photos without their backgrounds and without their objects: a sheet and a record of each, and the means.

This asks of each photo what a map cannot prove: whether the score needs the object, or does with the background. Boxes
say where the object is. Passes are forward only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from igcli.attribution.result import Explanation
from igcli.errors import NumericalError, Occupied
from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.fills import fill_values
from igcli.evaluation.ground_truth.area import Area, GroundTruth
from igcli.evaluation.parts import REMOVED, PartedPhoto, PartScore, check_part_fills, score_parts
from igcli.jobs.item import Explained, Item, Outcome
from igcli.jobs.outputs.record import Done, Outputs, Record, png
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job, Plan
from igcli.lazy import np
from igcli.models.classifier import Classifier
from igcli.rendering.comparison import Comparison, ComparisonRow, draw_comparison


@dataclass(frozen=True)
class Removal:
    """What is removed, and what it becomes.

    Attributes
    ----------
    boxes
        Where the objects are.
    digest
        Another one where ``boxes`` were read from other files.
    fills
        As :mod:`igcli.evaluation.fills` has them.
    """

    boxes: GroundTruth
    digest: str
    fills: tuple[str, ...]

    def check(self, model: Classifier) -> None:
        """Raise ``UsageError`` for a fill that cannot be."""
        check_part_fills(self.fills, model)

    @property
    def settings(self) -> dict[str, Any]:
        """What the results depend on besides the plan."""
        return {"boxes": self.digest, "fills": list(self.fills)}


def ablate_parts(
    job: Job, removal: Removal, items: Iterable[Item], *, on_passes: Callable[[int], None] | None = None
) -> Iterator[Outcome[Done]]:
    """Score and write every photo, in order: ``<stem>.parts.png`` and ``.json``.

    A photo whose object is not known has a record that says why, and no sheet.

    Raises
    ------
    OutputError, OutOfMemory
        As :func:`igcli.jobs.pipeline.process` does.
    """
    together = max(1, job.budget.size // (len(removal.fills) * len(REMOVED)))
    explained = process(job, items, _as_it_is)
    while group := list(islice(explained, together)):
        yield from _group(job, removal, group, on_passes)


def _as_it_is(_plan: Plan, item: Explained) -> Explained:
    return item


def _group(
    job: Job, removal: Removal, group: Sequence[Outcome[Explained]], on_passes: Callable[[int], None] | None
) -> Iterator[Outcome[Done]]:
    """Photos that share their passes."""
    areas: dict[int, Area | Exclusion] = {}
    asked: dict[int, PartedPhoto] = {}
    for outcome in group:
        for item in outcome.results:
            picture, label = item.explanation.picture, item.explanation.target.label
            area = areas[outcome.item.number] = removal.boxes.area(picture, label=label)
            if isinstance(area, Area):
                asked[outcome.item.number] = _parted(job, item.explanation, area)
    seed = job.plan.wanted.settings.seed
    found = score_parts(job.classifier, list(asked.values()), removal.fills, budget=job.budget, seed=seed)
    scores = dict(zip(asked, found, strict=True))
    if on_passes is not None:
        on_passes(sum(map(len, found)))
    for outcome in group:
        number = outcome.item.number
        results, failures = [], list(outcome.failures)
        occupied = False
        for item in outcome.results:
            try:
                results.append(_write(job, item, areas[number], scores.get(number, [])))
            except (NumericalError, Occupied) as error:
                failures.append(str(error))
                occupied = isinstance(error, Occupied)
        yield Outcome(outcome.item, tuple(results), tuple(failures), busy=outcome.busy, occupied=occupied)


def _parted(job: Job, explanation: Explanation, area: Area) -> PartedPhoto:
    return PartedPhoto(explanation.picture.pixels, area.mask, job.score_of(explanation))


def _write(job: Job, item: Explained, area: Area | Exclusion, scores: Sequence[PartScore]) -> Done:
    outputs = Outputs(job.present_plan, item)
    outputs.claim("parts.json")
    if isinstance(area, Exclusion):
        parts: Record = {"excluded": {"reason": area.reason, "sentence": area.sentence}}
        return outputs.save_record("parts.json", views={"parts": parts}, timing={}, shown={})
    if not all(np.isfinite(each.score) for each in scores):
        raise NumericalError("The network's logits are not finite once a part is removed. Check the weights.")
    parts = parts_entry(job, item.explanation, area, scores)
    sheet = png(draw_comparison(_sheet(job, item, area, parts)), job.plan.model, item.explanation)
    shown = {"parts": outputs.save("parts.png", sheet)}
    return outputs.save_record("parts.json", views={"parts": parts}, timing={}, shown=shown)


def parts_entry(job: Job, explanation: Explanation, area: Area, scores: Sequence[PartScore]) -> Record:
    """The section of the record: the object, and by fill what is left without either part."""
    regression = job.classifier.regression

    def entry(each: PartScore) -> Record:
        # Which of several numbers is the largest says nothing.
        said = {"label": job.model.labels[each.predicted], "same": each.predicted == explanation.target.index}
        return {"score": each.score, **({} if regression else said)}

    fills: dict[str, Record] = {}
    for each in scores:
        fills.setdefault(each.fill, {})[f"without_{each.removed}"] = entry(each)
    return {
        "object": {"share": area.covered, "inside": area.inside, "notes": list(area.notes)},
        "fills": fills,
    }


def _sheet(job: Job, item: Explained, area: Area, parts: Record) -> Comparison:
    explanation = item.explanation
    score, target, picture = explanation.score, explanation.target, explanation.picture
    parted, seed = _parted(job, explanation, area), job.plan.wanted.settings.seed
    rows = []
    for number, (fill, entries) in enumerate(parts["fills"].items()):
        photo = picture.image() if number == 0 else None
        filled = fill_values(fill, picture.pixels, model=job.classifier, seed=seed)
        tiles = [replace(picture, pixels=parted.without(removed, filled)).image() for removed in REMOVED]
        lines = [f"{score.kind} {score.at_image:.4g} at the photo"]
        for removed in REMOVED:
            entry = entries[f"without_{removed}"]
            other = "" if entry.get("same", True) else f", says {entry['label']}"
            lines.append(f"{entry['score']:.4g} without {removed}{other}")
        rows.append(ComparisonRow(fill, tuple(lines), (photo, *tiles)))
    return Comparison(
        title=f"{picture.name}: {target.label}",
        columns=("What the model saw", "Without the background", "Without the object"),
        rows=tuple(rows),
        footer=(
            f"The object covers {100 * area.covered:.1f} % of the pixels. {'. '.join(area.notes)}".rstrip(),
            f"{job.model.provenance.name}, {score.kind} score; the names of the rows say what removed pixels became",
        ),
        warning=job.model.caveat,
    )
