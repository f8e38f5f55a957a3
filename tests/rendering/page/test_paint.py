from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from rendering.page.browsing import choose, pixels, slide
from rendering.page.pages import made_up, toy_explanation, toy_report

from igcli.attribution.explain import explain
from igcli.attribution.result import Explanation, Settings
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.reading import read_image
from igcli.models.zoo import load_model
from igcli.registry import Entry
from igcli.rendering.film import Film, Look, painter
from igcli.rendering.overlay import overlay
from igcli.rendering.page.content import COMPACT
from igcli.rendering.page.photo_page import photo_page
from igcli.rendering.page.style_tables import check_style, painted_styles
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES, Style

#: Steps of a colour's 255. Strengths are rounded to 256 levels, and neighbours in the table of heat are up to 6 apart.
CLOSE = 6


def expected(explanation: Explanation, style: str, percentile: float, *, method: str = "integrated") -> np.ndarray:
    scale = Scale(percentile=percentile)
    return np.asarray(overlay(explanation.picture, explanation.results[method], style=style, scale=scale)).astype(int)


def with_values(explanation: Explanation, values: torch.Tensor) -> Explanation:
    result = replace(explanation.results["integrated"], values=values)
    return replace(explanation, results={"integrated": result})


def difference(page, explanation: Explanation, style: str, percentile: float, *, method: str = "integrated") -> int:
    choose(page, "styles", style.capitalize())
    slide(page, "percentile", percentile)
    apart = np.abs(pixels(page) - expected(explanation, style, percentile, method=method))
    assert apart.mean() < 0.5
    return int(apart.max())


def test_the_canvas_is_the_png_of_ig_explain_in_every_style_at_every_percentile(visit):
    explanation = made_up()
    page = visit(toy_report(photo_page(explanation)))
    apart = {
        (style, percentile): difference(page, explanation, style, percentile)
        for style in STYLES
        for percentile in (99, 99.9, 100, 90, 50)
    }
    assert max(apart.values()) <= CLOSE, apart


def test_a_real_photo_is_painted_as_by_ig_explain(visit, samples):
    model = load_model("caltech101")
    picture = read_image(samples / "motorcycle.jpg", size=model.input_size)
    wanted = Wanted(("integrated", "gradient"), settings=Settings(steps=3), interior="nodes")
    (explanation,) = explain(model, [picture], wanted)[0]
    page = visit(toy_report(photo_page(explanation)))
    assert {style: difference(page, explanation, style, 99) for style in STYLES} == pytest.approx(
        dict.fromkeys(STYLES, 0), abs=CLOSE
    )
    choose(page, "shown", "Gradient")
    assert difference(page, explanation, "heat", 97, method="gradient") <= CLOSE


@pytest.mark.parametrize("unit", [2.0**-90, 1.0, 2.0**90])
def test_the_unit_of_the_values_does_not_matter(visit, unit):
    explanation = made_up(side=32)
    values = explanation.results["integrated"].values.double() * unit
    page = visit(toy_report(photo_page(with_values(explanation, values))))
    assert difference(page, explanation, "map", 99) <= CLOSE


def test_a_small_photo_of_another_form_is_painted_too(visit):
    explanation = toy_explanation()
    narrow = replace(explanation.picture, pixels=explanation.picture.pixels[:1, :, :8])
    values = explanation.results["integrated"].values[:1, :, :8]
    explanation = with_values(replace(explanation, sample=narrow, interior=None), values)
    page = visit(toy_report(photo_page(explanation)))
    assert pixels(page).shape == (12, 8, 3)
    assert difference(page, explanation, "signed", 95) <= CLOSE


def test_a_map_so_sparse_that_its_percentile_is_zero_is_scaled_to_its_maximum(visit):
    explanation = made_up(side=32)
    values = torch.zeros(3, 32, 32)
    values[:, 4, 5] = torch.tensor([0.5, -2.0, 0.25])
    explanation = with_values(explanation, values)
    page = visit(toy_report(photo_page(explanation)))
    assert {style: difference(page, explanation, style, 99) for style in STYLES} == pytest.approx(
        dict.fromkeys(STYLES, 0), abs=CLOSE
    )


def test_a_blank_map_shows_the_dimmed_photo_and_says_so(visit):
    explanation = with_values(made_up(side=32), torch.zeros(3, 32, 32))
    page = visit(toy_report(photo_page(explanation)))
    assert difference(page, explanation, "lit", 99) <= CLOSE
    assert "zero everywhere" in page.locator("#legend").text_content()


def test_opacity_mixes_the_map_with_the_photo(visit):
    explanation = made_up(side=64)
    page = visit(toy_report(photo_page(explanation)))
    photo, full = explanation.picture.array().astype(float), expected(explanation, "lit", 99)
    for opacity in (0, 50, 100):
        slide(page, "opacity", opacity)
        mixed = photo * (1 - opacity / 100) + full * opacity / 100
        assert np.abs(pixels(page) - mixed).max() <= CLOSE


@pytest.mark.parametrize(("normalize", "words"), [("frame", "each α on its own"), ("path", "one for all")])
def test_interior_gradients_look_as_those_of_ig_animate(visit, normalize, words):
    explanation = made_up(side=224)
    page = visit(toy_report(photo_page(explanation)))
    film = Film(explanation.picture.image(), explanation.interior.frame_alphas, explanation.interior.frames,
                explanation.trace, "tabby")  # fmt: skip
    choose(page, "shown", "Interior gradients")
    choose(page, "ranges", words)
    for place in (2, 4):
        slide(page, "alpha", explanation.interior.frame_alphas[place])
        apart = pixels(page) - np.asarray(painter(film, Look(normalize=normalize), (224, 224))(film.frames[place])[0])
        # Stored in 256 levels of the square root: a step there is at most 2 / 255 of full brightness near the ceiling.
        assert np.abs(apart).max() <= 4
        assert np.abs(apart).mean() < 0.5


def test_coarsely_kept_maps_look_the_same_to_the_eye(visit):
    explanation = made_up()
    slope = torch.linspace(0.2, 0.9, 224).expand(3, 224, 224)  # a JPEG would not keep noise
    explanation = replace(explanation, sample=replace(explanation.picture, pixels=slope))
    page = visit(toy_report(photo_page(explanation, detail=COMPACT)))
    for style in STYLES:
        choose(page, "styles", style.capitalize())
        apart = np.abs(pixels(page) - expected(explanation, style, 99))
        assert apart.mean() < 1.5, style
        assert np.percentile(apart, 99) <= 8, style


def test_the_key_runs_from_nothing_to_full(visit):
    page = visit(toy_report())
    ends = {}
    for style in STYLES:
        choose(page, "styles", style.capitalize())
        row = pixels(page, "key")[0]
        ends[style] = (row[0].tolist(), row[-1].tolist())
    assert ends["lit"] == ([0, 0, 0], [255, 255, 255])
    assert ends["heat"][0] == [53, 53, 53]
    assert ends["map"] == ([6, 6, 16], [255, 248, 196])
    red, green = ends["signed"]
    assert np.argmax(red) == 0
    assert np.argmax(green) == 1


@pytest.fixture
def plug_in(monkeypatch):
    """Registers a paint function as a style of its own, for the length of a test."""

    def register(name: str, paint, aggregation: str = "abs-sum") -> None:
        entry = Entry(name, "Another style.", Style(paint, aggregation, f"How {name} looks."))
        monkeypatch.setitem(STYLES._entries, name, entry)

    return register


def test_a_style_of_a_plug_in_is_painted_as_python_paints_it(visit, plug_in):
    def tinted(photo, strength):
        swapped = photo[..., ::-1] * (1 - 0.5 * np.abs(strength[..., None]))
        return swapped * 0.4 + 100 * np.stack([strength.clip(0), np.abs(strength), strength * 0], axis=-1)

    plug_in("tinted", tinted, "signed-sum")
    explanation = made_up(side=64)
    page = visit(toy_report(photo_page(explanation), style="tinted"))
    assert difference(page, explanation, "tinted", 99) <= 2
    assert page.locator("#legend").text_content() == "How tinted looks."
    assert page.locator("#sign").is_checked()


def test_a_style_that_paints_a_pixel_by_its_neighbours_is_refused_by_name(plug_in):
    plug_in("blurred", lambda photo, strength: (photo + np.roll(photo, 1, axis=1)) * 0.5 * strength[..., None])
    with pytest.raises(UsageError, match=r"cannot paint the style .blurred..*Choose from: lit, heat, signed, map"):
        check_style("blurred")
    assert "blurred" not in painted_styles()
    assert {"lit", "heat", "signed", "map"} <= set(painted_styles())
