"""The pictures and arrays of one explanation, as bytes ready to be written, and what the record says of them."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from igcli.attribution.methods import METHODS
from igcli.attribution.result import Attribution, Explanation
from igcli.attribution.targets import Estimate
from igcli.images.options import ReadOptions
from igcli.images.reading import read_upright
from igcli.jobs.filming import Filming
from igcli.jobs.outputs import png
from igcli.lazy import np
from igcli.rendering.frames import Look
from igcli.rendering.full_size import full_size
from igcli.rendering.overlay import draw
from igcli.rendering.page.detail import Detail
from igcli.rendering.panel import Panel, draw_panel
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES, Drawn

if TYPE_CHECKING:
    from igcli.jobs.desk import ModelFacts

#: The maps of the paper's Fig. 4, which a panel shows whatever else was asked for.
PANEL_METHODS = ("integrated", "gradient")


@dataclass(frozen=True)
class Drawing:
    """What to leave of each explanation beside its record.

    Attributes
    ----------
    style
        A name in ``STYLES``.
    scale
        What counts as full brightness.
    panel
        Add the sheet of the paper's Fig. 4.
    full_size
        Add the map on the original photo.
    save_arrays
        Add the numbers, as ``.npz``.
    animation
        Add the interior gradients at the sweep's own points, as an animation.
    saturation
        Add the plot of the score along the path.
    report
        Keep what a report shows, this finely.
    """

    style: str = "lit"
    scale: Scale = field(default_factory=Scale)
    panel: bool = False
    full_size: bool = False
    save_arrays: bool = False
    animation: bool = False
    saturation: bool = False
    report: Detail | None = None

    @property
    def shows_path(self) -> bool:
        """Whether the interior gradients must be kept."""
        return self.animation or self.report is not None

    def check(self) -> None:
        """Raise ``UsageError`` for an unknown style, or one that cannot show all that is to be drawn."""
        STYLES[self.style]
        if self.animation:
            self.filming.check()

    @property
    def filming(self) -> Filming:
        """How the animation looks."""
        return Filming(Look(self.style, percentile=self.scale.percentile))


@dataclass(frozen=True)
class Product:
    """One file to write: its suffix after the stem, its bytes, and what was drawn."""

    suffix: str
    data: bytes
    drawn: Drawn | None = None


def products_of(
    model: ModelFacts, explanation: Explanation, result: Attribution, *, drawing: Drawing, reading: ReadOptions
) -> Iterator[Product]:
    """The files of one method: the overlay first."""
    picture, name = explanation.picture, result.method
    drawn = draw(picture, result, style=drawing.style, scale=drawing.scale)
    yield Product(f"{name}.png", png(drawn.image, model, explanation, **_fields(result)), drawn)
    source = picture.source or picture.path
    if drawing.full_size and source is not None:
        original = read_upright(source, options=reading, sha256=picture.sha256)
        whole = full_size(original, result, picture.placement, style=drawing.style, scale=drawing.scale)
        yield Product(f"{name}.full.png", png(whole.image, model, explanation, **_fields(result)))
    if drawing.save_arrays:
        yield Product(f"{name}.npz", _npz(explanation, result))


def panel_of(model: ModelFacts, explanation: Explanation, *, drawing: Drawing) -> Product:
    """The sheet of the paper's Fig. 4."""
    picture, target = explanation.picture, explanation.target
    names = [*PANEL_METHODS, *(name for name in explanation.results if name not in PANEL_METHODS)]
    results = [explanation.results[name] for name in names]
    first = results[0]
    gaps = [
        f"{result.method}: completeness gap {result.completeness.relative_gap:.2%}"
        for result in results
        if result.completeness.within_tolerance is not None
    ]
    images = [draw(picture, result, style=drawing.style, scale=drawing.scale).image for result in results]
    shown = Panel(
        title=picture.name,
        photo=picture.image(),
        top=tuple((ranked.label, ranked.amount) for ranked in explanation.prediction),
        target=(target.label, target.amount),
        regression=isinstance(target, Estimate),
        columns=tuple((_TITLES.get(name, name), image) for name, image in zip(names, images, strict=True)),
        legend=STYLES[drawing.style].legend,
        footer=(
            f"{model.provenance.name}, {first.score.kind} score {first.score.at_image:.4g} at the photo, "
            f"{first.score.at_baseline:.4g} at the {first.settings.baseline} baseline; {drawing.scale.describe()}",
            "; ".join(gaps),
            *(f"{result.method}: {result.premise}" for result in results if result.premise),
        ),
        warning=model.caveat,
    )
    return Product("panel.png", png(draw_panel(shown), model, explanation, **_fields(first)))


_TITLES = {"integrated": "Integrated gradients", "gradient": "Gradient at the image"}


def _fields(result: Attribution) -> dict[str, Any]:
    """What a PNG of this map carries beside what every PNG does."""
    return {
        "method": result.method,
        "relative_gap": result.completeness.relative_gap,
        "baseline": result.settings.baseline,
        "steps": result.steps,
    }


def _npz(explanation: Explanation, result: Attribution) -> bytes:
    arrays = {
        "attribution": result.values.float().numpy(),
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
