"""The pointing game: whether a map's largest value lies on the object (Zhang et al. 2016, arXiv 1608.00507, §4.1)."""

from __future__ import annotations

from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.evaluation.maps import RANKINGS, MapLike, flaw, is_by_value, ranking_in_words
from igcli.evaluation.metrics.area_metric import AreaMetric
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.lazy import np


@METRICS("pointing-game", summary="how often the map's largest value lies on the object, or close to it")
@dataclass(frozen=True, kw_only=True)
class PointingGame(AreaMetric):
    """1 for a hit and 0 for a miss, so that the mean is the published accuracy over photos.

    Attributes
    ----------
    tolerance
        A hit lies at most so many pixels from the object; 15 as in the authors' code. Where several pixels are largest,
        the first one counts, row by row.
    ranked
        Of what the largest is taken: a name in ``RANKINGS``, one that ranks pixels.
    """

    direction = "higher"
    needs = ("mask",)

    tolerance: int = 15
    ranked: str = "signed"

    def check(self) -> None:
        """Raise ``UsageError`` for a tolerance below 0, and for a ranking of single values."""
        if self.tolerance < 0:
            raise UsageError(f"The tolerance is a number of pixels from 0 upwards, not {self.tolerance}.")
        RANKINGS[self.ranked]
        if is_by_value(self.ranked):
            raise UsageError("The pointing game points at a pixel: rank by signed, importance or magnitude.")

    def measure(self, values: MapLike, mask: np.ndarray) -> Measured:
        """Whether the largest value of a map is close enough to a mask (H, W) bool."""
        complaint = flaw(values, size=mask.shape)
        if complaint or not mask.any():
            return Measured.missing(complaint or "The mask is empty: no object is seen.")
        row, column = np.unravel_index(int(RANKINGS[self.ranked](values).argmax()), mask.shape)
        rows, columns = np.nonzero(mask)
        nearest = ((rows - row) ** 2 + (columns - column) ** 2).min()
        return Measured(float(nearest <= self.tolerance**2))

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """With the tolerance."""
        return (
            f"1 where the largest value lies within {self.tolerance} pixels of the object at {size[1]}x{size[0]}, "
            f"else 0; pixels ranked by {ranking_in_words(self.ranked)}; maps of the {score} score"
        )
