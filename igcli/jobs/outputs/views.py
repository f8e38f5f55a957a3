"""What else the sweep that made the maps can show: an animation, a plot of the saturation, a part of a report."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from igcli.attribution.result import Explanation
from igcli.jobs.outputs.film import animation_entry, few_frames, film_of, save_animation
from igcli.jobs.outputs.lowpassed import captions_of
from igcli.jobs.outputs.record import Outputs, Record
from igcli.jobs.outputs.saturation import saturation_of, subject_of
from igcli.rendering.page.photo_page import photo_page
from igcli.rendering.saturation_plot import saturation_plot

if TYPE_CHECKING:
    from igcli.jobs.outputs.maps import Drawing


def write_views(
    outputs: Outputs, explanation: Explanation, *, drawing: Drawing, files: dict[str, Path]
) -> dict[str, Record]:
    """Draw animation, report and saturation plot from the sweep that made the maps; adds to ``files``."""
    views: dict[str, Record] = {}
    if drawing.animation:
        film = few_frames(film_of(explanation, drawing.filming.look, reading=outputs.plan.reading))
        files["animation"] = save_animation(outputs, film, drawing.filming)
        views["animation"] = animation_entry(drawing.filming, frames=len(film.alphas))
    if drawing.report is not None:
        from igcli.jobs.outputs.report import page_bytes  # not before it is needed

        name, notes = outputs.item.found.relative.as_posix(), captions_of(drawing.lowpass)
        page = photo_page(explanation, name=name, detail=drawing.report, notes=notes, truth=outputs.item.truth)
        outputs.save_hidden("page", page_bytes(page))
    if drawing.saturation:
        subject = subject_of(outputs.plan, title=f"{explanation.picture.name}, {explanation.target.label}")
        plot = saturation_plot([explanation.trace], subject)
        files["saturation"] = outputs.save("saturation.png", plot)
        views["saturation"] = saturation_of(explanation.trace)
    return views
