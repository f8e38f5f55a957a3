"""What a notebook shows of a result of a picture: the photo, its maps next to it, and what is to be known of them."""

from __future__ import annotations

import io
from collections.abc import Sequence

from igcli.attribution.display import caption_of, notebook_png
from igcli.attribution.result import Attribution
from igcli.attribution.targets import RankedValue
from igcli.images.picture import Picture
from igcli.rendering.comparison import Comparison, ComparisonRow, draw_comparison
from igcli.rendering.numbers import amount_text, score_ends_text
from igcli.rendering.overlay import draw
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES

#: How maps are drawn.
_STYLE = "lit"


@notebook_png.register
def picture_png(picture: Picture, results: Sequence[Attribution]) -> bytes:
    """The photo and its maps in a row, with the class, the scores and each map's gap, as PNG."""
    scale, first = Scale(), results[0]
    drawn = [draw(picture, result, style=_STYLE, scale=scale) for result in results]
    amount = amount_text(first.target.amount, regression=isinstance(first.target, RankedValue))
    row = ComparisonRow(
        first.target.label,
        (amount, score_ends_text(first.score)),
        (picture.image(), *(each.image for each in drawn)),
    )
    blank = [
        f"{result.method}: every value is zero." for result, each in zip(results, drawn, strict=True) if each.blank
    ]
    sheet = draw_comparison(
        Comparison(
            title=picture.name,
            columns=("What the model saw", *(result.method for result in results)),
            rows=(row,),
            footer=(
                STYLES[_STYLE].legend,
                *(caption_of(result) for result in results),
                f"Each map {scale.describe()}.",
            ),
            warning=" ".join([*blank, *(f"{each.method}: {each.premise}" for each in results if each.premise)]),
        )
    )
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()
