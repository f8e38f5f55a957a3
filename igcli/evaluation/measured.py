"""What a metric says of one map of one photo: a number, or the reason why there is none, and the curves behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from igcli.lazy import np


@dataclass(frozen=True)
class Curve:
    """Values over the share of the pixels that were replaced, or revealed.

    Attributes
    ----------
    fractions
        (N,) ascending, in [0, 1].
    values
        (N,).
    """

    fractions: np.ndarray
    values: np.ndarray

    @property
    def area(self) -> float:
        """The area under the curve by the trapezoidal rule: over [0, 1], the curve's mean."""
        return float((np.diff(self.fractions) * (self.values[1:] + self.values[:-1])).sum() / 2)


@dataclass(frozen=True)
class Measured:
    """One number about one map.

    Attributes
    ----------
    value
        NaN where there is none.
    reason
        Why there is none, as a sentence that can be counted; empty where there is one.
    curves
        What the number was made of, by name, for plots.
    """

    value: float
    reason: str = ""
    curves: Mapping[str, Curve] = field(default_factory=dict)

    @classmethod
    def missing(cls, reason: str) -> Measured:
        """No number, and why."""
        return cls(float("nan"), reason)
