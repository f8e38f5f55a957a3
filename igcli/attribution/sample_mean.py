"""What is known of a map that is a mean over paths from several baselines, and in words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class SampleMean:
    """What is known of a mean over paths from several baselines (expected gradients).

    Attributes
    ----------
    baselines, samples
        How many there are, and points on the paths from them.
    sum_error
        The standard error of the numbers' sum, in units of the score.
    map_error
        That of the whole map, relative to its norm.
    """

    baselines: int
    samples: int
    sum_error: float
    map_error: float

    @classmethod
    def of(cls, extras: Mapping[str, float | None], samples: int) -> SampleMean | None:
        """Read off an attribution's extras, with null for NaN; ``None`` where it is no such mean."""
        if "baselines" not in extras:
            return None
        errors = [math.nan if (error := extras.get(name)) is None else error for name in ("sum_error", "map_error")]
        return cls(int(extras["baselines"] or 0), samples, *errors)

    @property
    def words(self) -> str:
        """``"the mean over 12 baselines, 200 samples; standard error of the sum 0.012, of the map 8 %"``."""
        mean = f"the mean over {self.baselines} baselines, {self.samples} samples"
        return f"{mean}; standard error of the sum {self.sum_error:.2g}, of the map {self.map_error:.0%}"
