"""How reliable a metric is on a set of photos: whether each of them ranks the maps alike (arXiv 1912.01451).

Krippendorff's α with the photos as observers, the maps as what is observed, their ranks as the values and squared
differences as the distance. α = 1 − D_o / D_e, where D_o is the mean distance between two photos' ranks of one map, and
D_e that between any two ranks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from igcli.lazy import np

#: With fewer maps there is no ranking to speak of, with fewer photos none to compare with.
FEWEST_MAPS, FEWEST_PHOTOS = 3, 2


def reliability(values: Mapping[str, Sequence[float] | np.ndarray]) -> float:
    """Krippendorff's α: 1 where all photos rank the maps alike, 0 by chance, below 0 where they contradict each other.

    The usual definition, in which the pairs within a map are counted without those of a photo with itself. The code of
    Walker et al. 2024 (``sanityForMetrics.py``) counts them, which shifts α by (1 − α) / photos, and takes for ranks
    the order of the maps by their score, which is the inverse of their ranks.

    Parameters
    ----------
    values
        Map to one number per photo; photos with a map without a number (NaN) do not count. Equal numbers share the mean
        of their ranks.

    Returns
    -------
    float
        NaN for fewer than three maps or two photos, and where each photo has the same number for all maps.
    """
    table = np.array([np.asarray(each, float) for each in values.values()])
    if len(table) < FEWEST_MAPS:
        return float("nan")
    table = table[:, ~np.isnan(table).any(axis=0)]
    photos = table.shape[1]
    if photos < FEWEST_PHOTOS:
        return float("nan")
    above = (table[:, None] > table[None]).sum(axis=1)
    equal = (table[:, None] == table[None]).sum(axis=1)
    ranks = above + (equal - 1) / 2  # from 0, the smallest
    expected = ranks.var() * ranks.size / (ranks.size - 1)
    if not expected > 0:
        return float("nan")
    observed = ranks.var(axis=1).mean() * photos / (photos - 1)
    return float(1 - observed / expected)
