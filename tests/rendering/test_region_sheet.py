"""Sheets of regions: outlined where the regions are, with numbers that do not overlap."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from PIL import Image

from igcli.rendering.region_sheet import RegionSheet, ShownRegion, badge_places, draw_regions


def mask(top: int, left: int, height: int, width: int, size: int = 100) -> np.ndarray:
    found = np.zeros((size, size), bool)
    found[top : top + height, left : left + width] = True
    return found


def sheet(*masks: np.ndarray) -> Image.Image:
    grey = Image.new("RGB", (100, 100), (128, 128, 128))
    regions = [ShownRegion(rank, each, "12 % of the sum", "on 3 % of the pixels") for rank, each in enumerate(masks, 1)]
    return draw_regions(RegionSheet("cat.jpg: cat", grey, regions, "Highest ranked regions", ("What it means.",)))


def test_pixels_change_in_the_region_and_on_its_outline():
    one, other = (np.asarray(sheet(each)) for each in (mask(10, 10, 60, 60), mask(20, 10, 60, 60)))
    changed = np.argwhere((one != other).any(axis=2))
    assert one.shape == other.shape
    assert changed.size
    photo = np.asarray(sheet())
    assert (photo[86 : 86 + 500, 24:524] == photo[90, 30]).all()  # without a region the photo is grey and dim


@pytest.mark.parametrize("factor", [1, 2, 5])
def test_numbers_neither_overlap_nor_leave_the_photo(factor):
    thin = [mask(50, 3 * n, 1, 2) for n in range(6)]  # too small for a number, and next to one another
    places = [place for _, place in badge_places([mask(0, 0, 30, 30), mask(5, 5, 20, 20), *thin], factor=factor)]
    for (x, y), (u, v) in combinations(places, 2):
        assert np.hypot(x - u, y - v) >= 24
    assert all(12 <= x <= 100 * factor - 12 and 12 <= y <= 100 * factor - 12 for x, y in places)


def test_a_number_stands_inside_a_region_that_has_room_for_it():
    ((inside, place),) = badge_places([mask(40, 20, 40, 50)], factor=3)
    assert inside == place
    assert mask(40, 20, 40, 50)[place[1] // 3, place[0] // 3]


def test_no_room_for_a_number_is_no_error():
    places = badge_places([np.ones((4, 4), bool)] * 3, factor=1)
    assert len(places) == 3
