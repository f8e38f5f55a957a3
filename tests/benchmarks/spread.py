"""Many measurements in a few numbers: median, quartiles and 90th percentile."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SHARE = 0.9  # of the photos


def allowed_over(photos: int) -> int:
    """How many of so many photos may be over a limit while the 90th percentile is not."""
    return photos - math.ceil(SHARE * photos)


def ninetieth(values: Sequence[float]) -> float:
    """The smallest value that at least nine tenths of the values do not exceed."""
    return sorted(values)[len(values) - 1 - allowed_over(len(values))]


@dataclass(frozen=True)
class Spread:
    """How measurements are spread over the photos."""

    count: int
    mean: float
    median: float
    lower_quartile: float
    upper_quartile: float
    ninetieth: float
    largest: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """The spread of at least one value."""
        low, middle, high = (float(value) for value in np.percentile(values, (25, 50, 75)))
        return cls(len(values), float(np.mean(values)), middle, low, high, ninetieth(values), max(values))

    @classmethod
    def of_ratios(cls, above: Sequence[float], below: Sequence[float]) -> Spread:
        """The spread of the ratios of two series that were measured photo by photo in turn."""
        return cls.of([a / b for a, b in zip(above, below, strict=True)])

    def with_quartiles(self, form: str = ".2f") -> str:
        """The median, and the quartiles in brackets."""
        return f"{self.median:{form}} [{self.lower_quartile:{form}}, {self.upper_quartile:{form}}]"
