from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rendering.page.browsing import choose, eventually, painted, text
from rendering.page.pages import ALPHAS, made_up_photo, toy_explanation, toy_report

from igcli.attribution.completeness import Completeness
from igcli.attribution.views.saturation import alpha_star
from igcli.attribution.views.trace import Trace
from igcli.rendering.page.photo_page import photo_page

LAST = len(ALPHAS) - 1


@pytest.fixture
def explanation():
    return toy_explanation()


@pytest.fixture
def page(visit, explanation):
    page = visit(toy_report(photo_page(explanation)))
    painted(page)
    return page


def at(page) -> int:
    """The frame that the slider is at."""
    alpha = float(page.locator("#alpha").input_value())
    return int(np.abs(np.array(ALPHAS) - alpha).argmin())


def shown(page) -> str:
    painted(page)
    return page.locator("#map").get_attribute("data-shown")


def across(page, alpha: float) -> tuple[float, float]:
    """Where α lies on the screen, at half the curve's height."""
    page.locator("#curve").scroll_into_view_if_needed()
    box, slider = page.locator("#curve").bounding_box(), page.locator("#alpha").bounding_box()
    thumb = 18  # of the slider under the plot, half of it to each side
    return slider["x"] + thumb / 2 + alpha * (slider["width"] - thumb), box["y"] + box["height"] / 2


def stop_the_clock(page) -> None:
    """From here on time passes only when a test advances it."""
    page.clock.install(time=0)
    page.clock.pause_at(10)


def test_it_begins_at_the_photo_with_the_map_and_not_with_a_frame(page):
    assert at(page) == LAST
    assert shown(page) == "integrated"
    assert text(page, "#now-alpha") == "1.00"


def test_arrow_keys_move_the_slider_from_frame_to_frame(page):
    slider = page.locator("#alpha")
    slider.focus()
    places = []
    for key in ("Home", "ArrowRight", "ArrowUp", "ArrowLeft", "PageUp", "End", "ArrowRight", "PageDown", "ArrowDown"):
        slider.press(key)
        places.append(at(page))
    assert places == [0, 1, 2, 1, 2, LAST, LAST, LAST - 1, LAST - 2]
    assert shown(page) == f"interior {LAST - 2}"
    assert page.locator("#map-title").text_content() == "Gradients at α = 0.80"


def test_the_slider_says_where_it_is_and_what_the_score_is_there(page, explanation):
    slider = page.locator("#alpha")
    slider.focus()
    slider.press("Home")
    score = explanation.trace.score_at(0.0)
    said = slider.get_attribute("aria-valuetext")
    assert said.startswith("α 0.00, score ")
    assert f"{100 * score:.1f} %" in said or (score < 0.0005 and "< 0.1 %" in said)
    assert slider.get_attribute("aria-label").startswith("α")


def test_the_numbers_above_the_curve_are_those_of_the_trace(page, explanation):
    page.locator("#alpha").fill("0.5")
    assert at(page) == 5
    importance = explanation.trace.importance_at(0.5)
    assert text(page, "#now-importance").startswith(f"{importance:.3g}"[:3])


def test_dragging_along_the_curve_moves_slider_cursor_and_map(page):
    x, y = across(page, 0.2)
    page.mouse.move(x, y)
    page.mouse.down()
    assert at(page) == 2
    for alpha in (0.31, 0.52, 0.68):
        page.mouse.move(*across(page, alpha))
    assert at(page) == 7
    assert shown(page) == "interior 7"
    cursor = page.locator("#curve .cursor").bounding_box()
    assert cursor["x"] + cursor["width"] / 2 == pytest.approx(across(page, 0.7)[0], abs=1)
    page.mouse.move(*across(page, 3.0))
    assert at(page) == LAST
    page.mouse.up()
    page.mouse.move(*across(page, 0.1))
    assert at(page) == LAST


def test_the_slider_lies_under_the_curve_thumb_under_cursor(page):
    box = page.locator("#alpha").bounding_box()
    for alpha in (0.0, 0.3, 1.0):
        page.locator("#alpha").fill(f"{alpha:g}")
        thumb = box["x"] + 9 + alpha * (box["width"] - 18)
        cursor = page.locator("#curve .cursor").bounding_box()
        assert cursor["x"] + cursor["width"] / 2 == pytest.approx(thumb, abs=1.5)


def test_the_curve_is_drawn_anew_when_the_window_changes(page):
    page.set_viewport_size({"width": 700, "height": 800})
    eventually(page, "document.getElementById('curve').clientWidth === Number(document.getElementById('curve')"
               ".getAttribute('viewBox').split(' ')[2])")  # fmt: skip
    page.mouse.click(*across(page, 0.4))
    assert at(page) == 4


def test_playing_runs_to_the_photo_and_can_be_paused(page):
    stop_the_clock(page)
    play = page.locator("#play")
    play.click()
    page.clock.run_for(300)
    assert play.get_attribute("aria-label") == "Pause"
    assert 0 < at(page) < LAST
    assert shown(page) == f"interior {at(page)}"
    play.click()
    assert play.get_attribute("aria-label") == "Play"
    here = at(page)
    page.clock.run_for(300)
    assert at(page) == here
    play.click()
    page.clock.run_for(2000)
    assert play.get_attribute("aria-label") == "Play"
    assert at(page) == LAST


def test_picking_a_map_stops_the_film(page):
    stop_the_clock(page)
    page.locator("#play").click()
    page.clock.run_for(100)
    choose(page, "shown", "Gradient")
    page.clock.run_for(300)
    assert shown(page) == "gradient"
    assert page.locator("#play").get_attribute("aria-label") == "Play"


def test_the_split_is_marked_where_the_method_made_it(page, explanation):
    extras = explanation.results["left-integrated"].extras
    mark = page.locator("#curve .split").bounding_box()
    assert mark["x"] == pytest.approx(across(page, extras["alpha_star"])[0], abs=2)
    words = text(page, "#curve .split-text")
    assert f"α* {extras['alpha_star']:.2f}" in words
    assert words.startswith("left ")


def test_without_a_split_method_the_mark_is_where_the_curve_passes(visit):
    explanation = toy_explanation(methods=("integrated",))
    page = visit(toy_report(photo_page(explanation)))
    trace = explanation.trace
    star = alpha_star(trace.alphas, trace.scores, at_baseline=trace.at_baseline, at_image=trace.at_image)
    assert text(page, "#curve .split-text") == f"α* {star:.2f}"


def test_the_curve_is_said_in_words(page, explanation):
    said = text(page, "#curve-said")
    assert said.startswith(f"The softmax score of {explanation.target.label} is ")
    assert "it has made 90 % of its rise" in said


def test_the_photo_can_be_dimmed_as_the_network_sees_it(page):
    page.locator("#alpha").fill("0.3")
    page.locator("#dim").check()
    assert page.locator("#photo").evaluate("image => image.style.filter") == "brightness(0.3)"
    assert text(page, "#photo-title") == "The photo at α = 0.30"
    choose(page, "shown", "Integrated")
    assert page.locator("#photo").evaluate("image => image.style.filter") == ""


def test_without_frames_the_cursor_still_moves_along_the_curve(visit):
    explanation = replace(toy_explanation(), interior=None)
    page = visit(toy_report(photo_page(explanation)))
    slider = page.locator("#alpha")
    slider.focus()
    slider.press("Home")
    assert float(slider.input_value()) == pytest.approx(explanation.trace.alphas[0], abs=1e-6)
    assert shown(page) == "integrated"
    assert page.locator("#shown input").count() == 3


def test_a_score_that_is_no_probability_has_an_axis_of_its_own(visit):
    photo = made_up_photo(side=32)
    scores = tuple(-4 + 9 * alpha for alpha in photo.curve.alphas)
    photo = replace(photo, curve=replace(photo.curve, scores=scores),
                    score=replace(photo.score, kind="logit", at_image=5.0, at_baseline=-4.0))  # fmt: skip
    page = visit(toy_report(photo))
    painted(page)
    ticks = page.locator("#curve .tick").all_text_contents()
    assert {"−2.5", "0", "2.5", "5"} <= set(ticks)
    assert text(page, "#now-score") == "5"


def test_where_no_path_was_followed_no_curve_is_made_up(visit, explanation):
    page = visit(
        toy_report(
            photo_page(replace(explanation, trace=Trace(np.array([0.0, 1.0]), np.array([0.1, 0.8])), interior=None))
        )
    )
    painted(page)
    assert not page.locator(".card.path").is_visible()


def test_the_numbers_of_a_mean_over_samples_say_so(visit, explanation):
    (name, result), *_ = explanation.results.items()
    mean = replace(result, completeness=Completeness(0.02, 0.03, None, "mean rise"), steps=40)
    page = visit(toy_report(photo_page(replace(explanation, results={name: mean}))))
    painted(page)
    said = text(page, "#numbers")
    assert "Gap of the mean" in said
    assert "over 40 samples" in said


@pytest.mark.parametrize("width", [1280, 900, 390, 320])
@pytest.mark.parametrize(("kind", "size"), [("logit", 3.2e-7), ("logit", -3.21e4), ("softmax", 0.9)])
def test_no_tick_is_cut_however_long_and_the_slider_stays_under_the_plot(visit, explanation, width, kind, size):
    photo = photo_page(explanation)
    scores = tuple(size * alpha for alpha in photo.curve.alphas)
    importance = tuple(1.23e-12 * (1 + alpha) for alpha in photo.curve.alphas)
    page = visit(
        toy_report(
            replace(
                photo,
                score=replace(photo.score, kind=kind),
                curve=replace(photo.curve, scores=scores, mean_importance=importance),
            )
        ),
        width=width,
    )
    box = page.locator("#curve").bounding_box()
    for tick in page.locator("#curve text").all():
        found = tick.bounding_box()
        assert found["x"] >= box["x"] - 0.5, tick.text_content()
        assert found["x"] + found["width"] <= box["x"] + box["width"] + 0.5, tick.text_content()
    page.locator("#alpha").press("Home")
    cursor = page.locator("#curve .cursor").evaluate("each => each.getBoundingClientRect().x")
    assert cursor == pytest.approx(across(page, 0)[0], abs=1)
    assert page.locator("#curve .axis-label").text_content() == "α"
