"""Photos with their classes: a folder with a sub-folder for each class, or a CSV file of paths and targets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from igcli.errors import LabelError
from igcli.evaluation.exclusions import Exclusion, counted
from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.ground_truth.table import rows
from igcli.images.finding import find_images
from igcli.images.source import Found
from igcli.inputs import Missing
from igcli.models.labels import Labels


@dataclass(frozen=True)
class PhotoClasses:
    """Photos by the model's classes.

    Attributes
    ----------
    photos
        Index of a class to its photos, each at least one, in a fixed order.
    excluded
        Classes that the model does not know, or that have too few photos for a mosaic of their own; photos in no
        class.
    """

    photos: Mapping[int, tuple[Path, ...]]
    excluded: tuple[Exclusion, ...] = ()


def read_classes(source: Path, labels: Labels) -> PhotoClasses:
    """List photos and their classes; none is opened.

    Parameters
    ----------
    source
        A folder whose sub-folders are called as the classes (or by their indices), with the photos at any depth
        below; or a CSV file with the columns path and target, its paths relative to its own folder.
    labels
        The model's.

    Raises
    ------
    AnnotationError
        For a source that is neither.
    """
    if source.is_dir():
        named, exclusions = _folders(source)
    elif source.suffix.lower() == ".csv":
        named, exclusions = _table(source), []
    else:
        found = "is neither" if source.exists() else "does not exist"
        raise AnnotationError(
            f"{source} {found}; give a folder with a sub-folder for each class, or a .csv file with path and target."
        )
    photos: dict[int, dict[Path, None]] = {}
    for name, files in named.items():
        target = _find(name, labels)
        if isinstance(target, int):
            photos.setdefault(target, {}).update(dict.fromkeys(files))
        else:
            sentence = f"{source}, {name} ({counted(len(files), 'photo')}): {target}"
            exclusions.append(Exclusion(name, "class not found in the model", sentence))
    exclusions += [_alone(labels[target]) for target, files in photos.items() if len(files) < 2]
    return PhotoClasses({target: tuple(photos[target]) for target in sorted(photos)}, tuple(exclusions))


def _find(name: str, labels: Labels) -> int | LabelError:
    try:
        return labels.find(name)
    except LabelError as error:
        return error


def _folders(source: Path) -> tuple[dict[str, list[Path]], list[Exclusion]]:
    """Photos by the name of their class's folder, and what is in no such folder."""
    named: dict[str, list[Path]] = {}
    exclusions = []
    for folder in sorted(entry for entry in source.iterdir() if entry.is_dir() and not entry.name.startswith(".")):
        found = find_images([str(folder)], recursive=True)
        files = [item.path for item in found if isinstance(item, Found)]
        if files:
            named[folder.name] = files
        reasons = [item.reason for item in found if isinstance(item, Missing)]
        exclusions += [Exclusion(folder.name, "folder without photos", reason) for reason in reasons]
    loose = [item for item in find_images([str(source)]) if isinstance(item, Found)]
    if loose:
        sentence = f"{counted(len(loose), 'photo')} directly in {source}: move each into its class's sub-folder."
        exclusions.append(Exclusion(str(source), "photos in no class's folder", sentence))
    return named, exclusions


def _table(source: Path) -> dict[str, list[Path]]:
    named: dict[str, list[Path]] = {}
    for row in rows(source, ("path", "target")):
        named.setdefault(row.cells["target"], []).append(source.parent / row.cells["path"])
    return named


def _alone(label: str) -> Exclusion:
    sentence = f"{label} has one photo, a mosaic of its own needs two; it is only shown next to other classes."
    return Exclusion(label, "class with one photo", sentence)
