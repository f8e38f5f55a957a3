from __future__ import annotations

import re
from dataclasses import replace

import pytest
from rendering.page.browsing import eventually, painted, text
from rendering.page.pages import made_up_photo, toy_photo, toy_report

from igcli.attribution.completeness import Completeness
from igcli.attribution.targets import TrueClass
from igcli.rendering.page.content import COMPACT, PhotoPage, SplitPage


@pytest.fixture(scope="module")
def photos() -> list[PhotoPage]:
    """Four photos: names, labels, scores, gaps and α* that sort differently; the last has neither gap nor α*."""
    rows = [
        ("zoo/img10.jpg", "tabby", 0.7, 0.003, 0.6),
        ("zoo/img9.jpg", "Persian cat", 0.9, 0.02, 0.2),
        ("home/straße.jpg", "tiger", 0.1, 0.001, 0.4),
        ("home/Rex.png", "collie", 0.5, None, None),
    ]
    made = []
    for seed, (name, label, score, gap, star) in enumerate(rows):
        photo = toy_photo(seed)
        target = replace(photo.target, label=label, probability=score)
        completeness = Completeness(gap or 0.0, gap or 0.0, None if gap is None else True)
        maps = (replace(photo.maps[0], completeness=completeness),)
        split = None if star is None else SplitPage(star, 0.9)
        ends = replace(photo.score, at_image=score)
        made.append(replace(photo, name=name, target=target, top=(target,), maps=maps, split=split, score=ends))
    return made


@pytest.fixture
def page(visit, photos):
    return visit(toy_report(*photos))


def names(page) -> list[str]:
    return [name.rpartition("/")[2] for name in page.locator("#cards li:visible .tile-name bdi").all_text_contents()]


def stems(page) -> str:
    return " ".join(name.partition(".")[0] for name in names(page))


def shows(page, photo: str) -> None:
    """Wait until a photo is open: the browser announces a new address only after the click."""
    eventually(page, f"document.getElementById('name').textContent.trim() === {photo!r}")


def test_several_photos_begin_as_cards_with_their_numbers(page):
    assert names(page) == ["img10.jpg", "img9.jpg", "straße.jpg", "Rex.png"]
    assert page.locator("#viewer").is_hidden()
    assert text(page, "#cards li:first-child .tile-label") == "tabby 70.0 %"
    assert text(page, "#cards li:first-child .tile-facts") == "gap 0.3 % · α* 0.60"
    assert text(page, "#count") == "4"


def test_wrong_predictions_come_first_and_are_marked_where_true_classes_are_known(visit, photos):
    truths = [TrueClass(0, "tabby"), TrueClass(4, "lynx"), None, TrueClass(None, "yeti")]
    judged = [
        replace(photo, truth=truth, top=(replace(photo.target, index=0),))
        for photo, truth in zip(photos, truths, strict=True)
    ]

    page = visit(toy_report(*judged))

    assert page.locator("#sort").input_value() == "correct"
    assert names(page) == ["img9.jpg", "img10.jpg", "straße.jpg", "Rex.png"]
    marks = page.locator("#cards li .tile-truth")
    assert marks.all_text_contents() == ["✗ predicted wrongly, it is lynx", "✓ predicted right", "", "it is yeti"]
    assert [mark.is_visible() for mark in marks.all()] == [True, True, False, True]
    assert ", 1 of 2 predicted wrongly, " in text(page, "#subtitle")
    page.locator("#search").fill("lynx")
    assert names(page) == ["img9.jpg"]
    page.locator("#cards li:visible a").click()
    shows(page, "zoo/img9.jpg")
    assert text(page, "#verdict .wrong") == "✗ predicted wrongly, it is lynx"


def test_a_gap_says_its_unit_and_how_small_it_is_on_its_card_and_among_the_numbers(visit, photos):
    gap = Completeness(0.0004, 0.45, within_tolerance=True, relative_to="range", floor=0.001)
    photo = replace(photos[0], maps=(replace(photos[0].maps[0], completeness=gap),))
    words = "45 % of the score's range, but only 0.0004 of the score"
    page = visit(toy_report(photo, photos[1]))
    assert f"gap {words} · α* 0.60" in text(page, "#cards li:first-child .tile-facts")
    page.locator("#cards a").first.click()
    painted(page)
    assert f"{words}: within the tolerance; map sums to" in text(page, "#numbers")


def test_without_true_classes_nothing_is_called_wrong(page):
    assert page.locator("#sort").input_value() == "order"
    assert page.locator("#sort option[value=correct]").count() == 0
    assert "wrongly" not in text(page, "#subtitle")


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("CAT", ["img9.jpg"]),
        ("img", ["img10.jpg", "img9.jpg"]),
        ("home/", ["straße.jpg", "Rex.png"]),
        ("  tabby ", ["img10.jpg"]),
        ("straße", ["straße.jpg"]),
        (".*", []),
        ("", ["img10.jpg", "img9.jpg", "straße.jpg", "Rex.png"]),
    ],
)
def test_search_finds_labels_and_files(page, words, found):
    page.locator("#search").fill(words)
    assert names(page) == found
    assert page.locator("#nothing").is_visible() == (not found)


@pytest.mark.parametrize(
    ("key", "rising", "falling"),
    [
        ("file", "Rex straße img9 img10", "img10 img9 straße Rex"),
        ("label", "Rex img9 img10 straße", "straße img10 img9 Rex"),
        ("score", "straße Rex img10 img9", "img9 img10 Rex straße"),
        ("gap", "straße img10 img9 Rex", "img9 img10 straße Rex"),
        ("star", "img9 straße img10 Rex", "img10 straße img9 Rex"),
    ],
)
def test_cards_are_sorted_both_ways_and_those_without_the_value_come_last(page, key, rising, falling):
    page.locator("#sort").select_option(key)
    assert stems(page) == rising
    page.locator("#direction").click()
    assert stems(page) == falling
    assert page.locator("#direction").get_attribute("aria-label").startswith("Falling")


def test_a_card_opens_its_photo_and_the_way_back_leads_to_the_card(page):
    page.locator("#cards a").nth(2).click()
    painted(page)
    shows(page, "home/straße.jpg")
    assert page.locator("#gallery").is_hidden()
    assert page.title() == "home/straße.jpg – A report"
    assert page.evaluate("document.activeElement.id") == "name"
    page.locator("#back").click()
    page.locator("#viewer").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.closest('li').dataset.number") == "2"
    page.go_back()
    painted(page)
    shows(page, "home/straße.jpg")


def test_previous_and_next_follow_the_order_of_the_cards(page):
    page.locator("#sort").select_option("score")
    page.locator("#cards a").nth(1).click()
    shows(page, "home/Rex.png")
    page.locator("#next").click()
    shows(page, "zoo/img10.jpg")
    page.locator("#next").click()
    shows(page, "zoo/img9.jpg")
    assert page.locator("#next").get_attribute("href") is None
    page.locator("#previous").click()
    shows(page, "zoo/img10.jpg")


def test_an_address_with_a_photo_opens_that_photo_and_a_wrong_one_the_gallery(visit, photos):
    page = visit(toy_report(*photos), "#photo-2")
    shows(page, "zoo/img9.jpg")
    page = visit(toy_report(*photos), "#photo-9")
    assert page.locator("#gallery").is_visible()


def shown(page) -> set[int]:
    """The cards whose pictures are unpacked."""
    return {int(card.get_attribute("data-number")) for card in page.locator("#cards [data-state=shown]").all()}


def test_of_two_hundred_photos_only_those_in_view_are_unpacked(visit):
    photo = made_up_photo(side=64, frames=3, detail=COMPACT)
    page = visit(toy_report(*(replace(photo, name=f"photo {number}.jpg") for number in range(200))))
    page.wait_for_selector("#cards [data-state=shown]")
    eventually(page, "document.querySelectorAll('[data-state=shown]').length > 7")
    page.wait_for_timeout(300)
    first = shown(page)
    assert 0 in first
    assert max(first) < 60
    page.evaluate("document.querySelector('#cards li:last-child').scrollIntoView()")
    page.wait_for_selector("#cards li:last-child[data-state=shown]")
    page.wait_for_selector("#cards li:first-child:not([data-state=shown])", state="attached")
    last = shown(page)
    assert min(last) > 100
    # Those that are out of view hold neither a picture nor a canvas of size.
    held = page.evaluate("[...document.querySelectorAll('#cards canvas')].filter(e => e.width > 1).length")
    assert held <= len(last) + 12
    assert page.locator("#cards li").nth(0).locator("img").get_attribute("src") is None
    page.locator("#search").fill("photo 150.jpg")
    page.wait_for_selector("#cards li[data-number='150'][data-state=shown]")
    assert text(page, "#count") == "1 of 200"


def test_leaving_the_gallery_lets_all_its_pictures_go(page):
    page.wait_for_selector("#cards [data-state=shown]")
    page.locator("#cards a").first.click()
    eventually(page, "document.querySelectorAll('[data-state=shown]').length === 0")
    page.locator("#back").click()
    page.wait_for_selector("#cards [data-state=shown]")


def test_the_cards_use_the_style_that_was_chosen_for_a_photo(visit, photos):
    page = visit(toy_report(*photos), "#photo-1")
    page.locator("#sign").check()
    painted(page)
    page.locator("#back").click()
    page.wait_for_selector("#cards li:first-child[data-state=shown]")
    data = page.evaluate(
        "[...document.querySelector('#cards canvas').getContext('2d', {willReadFrequently: true})"
        ".getImageData(0, 0, 12, 12).data]"
    )
    reds, greens, blues = data[0::4], data[1::4], data[2::4]
    assert any(abs(red - green) > 40 for red, green in zip(reds, greens, strict=True))
    assert len(blues) == 144


def test_cards_are_links_with_a_name(page):
    tile = page.locator("#cards a").first
    assert re.search(r"img10\.jpg\s+tabby", tile.text_content())
    assert tile.get_attribute("href") == "#photo-1"
