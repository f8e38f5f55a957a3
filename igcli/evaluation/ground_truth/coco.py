"""Boxes in COCO's JSON for instances: ``images``, ``annotations`` and ``categories``.

``bbox`` is [x, y, width, height], measured from the photo's top left corner, which is 0 (cocodataset.org, "Data
format"). Boxes around a crowd are used like any other: what they hold is the object too. A box that is empty, or not of
four numbers, has NaN for its edges, so that it alone is left out, and counted.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

from igcli.evaluation.ground_truth.annotation import Annotated, AnnotationError, Box, named, read_text

LARGEST_FILE = 1_000_000_000
"""Bytes; the instances of all of COCO's training photos take half of it."""

Id = int | str


def read_coco(path: Path) -> tuple[list[Annotated], int]:
    """What the file says about each of its images, and how many annotations belong to none of them.

    Raises
    ------
    AnnotationError
        For a file that is no JSON of this kind; it names the line, or the entry by its position from 0.
    """
    whole = _Entry(_parsed(path), f"{path}")
    boxes: dict[Id, list[Box]] = {image.id("id"): [] for image in whole.entries("images")}
    if len(boxes) < len(whole.entries("images")):
        raise AnnotationError(f"{path}: two of its images have the same id; give each its own.")
    labels = {category.id("id"): category.text("name") for category in whole.entries("categories", needed=False)}
    strays, entries = 0, whole.entries("annotations")
    if entries and not any(entry.edges() for entry in entries):
        raise AnnotationError(f"{entries[0].where} has no 'bbox' of four numbers; give [x, y, width, height].")
    for entry in entries:
        image, box = entry.id("image_id"), entry.box(labels)
        if image in boxes:
            boxes[image].append(box)
        else:
            strays += 1
    images = [
        Annotated(named(image.text("file_name")), tuple(boxes[image.id("id")]), image.size())
        for image in whole.entries("images")
    ]
    return images, strays


def _parsed(path: Path) -> object:
    text = read_text(path, limit=LARGEST_FILE)
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise AnnotationError(f"{path} line {error.lineno} is not JSON ({error.msg}); export the file again.") from None
    except (RecursionError, ValueError) as error:
        raise AnnotationError(f"{path} is no JSON that can be read ({error}); export the file again.") from None


@dataclass(frozen=True)
class _Entry:
    """A value in the file, and where it is; every access says what is wrong with it."""

    value: object
    where: str

    def get(self, key: str) -> object:
        if not isinstance(self.value, dict):
            raise AnnotationError(f"{self.where} is no object in braces; give a file of COCO instances.")
        return self.value.get(key)

    def entries(self, key: str, *, needed: bool = True) -> list[_Entry]:
        value = self.get(key)
        if value is None and not needed:
            return []
        if not isinstance(value, list):
            found = "has no" if value is None else "has no list of"
            raise AnnotationError(f"{self.where} {found} {key!r}; give a file of COCO instances.")
        return [_Entry(each, f"{self.where} {key}[{number}]") for number, each in enumerate(value)]

    def id(self, key: str) -> Id:
        value = self.get(key)
        if not isinstance(value, (int, str)):
            raise AnnotationError(f"{self.where} has no {key!r}; give a number.")
        return value

    def text(self, key: str) -> str:
        value = self.get(key)
        if not isinstance(value, str) or not value.strip():
            raise AnnotationError(f"{self.where} has no {key!r}; give a text.")
        return value

    def size(self) -> tuple[int, int] | None:
        width, height = self.get("width"), self.get("height")
        stated = isinstance(width, int) and isinstance(height, int) and width >= 1 and height >= 1
        return (int(width), int(height)) if stated else None  # type: ignore[call-overload]

    def edges(self) -> tuple[float, ...] | None:
        """The four numbers of the box, if it has them."""
        value = self.get("bbox")
        numbers = [_number(each) for each in value] if isinstance(value, list) else []
        return tuple(numbers) if len(numbers) == 4 and None not in numbers else None  # type: ignore[arg-type]

    def box(self, labels: dict[Id, str]) -> Box:
        left, top, width, height = self.edges() or (math.nan,) * 4
        category = self.get("category_id")
        label = labels.get(category) if isinstance(category, (int, str)) else None
        return Box(left, top, left + width, top + height, label, self.where)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    try:
        return float(value)
    except OverflowError:  # JSON's integers have no end
        return math.inf
