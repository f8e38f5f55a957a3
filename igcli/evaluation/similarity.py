"""How alike two maps of the same photo are, in numbers and in a sentence.

Where two maps look is compared by their importances, what they say of it by their signed values.
"""

from __future__ import annotations

from dataclasses import dataclass

from igcli.lazy import np, torch

#: The share of the pixels that count as a map's top.
TOP = 0.05
#: Places: cells along each side of the photo, so that a pixel's neighbour counts as the same place.
CELLS = 14
#: At least this much importance in common is the same place, at most that much another one.
SAME, OTHER = 0.8, 0.6


@dataclass(frozen=True)
class Similarity:
    """Two maps compared.

    Attributes
    ----------
    spearman
        Rank correlation of the pixels' importances, in [-1, 1]; 0 for a map that is the same everywhere.
    cosine
        Of the signed values, pixel by pixel and channel by channel, in [-1, 1].
    top_in_common
        The share of the top 5 % of one map's pixels that are in the top of the other, in [0, 1]; 0.05 by chance.
    places_in_common
        The share of the importance that lies in the same of 14 x 14 places, in [0, 1].
    """

    spearman: float
    cosine: float
    top_in_common: float
    places_in_common: float


def similarity(first: torch.Tensor, second: torch.Tensor) -> Similarity:
    """Compare two maps (C, H, W) of one photo."""
    one, two = (values.double() for values in (first, second))
    important = [values.abs().sum(dim=0) for values in (one, two)]
    ranks = [_ranks(each.flatten().numpy()) for each in important]
    tops = [_top(each.flatten().numpy()) for each in important]
    cells = [_cells(each) for each in important]
    return Similarity(
        spearman=_cosine(*(rank - rank.mean() for rank in ranks)),
        cosine=_cosine(one.flatten().numpy(), two.flatten().numpy()),
        top_in_common=len(np.intersect1d(tops[0], tops[1])) / len(tops[0]),
        places_in_common=float(np.minimum(*cells).sum()),
    )


def reading_of_classes(found: Similarity, first: str, second: str) -> str:
    """What the maps of two classes by one method say: two objects, or one object read two ways."""
    shared = f"{found.places_in_common:.0%} of the importance lies in the same places".replace("%", " %")
    if found.places_in_common >= SAME:
        against = (
            ", with the opposite sign: what speaks for one speaks against the other" if found.cosine < -0.3 else ""
        )
        return (
            f"One object read two ways: {first} and {second} draw on the same parts of the photo ({shared}{against})."
        )
    if found.places_in_common <= OTHER:
        return f"Two objects: {first} and {second} draw on different parts of the photo ({shared})."
    return f"{first} and {second} draw on partly the same parts of the photo ({shared})."


def reading_of_methods(found: Similarity, first: str, second: str) -> str:
    """What the maps of one class by two methods say."""
    shared = f"{found.places_in_common:.0%} of the importance lies in the same places".replace("%", " %")
    agree = "agree on" if found.places_in_common >= SAME else "differ on"
    if OTHER < found.places_in_common < SAME:
        agree = "agree in part on"
    return f"{first} and {second} {agree} where the network looks ({shared})."


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0 on, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts + 1) / 2)[inverse])


def _top(values: np.ndarray) -> np.ndarray:
    """The positions of the top 5 %, ties by position."""
    count = max(1, round(TOP * len(values)))
    return np.argsort(-values, kind="stable")[:count]


def _cells(importance: torch.Tensor) -> np.ndarray:
    """The importance in each place, as shares of the whole; evenly spread where there is none."""
    size = (min(CELLS, importance.shape[0]), min(CELLS, importance.shape[1]))
    cells = torch.nn.functional.adaptive_avg_pool2d(importance[None, None], size).flatten().numpy()
    total = cells.sum()
    return np.asarray(cells / total if total > 0 else np.full(len(cells), 1 / len(cells)))


def _cosine(first: np.ndarray, second: np.ndarray) -> float:
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / norms if norms > 0 else 0.0
