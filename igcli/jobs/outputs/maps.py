"""The maps of one photo and class as files: overlays, arrays, panel, what else the same sweep can show, the record."""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from igcli.attribution.baselines import names_references
from igcli.attribution.methods.method import METHODS
from igcli.attribution.result import Attribution, Explanation
from igcli.attribution.targets import RankedValue
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.lowpass import Lowpass
from igcli.images.reading import read_upright
from igcli.images.regions import check_segmentation, regions_of
from igcli.jobs.item import Explained
from igcli.jobs.outputs.film import Filming, frame_points
from igcli.jobs.outputs.lowpassed import captions_of, lowpass_entry, lowpassed, shown_as
from igcli.jobs.outputs.mean_map import KEPT, kept_map
from igcli.jobs.outputs.record import Done, Outputs, Record, png, result_entry
from igcli.jobs.outputs.regions import form_of_regions, region_sheet, regions_entry
from igcli.jobs.outputs.views import write_views
from igcli.jobs.plan import Plan
from igcli.lazy import np
from igcli.rendering.colour_bar import with_colour_bar
from igcli.rendering.film import Look
from igcli.rendering.numbers import ends_text
from igcli.rendering.overlay import draw, full_size
from igcli.rendering.page.content import Detail
from igcli.rendering.panel import Panel, draw_panel
from igcli.rendering.region_sheet import draw_regions
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import Drawn, style_of

if TYPE_CHECKING:
    from igcli.jobs.plan import ModelFacts
    from igcli.lazy import torch


BLANK = "the map is zero everywhere, so there is nothing to see in it."


def all_wanted(wanted: Wanted, drawing: Drawing) -> Wanted:
    """``wanted`` with what this drawing needs besides, at no point that the methods do not visit anyway.

    Raises
    ------
    UsageError
        If views along the path are to be drawn and the methods visit fewer than two points of it.
    """
    extra = PANEL_METHODS if drawing.panel else ()
    methods = tuple(dict.fromkeys((*wanted.methods, *extra)))
    steps = wanted.settings.steps
    along = [name for name in methods if METHODS[name].integrates and not METHODS[name].path]
    sampled = names_references(wanted.settings.baseline)
    if sampled and (drawing.animation or drawing.saturation):
        raise UsageError("--animation and --saturation show one path, and a folder as the baseline stands for many.")
    few = steps == 1 or not along
    if few and (drawing.shows_path or drawing.saturation):
        raise UsageError(
            "--animation, --saturation and --report show the points of the integration: use --method integrated and "
            "more --steps."
        )
    shows_path = drawing.shows_path and not sampled
    return replace(wanted, methods=methods, interior=frame_points(wanted) if shows_path else None)


def write_maps(plan: Plan, item: Explained, *, methods: Sequence[str], drawing: Drawing) -> Done:
    """Draw and write the maps of one photo and class by ``methods``, and the record."""
    started = time.perf_counter()
    outputs, explanation = Outputs(plan, item), lowpassed(item.explanation, drawing.lowpass)
    entries, files, blank = [], {}, False
    for method in methods:
        result = explanation.results[method]
        files[method], drawn = _write_map(outputs, result, drawing)
        lists: dict[str, Record] = {}
        if drawing.regions:
            files[f"{method} regions"], lists = _write_regions(outputs, method)
        blank = blank or drawn.blank
        shown = {**drawing.entry, "aggregation": drawn.aggregation, "ceiling": drawn.ceiling}
        entry = result_entry(result, device=plan.model.device, batch_size=plan.batch_size, drawing=shown)
        entries.append({**entry, **lowpass_entry(method, drawing.lowpass), **lists})
    if drawing.mean_map:
        outputs.save_hidden(KEPT, kept_map(explanation, methods))
    if drawing.panel:
        outputs.save("panel.png", panel_of(plan.model, explanation, drawing=drawing))
    views = write_views(outputs, explanation, drawing=drawing, files=files)
    timing = {"draw": time.perf_counter() - started}
    caveat = BLANK if blank else _concern(explanation)
    return outputs.save_record("json", results=entries, views=views, timing=timing, shown=files, caveat=caveat)


def _concern(explanation: Explanation) -> str:
    predicted, target = explanation.score.prediction_at_baseline, explanation.target
    return "" if predicted is None else predicted.concern(target.probability, target.label)


#: The maps of the paper's Fig. 4, which a panel shows whatever else was asked for.
PANEL_METHODS = ("integrated", "gradient")


@dataclass(frozen=True)
class Drawing:
    """What to write of each explanation besides its record.

    Attributes
    ----------
    style
        As ``style_of`` takes it.
    scale
        What counts as full brightness.
    panel
        Add the sheet of the paper's Fig. 4.
    full_size
        Add the map on the original photo.
    colour_bar
        Add a bar to each map: which colour is which value.
    save_arrays
        Add the numbers, as ``.npz``.
    animation
        Add the interior gradients at the sweep's own points, as an animation.
    saturation
        Add the plot of the score along the path.
    report
        Keep what a report shows, this finely.
    mean_map
        Keep the maps for the mean over the photos of each class.
    lowpass
        Of the maps as they are drawn, by method; a method that is not named is drawn as it is.
    regions
        Add the regions of each map before its low-pass, as a picture and in the record.
    """

    style: str = "lit"
    scale: Scale = field(default_factory=Scale)
    panel: bool = False
    full_size: bool = False
    colour_bar: bool = False
    save_arrays: bool = False
    animation: bool = False
    saturation: bool = False
    report: Detail | None = None
    mean_map: bool = False
    lowpass: Mapping[str, Lowpass] = field(default_factory=dict)
    regions: bool = False

    @property
    def shows_path(self) -> bool:
        """Whether the interior gradients must be kept."""
        return self.animation or self.report is not None

    def check(self) -> None:
        """Raise ``UsageError`` for an unknown style, or one that cannot show all that is to be drawn."""
        style_of(self.style)
        if self.animation:
            self.filming.check()
        if self.regions:
            check_segmentation()

    @property
    def entry(self) -> Record:
        """What records say of it."""
        style, _, cmap = self.style.partition(":")
        return {"style": style, "cmap": cmap or None, "scale": self.scale.kind, "percentile": self.scale.percentile}

    @property
    def filming(self) -> Filming:
        """How the animation is drawn."""
        return Filming(Look(self.style, percentile=self.scale.percentile))


def _write_map(outputs: Outputs, result: Attribution, drawing: Drawing) -> tuple[Path, Drawn]:
    """Write the files of one method: the overlay, the map on the original photo, the numbers."""
    model, explanation, name = outputs.plan.model, outputs.item.explanation, result.method
    picture = explanation.picture
    scale, style = drawing.scale.of(name), style_of(drawing.style)
    drawn = draw(picture, result, style=drawing.style, scale=scale)
    fields = {**_fields(result), **lowpass_entry(name, drawing.lowpass)}
    prefix = "" if outputs.plan.name else f"{name}."

    def save(suffix: str, shown: Drawn) -> Path:
        clipped = scale.maximum is not None or scale.percentile < 100
        caption = shown_as(f"{name}, {result.score.kind} score", drawing.lowpass, of=name)
        barred = with_colour_bar(shown, style, caption=caption, clipped=clipped) if drawing.colour_bar else shown.image
        return outputs.save(f"{prefix}{suffix}", png(barred, model, explanation, **fields))

    path = save("png", drawn)
    source = picture.source or picture.path
    if drawing.full_size and source is not None:
        reading, channels = outputs.plan.reading, len(picture.pixels)
        original = read_upright(source, options=reading, sha256=picture.sha256, channels=channels)
        save("full.png", full_size(original, result, picture.placement, style=drawing.style, scale=scale))
    if drawing.save_arrays:
        filtered = result.values[0] if name in drawing.lowpass else None
        outputs.save(f"{prefix}npz", _npz(explanation, explanation.results[name], filtered))
    return path, drawn


def _write_regions(outputs: Outputs, method: str) -> tuple[Path, dict[str, Record]]:
    """Write the sheet of the regions of a method's map; returns its path and the entry of the record."""
    model, explanation = outputs.plan.model, outputs.item.explanation
    result = explanation.results[method]
    regions = regions_of(result.values, explanation.picture.pixels, of=form_of_regions(method))
    sheet = draw_regions(region_sheet(model, explanation, result, regions=regions))
    prefix = "" if outputs.plan.name else f"{method}."
    path = outputs.save(f"{prefix}regions.png", png(sheet, model, explanation, **_fields(result)))
    return path, {"regions": regions_entry(method, regions)}


def panel_of(model: ModelFacts, explanation: Explanation, *, drawing: Drawing) -> bytes:
    """The sheet of the paper's Fig. 4, as PNG."""
    picture, target = explanation.picture, explanation.target
    names = [*PANEL_METHODS, *(name for name in explanation.results if name not in PANEL_METHODS)]
    results = [explanation.results[name] for name in names]
    first = results[0]
    gaps = [
        f"{result.method}: completeness gap {100 * gap.relative_gap:.2f} %{gap.words}"
        for result in results
        if (gap := result.completeness).within_tolerance is not None
    ]
    scale = drawing.scale
    whose = "" if scale.kind == "photo" else "brightness as in all photos, "
    images = [draw(picture, each, style=drawing.style, scale=scale.of(each.method)).image for each in results]
    shown = Panel(
        title=picture.name,
        photo=picture.image(),
        top=tuple((ranked.label, ranked.amount) for ranked in explanation.prediction),
        target=(target.label, target.amount),
        regression=isinstance(target, RankedValue),
        columns=tuple(
            (shown_as(_TITLES.get(name, name), drawing.lowpass, of=name), image)
            for name, image in zip(names, images, strict=True)
        ),
        legend=style_of(drawing.style).legend,
        footer=(
            f"{model.provenance.name}, {first.score.kind} score {first.score.at_image:.4g} at the photo, "
            f"{first.score.at_baseline:.4g} at the {first.settings.start_words}; {whose}{scale.describe()}",
            "; ".join(gaps),
            *([drawn] if (drawn := picture.options.drawing(len(picture.pixels))) else []),
            *captions_of({name: each for name, each in drawing.lowpass.items() if name in explanation.results}),
            *(f"{result.method}: {result.premise}" for result in results if result.premise),
            *(f"{result.method} {ends_of(result)}" for result in results if result.path_ends),
        ),
        warning=model.caveat,
    )
    return png(draw_panel(shown), model, explanation, **_fields(first))


def ends_of(result: Attribution) -> str:
    """What is reached by the paths of a map's own."""
    ends = [(end.reference, end.reached.label, end.reached.amount) for end in result.path_ends]
    return ends_text(ends, regression=isinstance(result.target, RankedValue))


_TITLES = {"integrated": "Integrated gradients", "gradient": "Gradient at the photo"}


def _fields(result: Attribution) -> dict[str, Any]:
    """What a PNG of this map has in its metadata besides the fields of every PNG."""
    return {
        "method": result.method,
        "relative_gap": result.completeness.relative_gap,
        "path": result.settings.path,
        "baseline": result.settings.start,
        "steps": result.steps,
    }


def _npz(explanation: Explanation, result: Attribution, filtered: torch.Tensor | None) -> bytes:
    arrays = {
        "attribution": result.values.float().numpy(),
        "lowpass": None if filtered is None else filtered.float().numpy(),
        "pixels": explanation.picture.pixels.float().cpu().numpy(),
        "alphas": result.trace.alphas,
        # methods that do not add up along the points of the sweep have no weights there
        "weights": result.weights if METHODS[result.method].integrates else None,
        "scores": result.trace.scores,
        "mean_importance": result.trace.mean_importance,
    }
    buffer = io.BytesIO()
    # allow_pickle=False is not said: numpy 1 and 2.0 would write an array of that name
    np.savez_compressed(buffer, **{name: a for name, a in arrays.items() if a is not None})
    return buffer.getvalue()
