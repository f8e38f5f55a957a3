"""See what a prediction depends on: interior and integrated gradients.

    import igcli

    model = igcli.load_model("caltech101")
    photo = igcli.read_image("cat.jpg", view=model.view)
    result = igcli.attribute(model, photo, method="integrated", target="Leopards", steps=64)
    igcli.overlay(photo, result).save("cat.png")
    igcli.report(model, photo, "cat.html")

Everything here is imported at first use: ``import igcli`` itself costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from igcli.attribution.attribute import attribute as attribute
    from igcli.attribution.budget import Budget as Budget
    from igcli.attribution.explain import explain as explain
    from igcli.attribution.integrate import Integration as Integration
    from igcli.attribution.integrate import integrate as integrate
    from igcli.attribution.result import Attribution as Attribution
    from igcli.attribution.result import Explanation as Explanation
    from igcli.attribution.result import Settings as Settings
    from igcli.attribution.scores import Score as Score
    from igcli.attribution.sweep import sweep as sweep
    from igcli.attribution.views.layers import layer_distances as layer_distances
    from igcli.attribution.views.trace import Trace as Trace
    from igcli.attribution.views.trace import score_curves as score_curves
    from igcli.attribution.wanted import Wanted as Wanted
    from igcli.errors import IgError as IgError
    from igcli.evaluation.metrics.metric import configured as configured
    from igcli.evaluation.scoring import Subject as Subject
    from igcli.evaluation.scoring import score_maps as score_maps
    from igcli.images.options import ReadOptions as ReadOptions
    from igcli.images.options import View as View
    from igcli.images.picture import Picture as Picture
    from igcli.images.reading import read_image as read_image
    from igcli.models.classifier import Classifier as Classifier
    from igcli.models.model import Model as Model
    from igcli.models.zoo import load_model as load_model
    from igcli.notebook import animate as animate
    from igcli.notebook import compare as compare
    from igcli.notebook import panel as panel
    from igcli.notebook import report as report
    from igcli.notebook import saturation as saturation
    from igcli.notebook import sheet as sheet
    from igcli.rendering.film import Film as Film
    from igcli.rendering.film import Look as Look
    from igcli.rendering.film import draw_frames as draw_frames
    from igcli.rendering.overlay import overlay as overlay
    from igcli.rendering.sheet import film_sheet as film_sheet
    from igcli.sample import Sample as Sample

_HOMES = {
    "Attribution": "igcli.attribution.result",
    "Budget": "igcli.attribution.budget",
    "Classifier": "igcli.models.classifier",
    "Explanation": "igcli.attribution.result",
    "Film": "igcli.rendering.film",
    "IgError": "igcli.errors",
    "Integration": "igcli.attribution.integrate",
    "Look": "igcli.rendering.film",
    "Model": "igcli.models.model",
    "Picture": "igcli.images.picture",
    "ReadOptions": "igcli.images.options",
    "Sample": "igcli.sample",
    "Score": "igcli.attribution.scores",
    "Settings": "igcli.attribution.result",
    "Subject": "igcli.evaluation.scoring",
    "Trace": "igcli.attribution.views.trace",
    "View": "igcli.images.options",
    "Wanted": "igcli.attribution.wanted",
    "animate": "igcli.notebook",
    "attribute": "igcli.attribution.attribute",
    "compare": "igcli.notebook",
    "configured": "igcli.evaluation.metrics.metric",
    "draw_frames": "igcli.rendering.film",
    "explain": "igcli.attribution.explain",
    "film_sheet": "igcli.rendering.sheet",
    "integrate": "igcli.attribution.integrate",
    "layer_distances": "igcli.attribution.views.layers",
    "load_model": "igcli.models.zoo",
    "overlay": "igcli.rendering.overlay",
    "panel": "igcli.notebook",
    "read_image": "igcli.images.reading",
    "report": "igcli.notebook",
    "saturation": "igcli.notebook",
    "score_curves": "igcli.attribution.views.trace",
    "score_maps": "igcli.evaluation.scoring",
    "sheet": "igcli.notebook",
    "sweep": "igcli.attribution.sweep",
}

__all__ = sorted(_HOMES)


def __getattr__(name: str) -> object:
    if name == "__version__":
        from importlib.metadata import version

        return version("igcli")
    if name not in _HOMES:
        raise AttributeError(f"module 'igcli' has no attribute {name!r}")
    importlib.import_module("igcli.registry").load_plugins()
    importlib.import_module("igcli.rendering.display")  # what a notebook shows of a result
    return getattr(importlib.import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
