"""Which patient, animal or video a photo belongs to: a column of the list that it stands in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from igcli.errors import UsageError
from igcli.evaluation.exclusions import counted
from igcli.evaluation.statistics import FEW_CLUSTERS
from igcli.images.source import shown
from igcli.jobs.evaluating.table import Column
from igcli.jobs.item import Input


def cluster_of(found: Input, column: str) -> str:
    """What the photo's row of a list has in ``column``, in whatever case its name is; empty if nothing."""
    own = (value for name, value in found.columns if name.casefold() == column.casefold())
    return next(own, "").strip()


def check_clusters(inputs: Sequence[Input], column: str) -> None:
    """Raise ``UsageError`` unless every photo has a cluster."""
    without = [found for found in inputs if not cluster_of(found, column)]
    if not without:
        return
    names = dict.fromkeys(name for found in inputs for name, _ in found.columns)
    if column.casefold() not in map(str.casefold, names):
        there = f"it has {', '.join(map(shown, names))} next to path and target" if names else "give one, as a CSV"
        raise UsageError(f"--cluster {column} is a column of the list of photos, which has none of that name: {there}.")
    first, photos = shown(without[0].path), counted(len(without), "photo")
    raise UsageError(
        f"{photos} of {len(inputs)} have nothing in the column {column}, such as {first}: fill it in, or leave them "
        "out of the list."
    )


def lines_of_clusters(columns: Sequence[Column], by: str) -> Iterator[str]:
    """Sentences on what the intervals are over, with a warning where there are few clusters."""
    found = {(len(set(column.clusters)), len(column.photos)) for column in columns}
    for clusters, photos in sorted(found):
        yield (
            f"Intervals and * are over the {counted(clusters, 'cluster')} that the column {by} names, not over the "
            f"{counted(photos, 'photo')}: whole clusters are drawn again."
        )
        if clusters < FEW_CLUSTERS:
            yield f"{counted(clusters, 'cluster')}: intervals over fewer than {FEW_CLUSTERS} are often too narrow."
