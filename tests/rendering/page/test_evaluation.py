from __future__ import annotations

import pytest
from rendering.page.browsing import text
from rendering.page.pages import ORIGIN, toy_photo

from igcli.rendering.page.content import Cell, Chart, ReportPage, Series, Table

TABLE = Table(
    "Deletion: lower is better",
    ("method", "mean", "photos"),
    (
        ("integrated", Cell("0.213", "0.19 to 0.24", best=True), 100.0),
        ("gradient <b>", Cell("0.301", "0.28 to 0.33"), None),
        ("edges", 1.2345e-7, float("nan")),
    ),
    note="Means over 100 photos with 95 % intervals.",
)
X = tuple(number / 10 for number in range(11))
CHART = Chart(
    "Deletion",
    "share of pixels removed",
    "score",
    (
        Series("integrated", X, tuple(1 - x for x in X), tuple(0.9 - x for x in X), tuple(1.1 - x for x in X)),
        Series("<i>gradient</i>", X, tuple(1 - x / 2 for x in X)),
    ),
)


@pytest.fixture
def page(visit):
    return visit(ReportPage("An evaluation", ORIGIN, tables=(TABLE,), charts=(CHART,)))


def test_tables_are_shown_with_intervals_and_the_best_marked(page):
    rows = [[" ".join(cell.split()) for cell in row.locator("th, td").all_text_contents()]
            for row in page.locator("#evaluation tbody tr").all()]  # fmt: skip
    assert rows == [
        ["integrated", "0.213 (best)0.19 to 0.24", "100"],
        ["gradient <b>", "0.3010.28 to 0.33", "–"],
        ["edges", "1.23 × 10⁻⁷", "–"],
    ]
    assert text(page, "#evaluation caption") == "Deletion: lower is better"
    assert "95 % intervals" in text(page, "#evaluation .table")
    assert page.locator("#evaluation tbody th[scope=row]").count() == 3


def test_curves_are_drawn_with_their_bands_axes_and_names(page):
    chart = page.locator(".chart")
    assert chart.locator("polyline").count() == 2
    assert chart.locator("polygon").count() == 1
    assert chart.locator("svg text").all_text_contents()[-2:] == ["share of pixels removed", "score"]
    assert chart.locator("li").all_text_contents() == ["integrated", "<i>gradient</i>"]
    assert chart.locator("svg").first.get_attribute("aria-label") == "Deletion: integrated, <i>gradient</i>"
    kinds = {line.get_attribute("class") for line in chart.locator("polyline").all()}
    assert len(kinds) == 2


def test_curves_fit_a_phone(visit):
    page = visit(ReportPage("An evaluation", ORIGIN, tables=(TABLE,), charts=(CHART,)), width=390, height=844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".chart svg").first.bounding_box()["width"] < 390


def test_a_wide_table_scrolls_by_itself_under_a_caption_that_is_read_without(visit):
    metrics = tuple(f"a metric {number}" for number in range(12))
    row = ("integrated", *(Cell("0.213", "0.19 to 0.24", best=True) for _ in metrics))
    title = "Means over 100 photos, with bootstrap 95 % intervals"
    page = visit(ReportPage("An evaluation", ORIGIN, tables=(Table(title, ("map", *metrics), (row,)),)), width=390)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator(".scroll").evaluate("each => each.scrollWidth > each.clientWidth")
    caption = page.locator("caption bdi").bounding_box()
    assert caption["x"] + caption["width"] <= 390
    assert page.locator("thead th").nth(1).bounding_box()["height"] < 80


def test_no_tick_or_label_of_a_chart_is_cut(visit):
    tiny = tuple(-1.23e-12 * x for x in X)
    chart = Chart("Tiny", "share of pixels removed", "score", (Series("a", X, tiny),))
    page = visit(ReportPage("An evaluation", ORIGIN, charts=(CHART, chart)))
    for svg in page.locator(".chart > svg").all():
        box, label = svg.bounding_box(), svg.locator("[transform]").bounding_box()
        assert label["x"] >= box["x"]
        for tick in svg.locator("text[text-anchor=end]").all():
            assert tick.bounding_box()["x"] >= label["x"] + label["width"] - 1, tick.text_content()


def test_an_evaluation_without_photos_has_neither_gallery_nor_viewer(page):
    assert page.locator("#gallery").is_hidden()
    assert page.locator("#viewer").is_hidden()
    assert page.locator("#evaluation").is_visible()


def test_photos_and_evaluation_share_a_page(visit):
    page = visit(ReportPage("Both", ORIGIN, (toy_photo(),), tables=(TABLE,)))
    assert page.locator("#viewer").is_visible()
    assert page.locator("#evaluation").is_visible()


def test_rows_must_fit_the_columns():
    with pytest.raises(ValueError, match="needs 2 cells"):
        Table("t", ("a", "b"), (("x",),))


def test_the_numbers_of_a_series_must_fit_together():
    with pytest.raises(ValueError, match="do not fit"):
        Series("s", (0.0, 1.0), (1.0,))
