"""Pages to look at: small explanations by a toy network, and large ones whose numbers are made up."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from toys import classifier, random_picture, small_network

from igcli.attribution.completeness import Completeness
from igcli.attribution.explain import explain
from igcli.attribution.result import Attribution, Explanation, ScoreEnds, Settings
from igcli.attribution.targets import RankedClass
from igcli.attribution.views.interior import InteriorImportance
from igcli.attribution.views.trace import Trace
from igcli.attribution.wanted import Wanted
from igcli.errors import IgError
from igcli.images.picture import Picture
from igcli.models.model import Provenance
from igcli.rendering.page.content import FULL, Detail, Origin, PhotoPage, ReportPage
from igcli.rendering.page.entries import ListPage, list_page_parts
from igcli.rendering.page.markup import page_parts
from igcli.rendering.page.photo_page import photo_page

METHODS = ("integrated", "gradient", "left-integrated")
ALPHAS = tuple(np.linspace(0, 1, 11).round(9).tolist())
ORIGIN = Origin(
    Provenance("toy-net", "toy.pt", "ab" * 32),
    settings={"method": list(METHODS), "baseline": "black", "steps": 16, "seed": 0, "against": None},
    versions={"igcli": "0.1.0"},
    command="ig report photos/ --model toy-net -o report.html",
    caveat="A toy knows five classes.",
)


def toy_explanation(seed: int = 0, *, name: str = "", methods: tuple[str, ...] = METHODS) -> Explanation:
    """A small photo of noise, explained by a small network: eleven frames, 16 steps."""
    picture = replace(random_picture(seed=seed), path=Path(name or f"photo {seed}.png"))
    wanted = Wanted(methods, settings=Settings(steps=16), interior=ALPHAS)
    (explanation,) = explain(classifier(small_network(), classes=5), [picture], wanted)[0]
    assert not isinstance(explanation, IgError)
    return explanation


def toy_photo(seed: int = 0, **keywords: object) -> PhotoPage:
    return photo_page(toy_explanation(seed, **keywords))


def page_html(page: ReportPage | ListPage) -> bytes:
    parts = list_page_parts(page) if isinstance(page, ListPage) else page_parts(page)
    return "".join(parts).encode("utf-8", "replace")


def toy_report(*photos: PhotoPage, **keywords: object) -> ReportPage:
    return ReportPage("A report", ORIGIN, photos or (toy_photo(),), **keywords)


def made_up(
    seed: int = 0, *, side: int = 224, frames: int = 5, methods: tuple[str, ...] = ("integrated",)
) -> Explanation:
    """A photo of noise with maps whose values reach over decades, as real ones do."""
    random = np.random.default_rng(seed)
    picture = Picture(torch.from_numpy(random.random((3, side, side), np.float32)), path=Path(f"made {seed}.png"))
    alphas = np.linspace(0, 1, max(frames, 2))
    scores = 1 / (1 + np.exp(-(alphas - 0.3) / 0.05))
    trace = Trace(alphas, scores, np.exp(-8 * alphas))
    target, ends = RankedClass(3, "tabby", 0.8), ScoreEnds("softmax", float(scores[-1]), float(scores[0]))
    results = {name: _attribution(name, random, side, trace, target, ends) for name in methods}
    interior = InteriorImportance()
    interior.frame_alphas = alphas
    interior.frames = random.gamma(0.7, size=(len(alphas), side, side)).astype(np.float32)
    top = (target, RankedClass(1, "tiger", 0.1), RankedClass(0, "lynx", 0.05))
    return Explanation(picture, top, target, ends, results, trace, interior if frames else None)


def made_up_photo(seed: int = 0, *, detail: Detail = FULL, **keywords: object) -> PhotoPage:
    return photo_page(made_up(seed, **keywords), detail=detail)


def _attribution(
    name: str, random: np.random.Generator, side: int, trace: Trace, target: RankedClass, ends: ScoreEnds
) -> Attribution:
    values = torch.from_numpy((random.standard_normal((3, side, side)) ** 3 * 1e-5).astype(np.float32))
    total = values.sum(dtype=torch.float64).item()
    completeness = Completeness.of(total, ends.rise, tolerance=0.01 if name == "integrated" else None)
    return Attribution(
        method=name,
        values=values,
        target=target,
        score=ends,
        total=total,
        completeness=completeness,
        trace=trace,
        weights=np.zeros(2),
        steps=16,
        gradient_evaluations=16,
        forward_evaluations=2,
        settings=Settings(),
    )
