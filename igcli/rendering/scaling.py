"""From a signed attribution (C, H, W) to a map of brightnesses (H, W).

Two steps: join the channels (:func:`importance_map` or :func:`signed_map`), then divide by a ceiling and clip
(:func:`normalise`). The colours that show the result live in ``colours.py`` and ``styles.py``.

Source: arXiv 1611.02639, eq. 1, for the importance of a pixel; its sheets for clipping at a high percentile.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from igcli.errors import NumericalError, UsageError
from igcli.lazy import np
from igcli.sample import importance

if TYPE_CHECKING:
    from typing import TypeAlias

    from igcli.lazy import torch

    Values: TypeAlias = np.ndarray | torch.Tensor


@dataclass(frozen=True)
class Scale:
    """What counts as full brightness.

    Attributes
    ----------
    percentile
        Full brightness is this percentile of the map's absolute values, in (0, 100]; what lies above is clipped.
    maximum
        A fixed full brightness instead, above 0: the same for several maps, so that they can be compared.
    shared
        By method, the full brightness that all photos share; ``None`` where each has its own. Methods that are not
        named have their own.
    """

    percentile: float = 99.0
    maximum: float | None = None
    shared: Mapping[str, float] | None = None

    def __post_init__(self) -> None:
        if not 0 < self.percentile <= 100:
            raise UsageError(f"The percentile must lie above 0 and up to 100, not {self.percentile:g}.")
        if self.maximum is not None and not 0 < self.maximum < float("inf"):
            raise UsageError(f"A fixed maximum must be a positive number, not {self.maximum:g}.")

    @property
    def kind(self) -> str:
        """``"photo"``, ``"shared"`` or ``"fixed"``."""
        return "fixed" if self.maximum is not None else "photo" if self.shared is None else "shared"

    def of(self, method: str) -> Scale:
        """The scale of one method's maps."""
        maximum = (self.shared or {}).get(method)
        return self if maximum is None else replace(self, maximum=maximum, shared=None)

    def describe(self) -> str:
        """The scale in a few words, for legends: ``"clipped above percentile 99"``."""
        if self.shared:
            return f"clipped above {', '.join(f'{top:.3g} ({method})' for method, top in self.shared.items())}"
        if self.maximum is not None:
            return f"clipped above {self.maximum:.3g}"
        if self.percentile == 100:
            return "scaled to the maximum"
        return f"clipped above percentile {self.percentile:g}"


@dataclass(frozen=True)
class Scaled:
    """A map scaled to lie between -1 and 1, and how it was scaled.

    Attributes
    ----------
    values
        (H, W) float32: in [0, 1] for an importance, in [-1, 1] for a signed map.
    ceiling
        The value of the map that is shown as 1; 0 for a blank map without a fixed maximum.
    blank
        Every value is zero: there is nothing to show.
    """

    values: np.ndarray
    ceiling: float
    blank: bool


def importance_map(values: Values) -> np.ndarray:
    """How much each pixel counts: absolute values summed over the channels (arXiv 1611.02639, eq. 1).

    Parameters
    ----------
    values
        (C, H, W), signed.

    Returns
    -------
    np.ndarray
        (H, W) float64, nowhere negative.

    Raises
    ------
    NumericalError
        If a value is NaN or infinite.
    """
    return np.asarray(importance(_finite(values, dimensions=3).astype(np.float64)))


def signed_map(values: Values) -> np.ndarray:
    """What each pixel adds to the score: the signed sum over the channels.

    Takes, returns and raises what :func:`importance_map` does, except that the result has a sign.
    """
    return np.asarray(_finite(values, dimensions=3).sum(axis=0, dtype=np.float64))


def normalise(map2d: Values, scale: Scale) -> Scaled:
    """Divide by the scale's ceiling and clip.

    A map of zeros stays zeros and is called blank. A map so sparse that its percentile is zero is divided by its
    maximum.

    Parameters
    ----------
    map2d
        (H, W), with or without negative values.

    Raises
    ------
    NumericalError
        If a value is NaN or infinite.
    """
    array = _finite(map2d, dimensions=2).astype(np.float64)
    size = np.abs(array)
    if not size.any():
        return Scaled(np.zeros(array.shape, np.float32), ceiling=scale.maximum or 0.0, blank=True)
    ceiling = scale.maximum or float(np.percentile(size, scale.percentile)) or float(size.max())
    # Clipped before the division: a ceiling near the smallest float would overflow the quotient.
    return Scaled((np.clip(array, -ceiling, ceiling) / ceiling).astype(np.float32), ceiling=ceiling, blank=False)


def _finite(values: Values, *, dimensions: int) -> np.ndarray:
    array = np.asarray(values.detach().cpu() if hasattr(values, "detach") else values)
    if array.ndim != dimensions:
        raise ValueError(f"expected {dimensions} dimensions, got the shape {array.shape}")
    if not np.isfinite(array).all():
        raise NumericalError(
            "The attribution has values that are not finite, so nothing was drawn. "
            "Check the model's weights, or explain the logit instead of the probability."
        )
    return array
