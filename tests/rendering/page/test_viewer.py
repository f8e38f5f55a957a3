from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rendering.page.browsing import choose, eventually, painted, pixels, slide, text
from rendering.page.pages import made_up, toy_explanation, toy_report

from igcli.attribution.completeness import Completeness
from igcli.rendering.overlay import overlay
from igcli.rendering.page.photo_page import photo_page
from igcli.rendering.scaling import Scale


@pytest.fixture
def explanation():
    return toy_explanation()


@pytest.fixture
def page(visit, explanation):
    return visit(toy_report(photo_page(explanation)))


def checked(page, group: str) -> str:
    return page.locator(f"#{group} input:checked").input_value()


def test_the_photo_is_shown_as_the_model_saw_it(page, explanation):
    painted(page)
    eventually(page, "document.getElementById('photo').naturalWidth > 0")
    assert page.locator("#photo").evaluate("image => [image.naturalWidth, image.naturalHeight]") == [12, 12]
    assert page.locator("#photo").get_attribute("alt") == "photo 0.png, as the model saw it"
    slide(page, "opacity", 0)
    np.testing.assert_array_equal(pixels(page), explanation.picture.array())


def test_methods_are_switched_between(page, explanation):
    names = page.locator("#shown label").all_text_contents()
    assert names == ["Integrated", "Gradient", "Left integrated", "Interior gradients"]
    first = pixels(page)
    choose(page, "shown", "Gradient")
    assert np.abs(pixels(page) - first).max() > 20
    assert text(page, "#map-title") == "Gradient"
    assert "radient at the photo itself" in text(page, "#map-summary")
    page.locator("#shown input:checked").press("ArrowLeft")
    np.testing.assert_array_equal(pixels(page), first)


def test_style_and_percentile_begin_as_the_report_says(visit, explanation):
    page = visit(toy_report(photo_page(explanation), style="heat", scale=Scale(percentile=97.25)))
    painted(page)
    assert checked(page, "styles") == "heat"
    assert text(page, "#percentile-said") == "97.25"


def test_a_percentile_below_the_sliders_own_range_can_be_begun_with(visit, explanation):
    page = visit(toy_report(photo_page(explanation), scale=Scale(percentile=20)))
    assert float(page.locator("#percentile").input_value()) == 20
    assert text(page, "#percentile-said") == "20"


def test_a_lower_percentile_brightens_the_map(page):
    means = []
    for percentile in (100, 90, 60):
        slide(page, "percentile", percentile)
        means.append(pixels(page).mean())
    assert means == sorted(means)
    assert text(page, "#percentile-said") == "60"


def test_the_percentile_slider_answers_to_the_arrow_keys(page):
    slider = page.locator("#percentile")
    slider.focus()
    slider.press("ArrowLeft")
    assert text(page, "#percentile-said") == "98.9"
    assert slider.get_attribute("aria-valuetext") == "98.9"


def test_the_sign_is_shown_and_hidden_by_one_switch(page):
    choose(page, "styles", "Heat")
    hidden = pixels(page)
    page.locator("#sign").check()
    assert checked(page, "styles") == "signed"
    assert np.abs(pixels(page) - hidden).max() > 20
    page.locator("#sign").uncheck()
    assert checked(page, "styles") == "heat"
    np.testing.assert_array_equal(pixels(page), hidden)


def test_interior_gradients_have_no_sign_to_show(page):
    choose(page, "styles", "Signed")
    choose(page, "shown", "Interior gradients")
    painted(page)
    assert checked(page, "styles") == "lit"
    assert page.locator("#sign").is_disabled()
    choose(page, "shown", "Integrated")
    painted(page)
    assert checked(page, "styles") == "signed"


def test_the_legend_and_the_key_say_what_the_colours_mean(page, explanation):
    painted(page)
    assert "as bright as it is important" in text(page, "#legend")
    importance = explanation.results["integrated"].values.abs().double().sum(0).numpy()
    assert text(page, "#key-high").startswith("≥ ")
    slide(page, "percentile", 100)
    painted(page)
    assert float(text(page, "#key-high")) == pytest.approx(importance.max(), rel=0.01)
    choose(page, "styles", "Signed")
    painted(page)
    assert text(page, "#key-low").startswith("−")
    assert "lower it" in text(page, "#legend")


def test_the_five_most_probable_classes_are_listed_and_the_explained_one_marked(page, explanation):
    items = page.locator("#top li")
    assert items.count() == 5
    assert [item.split()[1] for item in page.locator("#top .ranking-label").all_text_contents()] == [
        ranked.label.split()[1] for ranked in explanation.prediction
    ]
    assert page.locator("#top .explained").count() == 1
    assert "this class is explained" in items.first.text_content()


def test_the_completeness_gap_is_shown_for_every_map_that_promises_one(page, explanation):
    gap = explanation.results["integrated"].completeness
    numbers = text(page, "#numbers")
    assert f"{100 * gap.relative_gap:.3g}"[:4] in numbers
    assert numbers.count("Completeness gap") == 1
    assert ("within the tolerance" in numbers) == bool(gap.within_tolerance)


def test_a_gap_above_the_tolerance_is_marked_in_words_and_colour(visit, explanation):
    poor = replace(explanation.results["integrated"], completeness=Completeness(0.2, 0.25, within_tolerance=False))
    page = visit(toy_report(photo_page(replace(explanation, results={"integrated": poor}))))
    assert text(page, "#numbers .poor") == "25 % !"
    assert "above the tolerance" in text(page, "#numbers")


def test_notes_of_the_reader_and_of_the_score_are_shown(visit, explanation):
    picture = replace(explanation.picture, notes=("rotated by EXIF",))
    score = replace(explanation.score, note="The network ends in softmax.")
    page = visit(toy_report(photo_page(replace(explanation, sample=picture, score=score))))
    assert page.locator("#notes li").all_text_contents() == ["rotated by EXIF", "The network ends in softmax."]


def test_the_class_compared_with_is_named(visit, explanation):
    photo = photo_page(explanation)
    page = visit(toy_report(replace(photo, score=replace(photo.score, kind="margin", against="class e"))))
    assert text(page, "#verdict").endswith("and not class e")


def test_a_photo_without_maps_shows_its_frames(visit, explanation):
    page = visit(toy_report(photo_page(replace(explanation, results={}))))
    painted(page)
    assert page.locator("#map").get_attribute("data-shown") == "interior 10"


def test_every_control_has_a_name_and_can_be_reached_by_tab(page):
    painted(page)
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id || document.activeElement.name"))
    assert {"theme", "shown", "map-frame", "play", "alpha", "style", "sign", "percentile", "opacity"} <= set(reached)
    controls = page.locator("button:visible, input:visible, select:visible, #map-frame")
    nameless = [
        control.evaluate("element => element.outerHTML")
        for control in controls.all()
        if not control.evaluate(
            "e => e.ariaLabel || e.getAttribute('aria-label') || e.textContent.trim() || (e.labels ?? []).length"
        )
    ]
    assert nameless == []


def test_maps_of_a_shared_scale_are_painted_with_it_until_the_reader_chooses_otherwise(visit):
    explanation = made_up()
    ceiling = 0.5 * float(explanation.results["integrated"].values.abs().sum(dim=0).max())
    scale = Scale(shared={"integrated": ceiling})
    page = visit(toy_report(photo_page(explanation), style="map:viridis", scale=scale))

    def apart(scale: Scale) -> int:
        drawn = overlay(explanation.picture, explanation.results["integrated"], style="map:viridis", scale=scale)
        return int(np.abs(pixels(page) - np.asarray(drawn).astype(int)).max())

    assert apart(scale.of("integrated")) <= 6
    assert page.locator("#percentile-said").inner_text() == "as in all photos"
    assert "viridis" in page.locator("#legend").inner_text()
    slide(page, "percentile", 90)
    assert not page.locator("#alike").is_checked()
    assert apart(Scale(percentile=90)) <= 6
    page.locator("#alike").check()
    assert apart(scale.of("integrated")) <= 6


def test_a_page_without_a_shared_scale_offers_none(visit):
    page = visit(toy_report())
    assert page.locator("#alike-line").is_hidden()
