import numpy as np
from PIL import Image

from igcli.rendering.comparison import Comparison, ComparisonRow, draw_comparison


def tile(colour, side=224):
    return Image.new("RGB", (side, side), colour)


def table(**more):
    rows = (
        ComparisonRow("mantis", ("93 %",), (tile("red"), tile("lime"))),
        ComparisonRow("cricket", ("5 %: prediction number 2",), (None, tile("blue"))),
    )
    return Comparison("insect.jpg", ("What the model saw", "integrated"), rows, **more)


def count(image, colour):
    return int((np.asarray(image) == colour).all(axis=2).sum())


def test_every_tile_is_shown_whole_and_an_empty_place_stays_empty():
    image = draw_comparison(table())
    for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255)):
        assert count(image, colour) == 224 * 224


def test_small_tiles_are_enlarged_by_whole_factors():
    image = draw_comparison(Comparison("x", ("map",), (ComparisonRow("a", (), (tile("red", 32),)),)))
    assert count(image, (255, 0, 0)) == 224 * 224


def test_the_sheet_grows_with_what_it_has_to_say():
    plain = draw_comparison(table())
    more = draw_comparison(table(footer=("a legend",) * 3, warning="a caveat"))
    assert more.width == plain.width
    assert more.height > plain.height + 3 * 20
    assert count(more, (255, 243, 214)) > 1000


def test_words_too_long_for_their_row_are_cut_and_not_written_over_the_next():
    long = ComparisonRow("x" * 500, ("word " * 300,), (tile("red"),))
    image = draw_comparison(Comparison("t", ("map",), (long, ComparisonRow("b", (), (tile("blue"),)))))
    assert count(image, (0, 0, 255)) == 224 * 224
