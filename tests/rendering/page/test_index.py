from __future__ import annotations

import json
import math
from dataclasses import replace

import pytest
from rendering.page.pages import ORIGIN, made_up_photo, toy_photo, toy_report

from igcli.rendering.page.content import COMPACT, ReportPage
from igcli.rendering.page.index import index_of, script_json


@pytest.fixture(scope="module")
def photo():
    return toy_photo()


def facts(report: ReportPage) -> dict[str, str]:
    return dict(index_of(report)["origin"]["facts"])


def test_it_holds_all_but_pictures_and_numbers_of_pixels(photo):
    index = index_of(toy_report(photo))
    assert len(script_json(index)) < 12_000
    assert index["photos"][0]["name"] == "photo 0.png"
    assert set(index["methods"]) == {"integrated", "gradient", "left-integrated"}
    assert [style["signed"] for style in index["styles"]] == [False, False, True, False]


def test_the_explained_class_is_marked_by_its_index_not_its_name(photo):
    twin = replace(photo.top[1], label=photo.target.label)
    index = index_of(toy_report(replace(photo, top=(photo.top[0], twin))))
    assert [explained for _, _, explained in index["photos"][0]["top"]] == [True, False]


def test_numbers_that_json_does_not_have_become_null():
    assert json.loads(script_json({"a": math.nan, "b": [math.inf, 1.5], "c": (None, -math.inf)})) == {
        "a": None, "b": [None, 1.5], "c": [None, None]
    }  # fmt: skip


def test_settings_without_a_value_are_left_out_and_lists_are_joined(photo):
    found = facts(toy_report(photo))
    assert "against" not in found
    assert found["method"] == "integrated, gradient, left-integrated"


def test_it_says_how_finely_the_numbers_are_kept(photo):
    assert facts(toy_report(photo))["kept in this page"].startswith("maps in 32767 steps to each side of zero; ")
    coarse = facts(toy_report(made_up_photo(detail=COMPACT, frames=60)))["kept in this page"]
    assert coarse.startswith("maps in 127 steps to each side of zero and photos as JPEG")
    assert "at 10 points" in coarse
    assert coarse.endswith("at half the photo's size")
    assert "kept in this page" not in facts(ReportPage("No photos", ORIGIN))


@pytest.mark.parametrize(("baseline", "black"), [("black", True), ("white", False), ("black+white", False)])
def test_only_a_path_from_black_can_be_shown_by_dimming(photo, baseline, black):
    report = replace(toy_report(photo), origin=replace(ORIGIN, settings={"baseline": baseline}))
    assert index_of(report)["black"] is black
