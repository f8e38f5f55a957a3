"""How alike two maps of the same photo are, in numbers and in a sentence.

Where two maps are bright is compared by their importances; for or against the class, by their signed values.
"""

from __future__ import annotations

from dataclasses import dataclass

from igcli.lazy import np, torch
from igcli.sample import importance

#: The share of the pixels that count as a map's top.
TOP = 0.05
#: Places: cells along each side of the photo, so that a pixel's neighbour counts as the same place.
CELLS = 14
#: The share of the places that count as a map's most important ones: 0.2 in common is what chance gives.
TOP_PLACES = 0.2
#: From this share in common on, two maps rather cover the same parts; up to the other, rather different ones. Cautious:
#: mosaics of two objects gave 0.31 to 0.69, two classes of one object 0.36 to 0.90; the logit separates them better.
SAME, OTHER = 0.75, 0.45


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
        The same for the top fifth of 14 x 14 places, ranked by their mean importance, in [0, 1]; 0.2 by chance.
    """

    spearman: float
    cosine: float
    top_in_common: float
    places_in_common: float


def similarity(first: torch.Tensor, second: torch.Tensor) -> Similarity:
    """Compare two maps (C, H, W) of one photo."""
    one, two = (values.double() for values in (first, second))
    important = [importance(values) for values in (one, two)]
    ranks = [_ranks(each.flatten().numpy()) for each in important]
    tops = [_top(each.flatten().numpy(), TOP) for each in important]
    places = [_top(_cells(each), TOP_PLACES) for each in important]
    return Similarity(
        spearman=_cosine(*(rank - rank.mean() for rank in ranks)),
        cosine=_cosine(one.flatten().numpy(), two.flatten().numpy()),
        top_in_common=len(np.intersect1d(tops[0], tops[1])) / len(tops[0]),
        places_in_common=len(np.intersect1d(places[0], places[1])) / len(places[0]),
    )


def reading_of_classes(found: Similarity, first: str, second: str) -> str:
    """What the maps of two classes by one method suggest: two objects, or one object with two possible names."""
    classes, shared = f"{first} and {second}", _shared(found)
    if found.places_in_common >= SAME:
        sign = ", with opposite signs: what speaks for one speaks against the other" if found.cosine < -0.3 else ""
        return f"Probably one object: {classes} depend on the same parts of the photo ({shared}{sign})."
    if found.places_in_common <= OTHER:
        return f"Probably two objects: {classes} depend on different parts of the photo ({shared})."
    return f"The maps of {classes} do not show whether there is one object or two ({shared}; try --score logit)."


def reading_of_methods(found: Similarity, first: str, second: str) -> str:
    """What the maps of one class by two methods say."""
    shared = _shared(found)
    agree = "agree on" if found.places_in_common >= SAME else "differ on"
    if OTHER < found.places_in_common < SAME:
        agree = "agree in part on"
    return f"{first} and {second} {agree} which parts of the photo matter ({shared})."


def _shared(found: Similarity) -> str:
    return f"the most important fifth of {CELLS} x {CELLS} places: {100 * found.places_in_common:.0f} % in common"


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 0 on, ties sharing their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return np.asarray((last - (counts + 1) / 2)[inverse])


def _top(values: np.ndarray, share: float) -> np.ndarray:
    """The positions of the largest ``share`` of the values, ties by position."""
    count = max(1, round(share * len(values)))
    return np.argsort(-values, kind="stable")[:count]


def _cells(important: torch.Tensor) -> np.ndarray:
    """The mean importance in each place."""
    size = (min(CELLS, important.shape[0]), min(CELLS, important.shape[1]))
    return np.asarray(torch.nn.functional.adaptive_avg_pool2d(important[None, None], size).flatten())


def _cosine(first: np.ndarray, second: np.ndarray) -> float:
    norms = float(np.linalg.norm(first) * np.linalg.norm(second))
    return float(first @ second) / norms if norms > 0 else 0.0
