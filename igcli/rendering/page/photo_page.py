"""From an explanation to its part of a page."""

from __future__ import annotations

import io
import math
from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.attribution.result import Attribution, Explanation, Settings
from igcli.attribution.views.saturation import PHI, alpha_star
from igcli.lazy import np
from igcli.rendering.page.content import FULL, CurvePage, Detail, Encoded, FramesPage, MapPage, PhotoPage, SplitPage
from igcli.rendering.page.packing import pack_frames, pack_map

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL import Image

    from igcli.attribution.targets import TrueClass
    from igcli.attribution.views.trace import Trace


def photo_page(
    explanation: Explanation,
    *,
    name: str | None = None,
    detail: Detail = FULL,
    notes: Sequence[str] = (),
    truth: TrueClass | None = None,
) -> PhotoPage:
    """What a page shows of an explanation, as plain data without tensors.

    Parameters
    ----------
    explanation
        Without ``interior`` there are no frames: the α slider then moves along the curve only.
    name
        Shown instead of the file's name, for example its path below the folder.
    notes
        Sentences on the maps, next to the picture's own notes.
    truth
        The true class, where it is known.

    Raises
    ------
    NumericalError
        If a map has values that are not finite.
    """
    picture = explanation.picture
    photo = _encoded(picture.image(), exact=detail.exact)
    premises = [f"{name}: {result.premise}" for name, result in explanation.results.items() if result.premise]
    maps = tuple(_map(result, detail) for result in explanation.results.values())
    page = PhotoPage(
        name=picture.name if name is None else name,
        photo=photo,
        top=explanation.prediction,
        target=explanation.target,
        score=explanation.score,
        maps=maps,
        curve=_curve(explanation.trace),
        split=_split(explanation),
        notes=(*picture.notes, *notes, *premises),
        truth=truth,
    )
    frames = _frames(explanation, detail, room=detail.room - page.characters)
    return replace(page, frames=frames)


def _encoded(image: Image.Image, *, exact: bool) -> Encoded:
    from PIL import features

    buffer = io.BytesIO()
    if not exact:
        kind = "jpeg"
        image.save(buffer, "JPEG", quality=88)
    elif features.check("webp"):
        kind = "webp"
        image.save(buffer, "WEBP", lossless=True, quality=70, method=4)
    else:
        kind = "png"
        image.save(buffer, "PNG", optimize=True)
    return Encoded(buffer.getvalue(), f"image/{kind}", image.width, image.height)


def _map(result: Attribution, detail: Detail) -> MapPage:
    data, top = pack_map(result.values, levels=detail.levels)
    return MapPage(
        method=result.method,
        data=data,
        levels=detail.levels,
        top=top,
        total=result.total,
        completeness=result.completeness,
        steps=result.steps,
        gradient_evaluations=result.gradient_evaluations,
    )


def _frames(explanation: Explanation, detail: Detail, *, room: int) -> FramesPage | None:
    interior = explanation.interior
    if interior is None or not len(interior.frame_alphas) or detail.frames < 1:
        return None
    count = len(interior.frame_alphas)
    chosen = np.unique(np.linspace(0, count - 1, min(count, detail.frames)).round().astype(int))
    return pack_frames(interior.frame_alphas[chosen].tolist(), interior.frames[chosen], room=room)


def _curve(trace: Trace) -> CurvePage:
    mean = trace.mean_importance
    return CurvePage(
        tuple(trace.alphas.tolist()), tuple(trace.scores.tolist()), None if mean is None else tuple(mean.tolist())
    )


def _split(explanation: Explanation) -> SplitPage | None:
    """From the methods that split the path, which know the parts' shares; otherwise read off the curve."""
    for result in explanation.results.values():
        extras = result.extras
        if "alpha_star" in extras:
            if not math.isfinite(extras["alpha_star"]):
                return None
            shares = (extras.get("left_share"), extras.get("right_share"))
            return SplitPage(extras["alpha_star"], result.settings.phi, *shares)
    trace, phi = explanation.trace, _phi(explanation)
    if trace.mean_importance is None:  # the ends alone: no path was followed
        return None
    star = alpha_star(trace.alphas, trace.scores, at_baseline=trace.at_baseline, at_image=trace.at_image, phi=phi)
    return None if star is None else SplitPage(star, phi)


def _phi(explanation: Explanation) -> float:
    first: Settings | None = next((result.settings for result in explanation.results.values()), None)
    return PHI if first is None else first.phi
