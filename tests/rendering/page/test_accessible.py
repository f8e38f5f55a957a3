"""What a page says to those who do not see it: names of controls and pictures, landmarks, and what is read out when."""

from __future__ import annotations

import itertools

import pytest
from rendering.page.browsing import painted
from rendering.page.pages import ORIGIN, toy_photo, toy_report
from rendering.page.test_entries import molecule_of, page_of, text_of
from rendering.page.test_evaluation import CHART, TABLE

from igcli.rendering.page.content import ReportPage

#: Roles whose elements are nothing without a name.
NAMED = ("button", "link", "radio", "checkbox", "slider", "searchbox", "combobox", "image", "table", "heading")
#: Parts of a page between which a screen reader jumps: two of one name cannot be distinguished.
LANDMARKS = ("region", "complementary", "navigation", "banner", "main", "contentinfo")


def nodes(page) -> list[tuple[str, str, dict[str, object]]]:
    """Role, name and properties of all that the browser hands to a screen reader."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    return [
        (
            each["role"]["value"],
            each.get("name", {}).get("value", "").strip(),
            {one["name"]: one["value"].get("value") for one in each.get("properties", ())},
        )
        for each in tree
        if not each["ignored"]
    ]


def report(kind: str):
    if kind == "list":
        return page_of(text_of(["fine", "film"], [0.5, -0.02], [1.0, 2.0]), molecule_of(), text_of(["a"], [1.0], [1.0]))
    if kind == "evaluation":
        return ReportPage("An evaluation", ORIGIN, tables=(TABLE,), charts=(CHART, CHART))
    return toy_report(toy_photo(), *([toy_photo(1)] if kind == "gallery" else []))


@pytest.mark.parametrize("kind", ["photo", "gallery", "evaluation", "list"])
def test_all_that_is_operated_or_looked_at_has_a_name_and_landmarks_differ(visit, kind):
    found = nodes(visit(report(kind)))
    assert [(role, name) for role, name, _ in found if role in NAMED and not name] == []
    landmarks = [(role, name) for role, name, _ in found if role in LANDMARKS]
    assert ("main", "") in landmarks
    assert len(set(landmarks)) == len(landmarks)
    levels = [facts["level"] for role, _, facts in found if role == "heading"]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_controls_of_a_photo_have_these_names(visit):
    page = visit(report("photo"))
    painted(page)
    found = {(role, name) for role, name, _ in nodes(page)}
    assert {
        ("button", "Dark"), ("button", "Play"), ("button", "Copy"), ("radio", "Integrated"),
        ("checkbox", "Show the sign"),
        ("slider", "α, the place on the path from the baseline to the photo"), ("slider", "Opacity over the photo"),
        ("slider", "Percentile at full brightness"), ("image", "photo 0.png, as the model saw it"),
    } <= found  # fmt: skip
    assert any(role == "image" and name.startswith("Integrated of photo 0.png for ") for role, name in found)


def test_what_follows_a_slider_or_the_animation_is_not_read_out_by_itself(visit):
    page = visit(report("photo"))
    painted(page)
    live = page.locator("output").evaluate_all("all => all.map((each) => each.getAttribute('aria-live'))")
    assert len(live) == 5
    assert set(live) == {"off"}
    assert page.locator("#reading").get_attribute("aria-live") == "polite"  # of a mark that the reader moves


def test_a_copied_command_is_said(visit):
    page = visit(report("photo"), permissions=["clipboard-write"])
    assert page.locator("#copied[role=status]").text_content() == ""
    page.locator("#copy").press("Enter")
    page.wait_for_selector("#copied:not(:empty)", state="attached")
    assert page.locator("#copied").text_content() in ("Copied", "Selected")
