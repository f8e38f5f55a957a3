"""The bar below a map, opened and looked into."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from igcli.rendering.colour_bar import with_colour_bar
from igcli.rendering.colours import heat_table, matplotlib_table
from igcli.rendering.styles import Drawn, style_of

PHOTO = Image.new("RGB", (224, 160), (10, 20, 30))


def barred(style: str = "map", *, ceiling: float = 0.5, clipped: bool = False, blank: bool = False) -> np.ndarray:
    chosen = style_of(style)
    drawn = Drawn(PHOTO, ceiling=ceiling, aggregation=chosen.aggregation, blank=blank)
    return np.asarray(with_colour_bar(drawn, chosen, caption="integrated, softmax score", clipped=clipped)).astype(int)


def bar_of(picture: np.ndarray) -> np.ndarray:
    """A row of pixels in the middle of the bar, without the margins."""
    row = picture[160 + 14]
    paper = picture[161, 0]
    inside = np.flatnonzero((row != paper).any(axis=1))
    return row[inside[0] : inside[-1] + 1]


def test_the_map_is_untouched_and_the_bar_is_below_it():
    picture = barred()
    assert picture.shape[1] == 224
    assert picture.shape[0] > 160
    np.testing.assert_array_equal(picture[:160], np.asarray(PHOTO))


@pytest.mark.parametrize(
    ("style", "table"), [("map", heat_table), ("map:viridis", lambda: matplotlib_table("viridis"))]
)
def test_the_bar_of_a_bare_map_is_its_table(style, table):
    bar = bar_of(barred(style))
    expected = table()[np.rint(np.linspace(0, 255, len(bar))).astype(int)]
    assert np.abs(bar - expected).max() <= 3


def test_the_bar_of_signs_is_grey_in_the_middle_with_red_on_the_left():
    bar = bar_of(barred("signed"))
    left, middle, right = bar[0], bar[len(bar) // 2], bar[-1]
    assert left[0] > 2 * left[1]
    assert right[1] > 1.5 * right[0]
    assert np.ptp(middle) <= 3


def test_the_bar_of_a_lit_photo_goes_from_black_to_white():
    bar = bar_of(barred("lit"))
    assert bar[0].max() <= 2
    assert bar[-1].min() >= 253


def test_clipping_and_the_ceiling_change_the_numbers_alone():
    usual, clipped, other = barred(), barred(clipped=True), barred(ceiling=0.25)
    for changed in (clipped, other):
        rows = np.flatnonzero((usual != changed).any(axis=(1, 2)))
        assert rows.size
        assert rows.min() > 160 + 8 + 12


def test_a_map_of_zeros_has_no_bar():
    picture = barred(blank=True, ceiling=0.0)
    colourful = np.ptp(picture[160:], axis=2)
    assert colourful.max() <= 24  # ink and paper


def test_a_narrow_picture_keeps_its_width():
    chosen = style_of("signed")
    narrow = Drawn(PHOTO.resize((40, 40)), ceiling=1.0, aggregation="signed-sum", blank=False)
    assert with_colour_bar(narrow, chosen, caption="a long caption " * 9, clipped=True).width == 40
