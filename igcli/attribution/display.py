"""What results say of themselves: in a line; and in a notebook, drawn by the room that can draw their kind of sample.

That room registers a function for its class of samples (``rendering.display`` one for pictures); ``igcli`` imports it.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import singledispatch
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from igcli.attribution.result import Attribution


@singledispatch
def notebook_png(sample: object, results: Sequence[Attribution]) -> bytes | None:  # noqa: ARG001
    """A PNG of results of one sample and one class; ``None`` for a kind of sample that nothing draws."""
    return None


def caption_of(result: Attribution) -> str:
    """The method and how exact its map is: ``"integrated: gap 0.1 %, map error 1.9 %, 25 gradients"``."""
    complete, parts = result.completeness, []
    if complete.within_tolerance is not None:
        over = "" if complete.within_tolerance else f" (over {100 * result.settings.tolerance:g} %)"
        parts.append(f"gap {100 * complete.relative_gap:.1f} %{complete.words}{over}")
    if (error := result.extras.get("map_error")) is not None:
        missed = result.extras.get("map_within_tolerance") is False
        over = f" (over {100 * (result.settings.map_tolerance or 0):g} %)" if missed else ""
        parts.append(f"map error {100 * error:.1f} %{over}")
    count = result.gradient_evaluations
    parts.append(f"{count} gradient{'s' * (count != 1)}")
    return f"{result.method}: {', '.join(parts)}"
