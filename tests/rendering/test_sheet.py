from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from rendering.films import film

from igcli.errors import UsageError
from igcli.rendering.film import Look
from igcli.rendering.sheet import SHEET_ALPHAS, film_sheet


def paper_film():
    some = film(10)
    return replace(some, alphas=np.array(SHEET_ALPHAS))


def find(sheet: np.ndarray, tile: np.ndarray) -> list[tuple[int, int]]:
    """Where a tile stands on the sheet."""
    height, width = tile.shape[:2]
    places = []
    for top, left in np.argwhere((sheet[: -height + 1, : -width + 1] == tile[0, 0]).all(axis=2)):
        if (sheet[top : top + height, left : left + width] == tile).all():
            places.append((int(top), int(left)))
    return places


def test_the_ten_alphas_of_the_paper_the_photo_and_the_trend_fill_two_rows_of_six():
    sheet = film_sheet(paper_film(), title="cat.jpg")
    assert sheet.width == 2 * 24 + 6 * 224 + 5 * 14
    assert sheet.height < 3 * 224 + 60


def test_the_photo_stands_first_and_unchanged():
    some = paper_film()
    (place,) = find(np.asarray(film_sheet(some)), np.asarray(some.photo))
    assert place[1] == 24


def test_each_tile_is_lit_where_its_importance_is():
    some = paper_film()
    sheet = np.asarray(film_sheet(some)).astype(int)
    (top, left), pitch = find(sheet, np.asarray(some.photo))[0], 224 + 14
    for number in range(1, 6):
        tile = sheet[top : top + 224, left + number * pitch : left + number * pitch + 224]
        lit = np.flatnonzero(tile.sum(axis=(0, 2)))
        assert (lit == np.flatnonzero(some.frames[number - 1][0])).all()


def test_the_trend_is_left_out_where_no_gradient_was_taken():
    some = paper_film()
    without = film_sheet(replace(some, trace=replace(some.trace, mean_importance=None)))
    with_trend = film_sheet(some)
    assert with_trend.size == without.size
    box = (24 + 5 * 238, 24 + 56 + 260 + 30, with_trend.width - 24, with_trend.height - 80)
    assert len(with_trend.crop(box).getcolors(10**6)) > 10
    assert len(without.crop(box).getcolors(10**6)) == 1


def test_any_number_of_alphas_and_a_film_of_nothing_can_be_drawn():
    for count in (1, 2, 3, 25):
        assert film_sheet(film(count)).width > 224
    nothing = film(3, importance=np.zeros((3, 224, 224), np.float32))
    assert film_sheet(replace(nothing, trace=replace(nothing.trace, mean_importance=np.zeros(3)))).width > 224


def test_size_and_style_are_checked():
    with pytest.raises(UsageError):
        film_sheet(film(3), look=Look(size=1000))
    with pytest.raises(UsageError):
        film_sheet(film(3), look=Look(style="signed"))
