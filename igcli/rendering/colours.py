"""Colour tables of 256 colours each: two of our own, computed from a few anchors, and those of matplotlib.

Anchors are joined by straight lines in Oklab, where equal steps look about equally large
(B. Ottosson, "A perceptual color space for image processing", 2020). ``styles.py`` says what the colours mean.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import lru_cache

from igcli.errors import UsageError
from igcli.lazy import np

_Anchors = tuple[tuple[float, tuple[int, int, int]], ...]

_HEAT: _Anchors = (
    (0.00, (6, 6, 16)),
    (0.22, (58, 22, 96)),
    (0.45, (150, 32, 96)),
    (0.66, (226, 82, 48)),
    (0.85, (250, 172, 54)),
    (1.00, (255, 248, 196)),
)
# Zero is entry 128, not 127.5: the one black entry, so that "nothing" is exactly black. The green is much lighter
# than the red, so that the two differ for readers who do not see the hues apart.
_DIVERGING: _Anchors = ((0.0, (232, 36, 62)), (128 / 255, (0, 0, 0)), (1.0, (96, 246, 110)))

#: Colours of a list, such as tab10, have no order: they are fewer, or repeat (flag, prism).
_FEWEST, _MOST_TURNS = 64, 20
#: In Oklab, where black and white are 1 apart: less cannot be seen as a difference of meaning.
_APART = 0.1

_TO_CONES = ((0.4122214708, 0.5363325363, 0.0514459929), (0.2119034982, 0.6806995451, 0.1073969566),
             (0.0883024619, 0.2817188376, 0.6299787005))  # fmt: skip
_TO_OKLAB = ((0.2104542553, 0.7936177850, -0.0040720468), (1.9779984951, -2.4285922050, 0.4505937099),
             (0.0259040371, 0.7827717662, -0.8086757660))  # fmt: skip


@lru_cache(maxsize=1)
def heat_table() -> np.ndarray:
    """From near black through crimson and orange to pale yellow, lighter at every step. (256, 3) uint8, read-only."""
    return _table(_HEAT)


@lru_cache(maxsize=1)
def diverging_table() -> np.ndarray:
    """Red (entry 0) through black (entry 128) to green (entry 255). (256, 3) uint8, read-only."""
    return _table(_DIVERGING)


@lru_cache(maxsize=32)
def matplotlib_table(name: str, *, diverging: bool = False) -> np.ndarray:
    """A colour map of matplotlib. (256, 3) uint8, read-only.

    Parameters
    ----------
    diverging
        The middle must stand out from both ends, as where 0 is between what is for the class and what is against it.

    Raises
    ------
    UsageError
        There is no such map, or its colours do not show more and less, or two directions where these are needed.
    """
    import matplotlib as mpl

    if name not in mpl.colormaps:
        near = get_close_matches(name, mpl.colormaps, n=3)
        hint = f"Did you mean {' or '.join(near)}?" if near else "Try viridis, magma or coolwarm."
        raise UsageError(f"matplotlib has no colour map called {name!r}. {hint}")
    chosen = mpl.colormaps[name]
    table = indices(chosen(np.linspace(0.0, 1.0, 256))[:, :3])
    lab = _to_oklab(table / 255.0)
    first, middle, last = lab[0], lab[127:129].mean(axis=0), lab[-1]
    turns = np.count_nonzero(np.diff(np.diff(lab[:, 0]) > 0))
    if chosen.N < _FEWEST or turns > _MOST_TURNS:
        raise UsageError(f"The colour map {name!r} is a list of colours without an order. Try viridis or magma.")
    if np.linalg.norm(first - last) < _APART:
        raise UsageError(f"The colour map {name!r} ends in the colour that it begins with. Try viridis or coolwarm.")
    if diverging and not (middle[0] - first[0]) * (middle[0] - last[0]) > 0:
        raise UsageError(
            f"The colour map {name!r} has no middle that stands out: what is for the class and what is against it "
            "would look alike. Try coolwarm, RdBu or PuOr."
        )
    table.setflags(write=False)  # shared by all callers
    return table


def apply(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Look up a colour for each value: the shape of ``values`` and a last axis of 3, uint8.

    Parameters
    ----------
    table
        (256, 3) uint8.
    values
        Any shape, in [0, 1]; for a diverging table, ``(signed + 1) / 2``.
    """
    return np.asarray(table[indices(values)])


def indices(values: np.ndarray) -> np.ndarray:
    """The table entry of each value in [0, 1], as uint8: the pixels of a palette image."""
    return np.asarray(np.rint(np.clip(values, 0.0, 1.0) * 255), np.uint8)


def _table(anchors: _Anchors) -> np.ndarray:
    places = np.linspace(0.0, 1.0, 256)
    at = [place for place, _ in anchors]
    lab = _to_oklab(np.array([colour for _, colour in anchors], np.float64) / 255)
    joined = np.stack([np.interp(places, at, lab[:, axis]) for axis in range(3)], axis=1)
    table = indices(_from_oklab(joined))
    table.setflags(write=False)  # shared by all callers
    return table


def _to_oklab(srgb: np.ndarray) -> np.ndarray:
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.cbrt(linear @ np.array(_TO_CONES).T) @ np.array(_TO_OKLAB).T)


def _from_oklab(lab: np.ndarray) -> np.ndarray:
    linear = (lab @ np.linalg.inv(_TO_OKLAB).T) ** 3 @ np.linalg.inv(_TO_CONES).T
    linear = np.clip(linear, 0.0, 1.0)
    return np.asarray(np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055))
