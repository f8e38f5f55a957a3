"""What an evaluation has found: the numbers, what was required of them, and what a reader of them must know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from igcli.jobs.evaluating.clusters import lines_of_clusters
from igcli.jobs.evaluating.earlier import Difference, EarlierEvaluation, lines_of_differences
from igcli.jobs.evaluating.effort import Effort
from igcli.jobs.evaluating.requirement import Checked
from igcli.jobs.evaluating.table import Column
from igcli.jobs.outputs.record import Record


@dataclass(frozen=True)
class EarlierComparison:
    """The numbers next to those of an earlier evaluation; ``differences`` are by metric.

    Attributes
    ----------
    changed
        Settings that are others now.
    """

    earlier: EarlierEvaluation
    differences: dict[str, Difference]
    changed: Sequence[str] = ()

    @property
    def record(self) -> Record:
        """What the record says of it."""
        return {
            "path": str(self.earlier.path),
            "changed": list(self.changed),
            "metrics": {name: each.record for name, each in self.differences.items()},
        }

    def lines(self) -> Iterator[str]:
        """The table for the terminal."""
        return lines_of_differences(self.earlier, self.differences, self.changed)


@dataclass(frozen=True)
class Evaluated:
    """The numbers of all photos, and what became of them.

    Attributes
    ----------
    counts
        Photos by what became of them.
    premises
        Method to what it relies on and the network does not have.
    notes
        What a reader of the numbers must know: photos left out, boxes that could not be used.
    protocol
        The published protocol that was chosen, and what was chosen otherwise.
    cluster
        The column that says which cluster a photo is of; empty where intervals are over photos.
    compared
        The differences to an earlier evaluation, if there is one.
    """

    columns: Sequence[Column]
    controls: Sequence[str]
    effort: Effort = field(default_factory=Effort)
    counts: Mapping[str, int] = field(default_factory=dict)
    premises: Mapping[str, str] = field(default_factory=dict)
    notes: Sequence[str] = ()
    protocol: Record | None = None
    cluster: str = ""
    compared: EarlierComparison | None = None
    requirements: Sequence[Checked] = ()

    @property
    def conclusions(self) -> Record:
        """Entries of the record that only some evaluations have: clusters, differences, requirements."""
        return {
            **({"clusters": self.cluster} if self.cluster else {}),
            **({"earlier": self.compared.record} if self.compared else {}),
            **({"requirements": [each.record for each in self.requirements]} if self.requirements else {}),
        }

    def cluster_lines(self) -> Iterator[str]:
        """What the intervals are over, where that is not the photos."""
        if self.cluster:
            own = (column.clusters for column in self.columns)
            yield from lines_of_clusters(own, self.cluster, what="Intervals and *")

    def conclusion_lines(self) -> Iterator[str]:
        """The same for the terminal."""
        yield from self.cluster_lines()
        if self.compared is not None:
            yield from self.compared.lines()
        yield from (each.line for each in self.requirements)
