"""Which patient, animal or video a photo belongs to: a column of the list that it stands in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from igcli.errors import UsageError
from igcli.evaluation.exclusions import counted
from igcli.evaluation.statistics import FEW_CLUSTERS
from igcli.images.source import shown
from igcli.jobs.item import Input


def cluster_of(found: Input, column: str) -> str:
    """What the photo's row of a list has in ``column``, in whatever case its name is; empty if nothing."""
    return cluster_in(dict(found.columns), column)


def cluster_in(columns: Mapping[str, str], column: str) -> str:
    """The same of a row as records have it."""
    own = (value for name, value in columns.items() if name.casefold() == column.casefold())
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


def lines_of_clusters(
    clusters_of_photos: Iterable[Sequence[str]], by: str, *, what: str = "Intervals"
) -> Iterator[str]:
    """Sentences on what the intervals are over, with a warning where there are few clusters.

    Parameters
    ----------
    clusters_of_photos
        For each table the clusters of its photos.
    what
        What is over clusters, in the plural.
    """
    found = {(len(set(each)), len(each)) for each in clusters_of_photos}
    for clusters, photos in sorted(found):
        yield (
            f"{what} are over the {counted(clusters, 'cluster')} that the column {by} names, not over the "
            f"{counted(photos, 'photo')}: whole clusters are drawn again."
        )
        if clusters < FEW_CLUSTERS:
            yield f"{counted(clusters, 'cluster')}: intervals over fewer than {FEW_CLUSTERS} are often too narrow."
