from __future__ import annotations

import re

import pytest
from rendering.page.browsing import choose, painted, text
from rendering.page.pages import toy_explanation, toy_report

from igcli.rendering.page.photo_page import photo_page


@pytest.fixture
def explanation():
    return toy_explanation()


@pytest.fixture
def page(visit, explanation):
    page = visit(toy_report(photo_page(explanation)))
    painted(page)
    return page


def point(page, x: int, y: int, frame: str = "map-frame") -> str:
    """Point at a pixel of the 12 × 12 map."""
    page.locator(f"#{frame}").scroll_into_view_if_needed()
    box = page.locator(f"#{frame}").bounding_box()
    page.mouse.move(box["x"] + (x + 0.5) / 12 * box["width"], box["y"] + (y + 0.5) / 12 * box["height"])
    return text(page, "#reading")


def number(words: str) -> float:
    """The first number after the colon, as the page writes it."""
    sign, digits, exponent = re.search(r": ([+−]?)([\d.]+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))?", words).groups()
    power = int((exponent or "⁰").translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")))
    return (-1 if sign == "−" else 1) * float(digits) * 10.0**power


def percents(words: str) -> list[float]:
    found = re.findall(r"([+−]?)([\d.]+)(?: × 10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+))? %", words)
    return [number(f": {sign}{digits}" + (f" × 10{power}" if power else "")) for sign, digits, power in found]


def test_the_value_under_the_pointer_and_its_share_of_the_score_are_read_out(page, explanation):
    words = point(page, 7, 4)
    value = explanation.results["integrated"].values.double().sum(0)[4, 7].item()
    rise = explanation.score.rise
    assert words.startswith("x 7, y 4: ")
    assert number(words) == pytest.approx(value, rel=0.01)
    own, around = percents(words)
    assert own == pytest.approx(100 * value / rise, rel=0.01)
    area = explanation.results["integrated"].values.double().sum(0)[0:12, 0:12][:12, :].numpy()
    assert around == pytest.approx(100 * area[0:12, 0:12][: 4 + 8, 0:12].sum() / rise, rel=0.01)
    assert "of the score's rise" in words


def test_a_map_that_promises_no_sum_has_shares_of_its_own_importance(page, explanation):
    choose(page, "shown", "Gradient")
    painted(page)
    words = point(page, 2, 9)
    importance = explanation.results["gradient"].values.double().abs().sum(0)
    assert number(words) == pytest.approx(importance[9, 2].item(), rel=0.01)
    assert percents(words)[0] == pytest.approx(100 * (importance[9, 2] / importance.sum()).item(), rel=0.01)
    assert "of the map's importance" in words


def test_interior_gradients_are_read_out_too(page, explanation):
    page.locator("#alpha").fill("0.4")
    painted(page)
    words = point(page, 5, 5)
    assert number(words) == pytest.approx(explanation.interior.frames[4][5, 5], rel=0.02)
    assert "at this α" in words


def test_the_mark_is_on_both_pictures_and_disappears_with_the_pointer(page):
    point(page, 3, 8, frame="photo-frame")
    assert page.locator(".spot:visible").count() == 2
    page.mouse.move(2, 2)
    assert page.locator(".spot:visible").count() == 0
    assert text(page, "#reading") == "Point at a picture to read its values."


def test_the_arrow_keys_move_the_mark(page):
    frame = page.locator("#map-frame")
    frame.focus()
    frame.press("ArrowLeft")
    assert text(page, "#reading").startswith("x 5, y 6: ")
    frame.press("Shift+ArrowDown")
    assert text(page, "#reading").startswith("x 5, y 11: ")
    frame.press("Escape")
    assert page.locator(".spot:visible").count() == 0


def test_what_is_read_out_follows_the_map(page):
    before = point(page, 7, 4)
    page.locator("#shown input:checked").press("ArrowRight")
    painted(page)
    page.locator("#map-frame").hover()
    assert point(page, 7, 4) != before
