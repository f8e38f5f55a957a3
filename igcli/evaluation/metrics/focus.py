"""Focus: of what speaks for a class, how much lies on its photos (Arias-Duart et al. 2021, arXiv 2109.15035, eq. 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.evaluation.maps import MapLike, as_map, flaw
from igcli.evaluation.metrics.area_metric import AreaMetric
from igcli.evaluation.metrics.metric import METRICS, Measured
from igcli.evaluation.mosaics import mosaic_size
from igcli.lazy import np, torch


@METRICS("focus", summary="the share of the map's positive values that lies on the target's quadrants of a mosaic")
@dataclass(frozen=True, kw_only=True)
class Focus(AreaMetric):
    """Σ max(attribution, 0) on the target's quadrants over the same on all; in [0, 1], ½ for a random map.

    Attributions are summed over the channels before their sign is taken.

    Attributes
    ----------
    tile
        The shorter side of a photo in the mosaics, in pixels; 0 for half of the network's input. The authors' photos
        have the whole input's size, and their mosaics twice its sides.
    """

    direction = "higher"
    needs = ("mosaic",)
    with_quartiles = True

    tile: int = 0

    def check(self) -> None:
        """Raise ``UsageError`` for a side below 0."""
        if self.tile < 0:
            raise UsageError(
                f"A mosaic's tile has a side of at least 1 pixel, or 0 for half the input's, not {self.tile}."
            )

    def measure(self, values: MapLike, own: np.ndarray) -> Measured:
        """The share of a mosaic's map on the pixels (H, W) bool that show the target's class."""
        complaint = flaw(values, size=own.shape)
        if complaint:
            return Measured.missing(complaint)
        positive = as_map(values).sum(dim=0).clamp(min=0)
        if not bool(positive.any()):
            return Measured.missing("The map has no positive values to share out among the quadrants.")
        inside = positive[torch.from_numpy(np.array(own, bool))]
        return Measured(float(inside.sum() / positive.sum()))

    def protocol(self, *, size: tuple[int, int], score: str = "softmax") -> str:
        """How the sign is taken."""
        width, height = mosaic_size((size[1], size[0]), self.tile)
        return (
            f"2x2 mosaics at {width}x{height}, two quadrants of the target's class, share of the positive "
            f"attribution (summed over the channels) on them, {score} score"
        )


def quadrant_mask(own: Sequence[bool], *, size: tuple[int, int]) -> np.ndarray:
    """The pixels (H, W) bool of a mosaic's own quadrants; of an odd side the second half is the longer one.

    Parameters
    ----------
    own
        Which of the four quadrants show the target's class, row by row.

    Raises
    ------
    UsageError
        For other than four quadrants, and where all or none show the class.
    """
    if len(own) != 4 or all(own) or not any(own):
        raise UsageError(
            f"Some, not all, of a mosaic's four quadrants show the target's class: {tuple(own)} cannot be."
        )
    rows = (np.arange(size[0]) >= size[0] // 2).astype(int)[:, None]
    columns = (np.arange(size[1]) >= size[1] // 2).astype(int)[None, :]
    return np.asarray(np.array(own, bool)[2 * rows + columns])
