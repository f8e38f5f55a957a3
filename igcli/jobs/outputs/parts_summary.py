"""The scores of a folder's photos without background and without object, put together: table, means, a plot."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from igcli.evaluation.exclusions import counted
from igcli.evaluation.parts import REMOVED
from igcli.evaluation.statistics import Estimate, Resampling, estimate
from igcli.jobs.evaluating.clusters import cluster_in, lines_of_clusters
from igcli.jobs.evaluating.table import estimate_entry, estimate_text
from igcli.jobs.files import write_whole
from igcli.jobs.outputs.record import Record, new_record, typed, write_record
from igcli.jobs.plan import Plan
from igcli.rendering.metric_panel import Point
from igcli.rendering.parts_plot import PartsPlot, parts_plot
from igcli.tables import csv_bytes

PARTS_FILES = ("ablation.csv", "ablation.json", "ablation.png")

_COLUMNS = (
    *("path", "target", "score", "fill", "without_background", "without_object"),
    *("says_without_background", "says_without_object", "object_share", "reason"),
)


@dataclass
class PartsTable:
    """The rows of all photos, as plain numbers."""

    rows: list[tuple[object, ...]] = field(default_factory=list)
    photos: list[float] = field(default_factory=list)
    scores: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    same: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    excluded: Counter[str] = field(default_factory=Counter)
    score: str = ""
    cluster: str = ""
    clusters: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, records: Iterable[Record], *, cluster: str = "") -> PartsTable:
        """From the records of the photos; ``cluster`` names the column with each photo's cluster, if there is one."""
        table = cls(cluster=cluster)
        for record in records:
            table._add(record)
        return table

    @property
    def fills(self) -> list[str]:
        """In order."""
        return list(dict.fromkeys(fill for fill, _ in self.scores))

    def _add(self, record: Record) -> None:
        parts, path, label = record["parts"], record["image"]["path"], record["target"]["label"]
        self.score, score = record["score"]["kind"], record["score"]["at_image"]
        if "excluded" in parts:
            self.excluded[parts["excluded"]["reason"]] += 1
            self.rows.append((path, label, score, *[None] * 6, parts["excluded"]["reason"]))
            return
        self.photos.append(score)
        if self.cluster:
            self.clusters.append(cluster_in(record.get("columns", {}), self.cluster))
        for fill, entries in parts["fills"].items():
            own = [entries[f"without_{removed}"] for removed in REMOVED]
            says = [each.get("label") for each in own]
            share = round(parts["object"]["share"], 6)
            self.rows.append((path, label, score, fill, *(each["score"] for each in own), *says, share, ""))
            for removed, each in zip(REMOVED, own, strict=True):
                self.scores.setdefault((fill, removed), []).append(each["score"])
                if "same" in each:
                    self.same.setdefault((fill, removed), []).append(float(each["same"]))

    def estimate(self, values: Sequence[float]) -> Estimate:
        """The mean of one number per photo, its interval over clusters where there are some."""
        return estimate(values, resampling=Resampling.over(self.clusters))

    def means(self) -> dict[str, dict[str, Estimate]]:
        """By fill: of both scores, of how far either lies below the photo's, and of their difference.

        ``same_without_…`` are the shares of photos of which the class is still the most probable one.
        """
        found: dict[str, dict[str, Estimate]] = {}
        for fill in self.fills:
            scores = {removed: self.scores[fill, removed] for removed in REMOVED}
            own = found[fill] = {}
            for removed, values in scores.items():
                own[f"without_{removed}"] = self.estimate(values)
                own[f"drop_without_{removed}"] = self.estimate(
                    [a - b for a, b in zip(self.photos, values, strict=True)]
                )
                if (fill, removed) in self.same:
                    own[f"same_without_{removed}"] = self.estimate(self.same[fill, removed])
            pairs = zip(scores["background"], scores["object"], strict=True)
            own["object_over_background"] = self.estimate([kept - left for kept, left in pairs])
        return found


@dataclass(frozen=True)
class PartsSummary:
    """What was written, and what it says."""

    record: Record
    lines: tuple[str, ...]


def write_parts(plan: Plan, table: PartsTable, *, failed: int, notes: Sequence[str]) -> PartsSummary:
    """Write ``ablation.csv``, ``ablation.json`` and, where a photo has numbers, ``ablation.png``."""
    means, whole = table.means(), table.estimate(table.photos)
    paths = [plan.output / name for name in PARTS_FILES[: 3 if table.photos else 2]]
    write_whole(paths[0], csv_bytes(_COLUMNS, table.rows))
    title = f"{plan.model.provenance.name}: scores of the parts"
    if table.photos:
        plots = [
            PartsPlot(
                fill,
                table.scores[fill, "object"],
                table.scores[fill, "background"],
                _point(means[fill]["without_object"]),
                _point(means[fill]["without_background"]),
            )
            for fill in table.fills
        ]
        write_whole(paths[2], parts_plot(plots, title=title, score=table.score))
    more: Record = {"clusters": table.cluster} if table.cluster else {}
    record = new_record(
        network=plan.model,
        command=typed(),
        settings={**plan.settings, "device": plan.model.device, "batch_size": plan.batch_size},
        photos={"measured": len(table.photos), "excluded": table.excluded.total(), "failed": failed},
        excluded=dict(table.excluded.most_common()),
        score=estimate_entry(whole),
        fills={fill: {name: estimate_entry(each) for name, each in own.items()} for fill, own in means.items()},
        **more,
        notes=list(notes),
    )
    write_record(paths[1], record)
    return PartsSummary(record, tuple(_lines(table, means, whole, paths)))


def _point(found: Estimate) -> Point:
    return Point(found.mean, found.low, found.high, found.count)


def _lines(
    table: PartsTable, means: dict[str, dict[str, Estimate]], whole: Estimate, paths: Sequence[Path]
) -> Iterator[str]:
    if table.photos:
        yield f"mean {table.score} over {counted(len(table.photos), 'photo')}: {estimate_text(whole)} as they are"
    for fill, own in means.items():
        yield (
            f"{fill}: {estimate_text(own['without_background'])} without background, "
            f"{estimate_text(own['without_object'])} without object; apart "
            f"{estimate_text(own['object_over_background'], sign='+')}"
        )
        if "same_without_object" in own:
            kept, left = (100 * own[f"same_without_{removed}"].mean for removed in REMOVED)
            apart = f"{kept:.0f} % without background, {left:.0f} % without object"
            yield f"{fill}: the class is still the most probable one on {apart}"
    if table.cluster and table.photos:
        yield from lines_of_clusters([table.clusters], table.cluster)
    if table.excluded:
        reasons = "; ".join(f"{reason} ({number})" for reason, number in table.excluded.most_common())
        yield f"{counted(table.excluded.total(), 'photo')} without a number: {reasons}"
    yield f"-> {', '.join(map(str, paths))}"
