"""The regions of a photo by one method's map: the sheet with those that matter most, and their list in the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Attribution, Explanation
from igcli.images.regions import SCALES, SIDE, Region
from igcli.jobs.outputs.record import Record
from igcli.jobs.plan import ModelFacts
from igcli.lazy import np
from igcli.rendering.region_sheet import RegionSheet, ShownRegion

#: So many regions are drawn, and only those of at least this share of the pixels.
MOST, SMALLEST = 5, 0.005


def form_of_regions(method: str) -> Literal["signed", "absolute"]:
    """What of a method's map regions are ranked by: the signed sum if it is meant to sum to the score."""
    sums = method in METHODS and bool(METHODS[method].complete or METHODS[method].sums_to)
    return "signed" if sums else "absolute"


def regions_entry(method: str, regions: Sequence[Region]) -> Record:
    """All regions, by rank, for the record."""
    return {
        "of": form_of_regions(method),
        "segments": f"Felzenszwalb, scales {', '.join(map(str, SCALES))}, at {SIDE}x{SIDE}",
        "ranked": [
            {
                "rank": rank,
                "pixels": region.pixels,
                "mean": region.mean,
                "sum": region.total,
                "share": region.share,
                "box": list(region.box),
            }
            for rank, region in enumerate(regions, 1)
        ],
    }


def region_sheet(
    model: ModelFacts, explanation: Explanation, result: Attribution, *, regions: Sequence[Region]
) -> RegionSheet:
    """The sheet with the first regions that are large enough to be seen and speak for the class."""
    ranked = [(n, each) for n, each in enumerate(regions, 1) if each.pixels >= SMALLEST and each.mean > 0][:MOST]
    whole = _whole(result)
    shares = [each.share for _, each in ranked]
    over = " Shares above 100 % are made up for by regions below 0." if any(share > 1 for share in shares) else ""
    footer = (
        f"Each number is a region's rank by the mean of the map on its pixels. Shares are of {whole}: all "
        f"{len(regions)} regions together have 100 %.{over}",
        f"{model.provenance.name}, {result.method}, {result.score.kind} score. Segments by Felzenszwalb at "
        f"{len(SCALES)} scales, on the photo at {SIDE}x{SIDE}; regions under {100 * SMALLEST:g} % of the pixels are "
        "in the record alone.",
        *([result.premise] if result.premise else []),
    )
    return RegionSheet(
        title=f"{explanation.picture.name}: {explanation.target.label}",
        photo=explanation.picture.image(),
        regions=[ShownRegion(rank, each.mask, *_words(each)) for rank, each in ranked],
        heading="Highest ranked regions" if ranked else "No region speaks for the class",
        footer=footer,
        warning=model.caveat,
    )


def _words(region: Region) -> tuple[str, str]:
    share = "no share" if np.isnan(region.share) else f"{100 * region.share:.0f} % of the sum"
    return share, f"on {100 * region.pixels:.1f} % of the pixels"


def _whole(result: Attribution) -> str:
    if form_of_regions(result.method) == "absolute":
        return "the sum of the map's absolute values"
    score = result.score
    rises = result.completeness.sums_to != "score"
    goal = f"the score rises by {score.rise:.3g}" if rises else f"the score is {score.at_image:.3g}"
    return f"the map's sum, {result.total:.3g} ({goal})"
