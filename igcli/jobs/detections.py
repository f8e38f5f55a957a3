"""Boxes of a detector, by which photos are cut: the JSON that MegaDetector writes, in either of its forms.

The form of https://lila.science/megadetector-output-format has boxes as shares of the photo's sides (left, top, width,
height) in ``images``; that of https://microsoft.github.io/MegaDetector is a list, with edges in pixels.
"""

from __future__ import annotations

import errno
import json
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path, PurePath, PurePosixPath
from typing import Any

from igcli.bounded import read_bounded
from igcli.errors import UsageError
from igcli.images.crop import Crop
from igcli.images.source import Found, shown

#: Bytes of the largest file; a million photos take about as many.
LARGEST = 2**29
#: The least confidence where the file recommends none: what MegaDetector 5 calls typical.
LEAST = 0.2

_Name = tuple[str, ...]


@dataclass(frozen=True)
class _Detected:
    """A photo of the file: its boxes, the most confident first; ``failed`` if the detector could not read it."""

    name: str
    boxes: tuple[Crop, ...]
    failed: bool = False


def read_detections(
    file: Path, photos: Sequence[Found], *, least: float | None = None
) -> tuple[Callable[[Found], Found], list[str]]:
    """What cuts each photo to its most confident box, and sentences on how many photos have one.

    A photo belongs to the entry with which its path ends, and of several to the longest. One that has a box already,
    from a list, keeps it.

    Parameters
    ----------
    least
        The least confidence of a box; by default what the file calls typical, else ``LEAST``.

    Raises
    ------
    UsageError
        For a file that is no detector's, that names none of the photos, or a name that two of the photos end with.
    """
    content = _content(file)
    found, categories = _entries(content, file)
    limit = _recommended(content) if least is None else least
    entries = {_parts(PurePosixPath(each.name)): each for each in _detected(found, categories, limit)}
    owners: dict[_Name, str] = {}
    unnamed, counts = list[Found](), {"cut": 0, "several": 0, "failed": 0}
    crops: dict[str, Crop] = {}
    for photo in photos:
        path = os.path.abspath(photo.path)  # noqa: PTH100 - links are not followed
        name = _entry_of(path, entries)
        if name is None:
            unnamed.append(photo)
            continue
        if owners.setdefault(name, path) != path:
            raise UsageError(
                f"{shown(file)} names {shown(entries[name].name)}, which could be {shown(owners[name])} or "
                f"{shown(path)}: run the detector on the folder above both, or give one of them."
            )
        entry = entries[name]
        counts["cut"] += bool(entry.boxes)
        counts["several"] += len(entry.boxes) > 1
        counts["failed"] += entry.failed
        if entry.boxes:
            crops[path] = entry.boxes[0]
    if photos and len(unnamed) == len(photos):
        example = f", but for example {shown(next(iter(entries.values())).name)}" if entries else ""
        raise UsageError(
            f"{shown(file)} names none of the {len(photos)} photos{example}: give the detector's file for them."
        )

    def cut(photo: Found) -> Found:
        crop = crops.get(os.path.abspath(photo.path))  # noqa: PTH100
        return photo if crop is None or photo.crop is not None else replace(photo, crop=crop)

    return cut, list(_sentences(file, counts, unnamed, total=len(photos), limit=limit))


def _sentences(
    file: Path, counts: dict[str, int], unnamed: Sequence[Found], *, total: int, limit: float
) -> Iterator[str]:
    whole = total - counts["cut"]
    said = f"{counts['cut']} of {total} photos are cut to the box that {shown(file)} has of them"
    yield f"{said} (confidence {limit:g} or more)" + (f"; {whole} have none and are used whole." if whole else ".")
    if counts["several"]:
        yield f"Of several boxes the most confident one is used: {counts['several']} of them."
    if counts["failed"]:
        yield f"{counts['failed']} photo{'s' * (counts['failed'] > 1)} could not be read by the detector."
    if unnamed:
        yield f"Not named in {shown(file)}: {len(unnamed)} of them, such as {shown(unnamed[0].path)}."


def _content(file: Path) -> Any:
    try:
        return json.loads(read_bounded(file, limit=LARGEST))
    except OSError as error:
        remedy = "split it" if error.errno == errno.EFBIG else "check the path and its permissions"
        raise UsageError(f"{shown(file)} cannot be read ({error.strerror}); {remedy}.") from error
    except (ValueError, RecursionError):
        raise UsageError(f"{shown(file)} is no JSON: --crops takes the file that MegaDetector writes.") from None


def _entries(content: Any, file: Path) -> tuple[list[Any], dict[str, str] | None]:
    """The photos of the file, and what categories are called; ``None`` for the form in which they have names."""
    images = content.get("images") if isinstance(content, dict) else content
    if not isinstance(images, list) or not all(isinstance(each, dict) and "file" in each for each in images[:1]):
        raise UsageError(
            f"{shown(file)} is no file of a detector: MegaDetector's has a list 'images' with 'file' and 'detections'."
        )
    named = content.get("detection_categories") if isinstance(content, dict) else None
    if isinstance(content, dict):
        return images, {str(key): str(name) for key, name in named.items()} if isinstance(named, dict) else {}
    return images, None


def _recommended(content: Any) -> float:
    with suppress(KeyError, TypeError, ValueError):
        return float(content["info"]["detector_metadata"]["typical_detection_threshold"])
    return LEAST


def _detected(images: Sequence[Any], categories: dict[str, str] | None, limit: float) -> Iterator[_Detected]:
    for image in images:
        if isinstance(image, dict) and isinstance(image.get("file"), str):
            found = image.get("detections")
            boxes = [box for each in found or () if (box := _box(each, categories)) is not None]
            best = sorted(boxes, key=lambda box: -(box.confidence or 0))
            kept = tuple(box for box in best if (box.confidence or 0) >= limit)
            yield _Detected(image["file"].replace("\\", "/"), kept, failed=not isinstance(found, list))


def _box(detection: Any, categories: dict[str, str] | None) -> Crop | None:
    """A box; ``None`` for what is none, and for a category that the file does not list, as its format says."""
    with suppress(KeyError, TypeError, ValueError, AttributeError):
        first, second, third, fourth = (float(number) for number in detection["bbox"])
        category = str(detection["category"])
        if categories is None:
            confidence = float(detection["confidence"])
            return Crop(first, second, third - first, fourth - second, confidence=confidence, category=category)
        confidence = float(detection["conf"])
        if not categories or category in categories:
            name = categories.get(category, category)
            return Crop(first, second, third, fourth, relative=True, confidence=confidence, category=name)
    return None


def _entry_of(path: str, entries: dict[_Name, _Detected]) -> _Name | None:
    """The longest name in the file with which the path ends."""
    parts = _parts(PurePath(path))
    tails = (parts[start:] for start in range(len(parts)))
    return next((tail for tail in tails if tail in entries), None)


def _parts(path: PurePath) -> _Name:
    """Its components below the root, in one spelling of accents: file systems differ in theirs."""
    return tuple(unicodedata.normalize("NFC", part) for part in path.parts if part not in (path.anchor, ".", ".."))
