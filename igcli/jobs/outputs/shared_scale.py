"""One full brightness for the maps of many photos, so that they can be compared by brightness.

It is measured before any map is drawn: on all photos, or on ``MOST_MEASURED`` of them, evenly spread over the
collection. That bounds time and memory, and needs no stored maps. A run keeps the value among its settings, and goes on
with it when it is resumed, whatever photos have been added.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from igcli.attribution.result import Explanation
from igcli.images.lowpass import Lowpass
from igcli.jobs.files import FOLDER, read_own
from igcli.jobs.item import Explained, Item
from igcli.jobs.outputs.lowpassed import lowpassed
from igcli.jobs.pipeline import process
from igcli.jobs.plan import Job, Plan
from igcli.lazy import np
from igcli.rendering.scaling import Scale, importance_map, signed_map
from igcli.rendering.styles import style_of

#: Photos that are explained twice for it, at most.
MOST_MEASURED = 64
#: Values kept of a map: evenly spaced ranks, its smallest and largest with them.
_RANKS = 4096

Sizes = dict[str, "np.ndarray"]
"""By method, absolute values of maps, rising."""


def measured_scale(
    job: Job,
    items: Sequence[Item],
    scale: Scale,
    *,
    style: str,
    lowpass: Mapping[str, Lowpass],
    on_points: Callable[[int], None] | None = None,
) -> tuple[Scale, int]:
    """The scale with the full brightness of each method measured, and on how many photos.

    Parameters
    ----------
    items
        All photos of the run; those that cannot be explained are passed over here.
    scale
        Its percentile is taken over the pixels of all measured maps together.
    style
        Whether maps are drawn by their size or with their sign.
    lowpass
        As the maps are drawn.
    """
    places = np.linspace(0, len(items) - 1, min(len(items), MOST_MEASURED)).round().astype(int)
    write = functools.partial(_sizes_of, style=style, lowpass=lowpass)
    # The sweep need not keep what only views along the path show.
    lean = replace(job, plan=replace(job.plan, wanted=replace(job.plan.wanted, interior=None, alphas=())))
    photos, found = 0, list[Sizes]()
    for outcome in process(lean, [items[place] for place in places], write, on_points=on_points):
        photos += bool(outcome.results)
        found += outcome.results
    return replace(scale, shared=_shared(found, scale.percentile)), photos


def scale_over(explanations: Iterable[Explanation], scale: Scale, *, style: str) -> Scale:
    """The scale with the full brightness of each method over these maps; unchanged if it is not to be shared."""
    if scale.shared is None:
        return scale
    return replace(scale, shared=_shared([_sizes(each, style) for each in explanations], scale.percentile))


def kept_scale(output: Path, scale: Scale, methods: Iterable[str]) -> Scale | None:
    """The scale that an earlier run into this folder has measured for these methods, if one has."""
    try:
        kept = json.loads(read_own(output / FOLDER / "explain.json"))["drawing"]["scale"]
        shared = {str(name): float(maximum) for name, maximum in kept["shared"].items()}
        same = kept["percentile"] == scale.percentile and set(methods) <= set(shared)
        return replace(scale, shared=shared) if same else None
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def _sizes_of(_plan: Plan, item: Explained, *, style: str, lowpass: Mapping[str, Lowpass]) -> Sizes:
    return _sizes(lowpassed(item.explanation, lowpass), style)


def _sizes(explanation: Explanation, style: str) -> Sizes:
    joined = signed_map if style_of(style).signed else importance_map
    return {name: _ranked(np.abs(joined(result.values))) for name, result in explanation.results.items()}


def _ranked(sizes: np.ndarray) -> np.ndarray:
    rising = np.sort(sizes, axis=None)
    return np.asarray(rising[np.linspace(0, rising.size - 1, min(rising.size, _RANKS)).round().astype(int)])


def _shared(found: Sequence[Sizes], percentile: float) -> dict[str, float]:
    """By method, the percentile over all maps, or their largest value where it is 0; nothing of maps of zeros."""
    shared = {}
    for name in dict.fromkeys(name for each in found for name in each):
        values = np.concatenate([each[name] for each in found if name in each])
        maximum = float(np.percentile(values, percentile)) or float(values.max())
        if maximum:
            shared[name] = maximum
    return shared
