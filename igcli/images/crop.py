"""The part of a photo that stands for all of it: a box from a list or a detector, cut out before the model's view."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass

from igcli.errors import ImageError

#: The columns of a list that hold a box: four, or one with the four numbers in it.
CROP_COLUMNS = ("x", "y", "width", "height")
CROP_COLUMN = "box"


@dataclass(frozen=True)
class Crop:
    """A box in an upright photo.

    Attributes
    ----------
    left, top, width, height
        In pixels, or as shares of the photo's sides.
    relative
        Whether they are shares.
    confidence
        The detector's, in [0, 1]; ``None`` for a box that nobody doubts.
    category
        What the detector calls the object; empty if it says nothing.
    """

    left: float
    top: float
    width: float
    height: float
    relative: bool = False
    confidence: float | None = None
    category: str = ""

    def __post_init__(self) -> None:
        numbers = (self.left, self.top, self.width, self.height)
        if not all(map(math.isfinite, numbers)) or self.width <= 0 or self.height <= 0:
            raise ValueError(f"a box of {self.width:g} x {self.height:g} at {self.left:g}, {self.top:g} has no area")

    @classmethod
    def of(cls, left: float, top: float, width: float, height: float) -> Crop:
        """The box of four numbers: shares if none is above 1, since no object is one pixel wide; else pixels."""
        return cls(left, top, width, height, relative=max(left, top, width, height) <= 1)

    def edges(self, size: tuple[int, int]) -> tuple[int, int, int, int]:
        """Left, top, right and bottom in whole pixels of a photo of this (width, height), cut at its edges.

        Raises
        ------
        ImageError
            When the box lies outside the photo.
        """
        across, down = size if self.relative else (1, 1)
        left, top = self.left * across, self.top * down
        right, bottom = left + self.width * across, top + self.height * down
        # a detector's rounding must not add a row of pixels
        whole = (math.floor(left + _SLACK), math.floor(top + _SLACK))
        ends = (math.ceil(right - _SLACK), math.ceil(bottom - _SLACK))
        inside = (max(whole[0], 0), max(whole[1], 0), min(ends[0], size[0]), min(ends[1], size[1]))
        if inside[2] <= inside[0] or inside[3] <= inside[1]:
            box = ", ".join(f"{edge:g}" for edge in (left, top, right, bottom))
            raise ImageError(f"The crop box {box} lies outside the photo, which is {size[0]} x {size[1]} pixels.")
        return inside


_SLACK = 1e-3


def crop_in(cells: Mapping[str, str]) -> Crop | None:
    """The box in a row of a list, by its columns' names in lower case; ``None`` where it has none.

    Raises
    ------
    ValueError
        The end of a sentence, for what is no box.
    """
    if CROP_COLUMN in cells and re.search(r"\d", cells[CROP_COLUMN]):
        texts = re.split(r"[\s,;]+", cells[CROP_COLUMN].strip(" \t[]()"))
    elif all(cells.get(name, "").strip() for name in CROP_COLUMNS):
        texts = [cells[name] for name in CROP_COLUMNS]
    else:
        return None
    try:
        left, top, width, height = map(float, texts)
        return Crop.of(left, top, width, height)
    except ValueError:
        shown = ", ".join(text.strip()[:20] for text in texts[:5])
        raise ValueError(
            f"has no box in {shown!r}; give x, y, width, height, in pixels or as shares up to 1."
        ) from None
