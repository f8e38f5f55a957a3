"""The maps of one photo and class as files: overlays, arrays, panel, what else the same sweep can show, the record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from igcli.attribution.methods import METHODS
from igcli.attribution.quadrature import nodes
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.jobs.desk import Desk
from igcli.jobs.drawing import PANEL_METHODS, Drawing, panel_of, products_of
from igcli.jobs.filming import animation_entry, few_frames, film_of, save_animation, thinned
from igcli.jobs.item import Explained
from igcli.jobs.outputs import Done, Outputs
from igcli.jobs.pages import page_bytes
from igcli.jobs.record import Record, result_entry
from igcli.jobs.saturating import saturation_of, subject_of
from igcli.rendering.page.photo import photo_page
from igcli.rendering.saturation_plot import saturation_plot

BLANK = "the map is zero everywhere, so there is nothing to see in it."


def all_wanted(wanted: Wanted, drawing: Drawing) -> Wanted:
    """What the sweep must find out for this drawing: no point more than the methods visit anyway.

    Raises
    ------
    UsageError
        If views along the path are to be drawn and the methods visit fewer than two points of it.
    """
    extra = PANEL_METHODS if drawing.panel else ()
    methods = tuple(dict.fromkeys((*wanted.methods, *extra)))
    steps = wanted.settings.steps
    few = steps == 1 or not any(METHODS[name].integrates for name in methods)
    if few and (drawing.shows_path or drawing.saturation):
        raise UsageError(
            "--animation, --saturation and --report show the points of the integration: use --method integrated and "
            "more --steps."
        )
    return replace(wanted, methods=methods, interior=frame_points(wanted) if drawing.shows_path else None)


def leave_maps(desk: Desk, item: Explained, *, methods: Sequence[str], drawing: Drawing) -> Done:
    """Draw and write the maps of one photo and class by ``methods``, and the record."""
    started = time.perf_counter()
    outputs, explanation = Outputs(desk, item), item.explanation
    entries, files, blank = [], {}, False
    for method in methods:
        result = explanation.results[method]
        for product in products_of(desk.model, explanation, result, drawing=drawing, reading=desk.reading):
            path = outputs.save(product.suffix, product.data)
            if product.drawn is not None:
                files[method], drawn = path, product.drawn
        blank = blank or drawn.blank
        shown = {
            "style": drawing.style,
            "aggregation": drawn.aggregation,
            "percentile": drawing.scale.percentile,
            "ceiling": drawn.ceiling,
        }
        entries.append(result_entry(result, device=desk.model.device, batch_size=desk.batch_size, drawing=shown))
    if drawing.panel:
        product = panel_of(desk.model, explanation, drawing=drawing)
        outputs.save(product.suffix, product.data)
    views = _leave_views(outputs, drawing, files)
    timing = {"draw": time.perf_counter() - started}
    caveat = BLANK if blank else ""
    return outputs.save_record("json", results=entries, views=views, timing=timing, shown=files, caveat=caveat)


def _leave_views(outputs: Outputs, drawing: Drawing, files: dict[str, Path]) -> dict[str, Record]:
    """Draw what the path itself shows, from the sweep that made the maps; notes its files among ``files``."""
    explanation = outputs.item.explanation
    views: dict[str, Record] = {}
    if drawing.animation:
        film = few_frames(film_of(explanation, drawing.filming.look, reading=outputs.desk.reading))
        files["animation"] = save_animation(outputs, film, drawing.filming)
        views["animation"] = animation_entry(drawing.filming, frames=len(film.alphas))
    if drawing.report is not None:
        page = photo_page(explanation, name=outputs.item.item.found.relative.as_posix(), detail=drawing.report)
        outputs.save_hidden("page", page_bytes(page))
    if drawing.saturation:
        subject = subject_of(outputs.desk, title=f"{explanation.picture.name}, {explanation.target.label}")
        plot = saturation_plot([explanation.trace], subject)
        files["saturation"] = outputs.save("saturation.png", plot)
        views["saturation"] = saturation_of(explanation.trace)
    return views


def frame_points(wanted: Wanted) -> list[float] | str:
    """Points among those of the rule, at most ``MOST_FRAMES``; with ``auto`` only the sweep knows them."""
    settings = wanted.settings
    if settings.steps == "auto":
        return "nodes"
    alphas = nodes(settings.rule, int(settings.steps)).alphas
    return [float(alpha) for alpha in alphas[thinned(len(alphas))]]
