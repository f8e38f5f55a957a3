"""How far a map's sum is from the rise of the score, and in which unit the gap is counted."""

from __future__ import annotations

from dataclasses import dataclass

#: Score differences below this count as no difference when a gap is put in relation to them.
SMALLEST_RISE = 1e-6

#: A score whose ends differ by less than this share of its range along the path has come back to where it began: its
#: map consists of large contributions that cancel, and a gap is put in relation to the range.
RETURNED = 0.25

#: A gap of a probability within this share of the tolerance is small however little the probability rises: with the
#: tolerance of 0.01 a gap of 0.001, a tenth of a per cent.
OF_PROBABILITY = 0.1


@dataclass(frozen=True)
class Completeness:
    """How far the map's sum is from the score's rise (arXiv 1703.01365, §3, completeness).

    It measures the quadrature, not the quality of the map. ``relative_gap`` is in units of the rise; of the score's
    range along the path where the rise is less than ``RETURNED`` of that; and at least of ``SMALLEST_RISE``.
    ``relative_to`` says which: ``"rise"`` or ``"range"``. ``within_tolerance`` is ``None`` for a method that does not
    promise completeness; a gap of no more than ``floor``, in score units, is within it whatever its unit.
    ``sums_to`` is ``"score"`` for a method whose map sums to the score itself (LRP), and ``"end"`` for one whose map
    sums to the rise from the end of its own path (IG2); both gaps are measured against that then. It is ``"mean rise"``
    for a mean over reference samples, which is complete on average only, and promises no gap.
    """

    gap: float
    relative_gap: float
    within_tolerance: bool | None
    sums_to: str = "rise"
    relative_to: str = "rise"
    floor: float = 0.0

    @classmethod
    def of(
        cls,
        total: float,
        rise: float,
        *,
        tolerance: float | None,
        sums_to: str = "rise",
        span: float = 0.0,
        floor: float = 0.0,
    ) -> Completeness:
        """Compare a map's sum with the score's rise.

        Parameters
        ----------
        tolerance
            ``None`` where nothing is promised.
        span
            The score's range along the path; 0 where it is not known.
        floor
            A gap that is small whatever the rise, in score units; see ``Settings.floor``.
        """
        gap, returned = abs(total - rise), abs(rise) < RETURNED * span
        relative = gap / max(span if returned else abs(rise), SMALLEST_RISE)
        within = None if tolerance is None else relative <= tolerance or gap <= floor
        return cls(gap, relative, within, sums_to, "range" if returned else "rise", floor)

    @property
    def words(self) -> str:
        """What follows a gap in per cent, wherever one is shown; mostly nothing.

        ``" of the score's range"`` where that is its unit; ``", but only 0.0004 of the score"`` where it is over the
        tolerance, but within it by ``floor``.
        """
        unit = OF_RANGE if self.relative_to == "range" else ""
        by_floor = self.within_tolerance and self.relative_gap > self.floor / OF_PROBABILITY > 0
        return f"{unit}, but only {self.gap:.1g} of the score" if by_floor else unit


#: Said of a gap whose unit is the score's range along the path.
OF_RANGE = " of the score's range"
