from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from igcli.errors import ImageError
from igcli.images.picture import Placement
from igcli.rendering.full_size import full_size, to_full_size
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES

RNG = np.random.default_rng(1)
PIXELS = RNG.integers(80, 256, (30, 40, 3), dtype=np.uint8)
ORIGINAL = Image.fromarray(PIXELS)
CROP = Placement("crop", (5.0, 0.0, 35.0, 30.0))
SQUASH = Placement("squash", (0.0, 0.0, 40.0, 30.0))
PAD = Placement("pad", (0.0, -5.0, 40.0, 35.0))


def test_a_map_of_the_boxs_own_size_lands_there_unchanged():
    values = RNG.normal(size=(3, 30, 30)).astype(np.float32)
    whole = to_full_size(ORIGINAL, values, CROP)
    np.testing.assert_allclose(whole.values[:, :, 5:35], values, atol=1e-6)
    assert not whole.values[:, :, :5].any()
    assert not whole.values[:, :, 35:].any()


def test_covered_is_exactly_what_the_model_saw():
    covered = to_full_size(ORIGINAL, np.ones((3, 10, 10)), CROP).covered
    expected = np.zeros((30, 40), bool)
    expected[:, 5:35] = True
    np.testing.assert_array_equal(covered, expected)


@pytest.mark.parametrize("placement", [SQUASH, PAD])
def test_squash_and_pad_cover_the_whole_photo(placement):
    assert to_full_size(ORIGINAL, np.ones((3, 10, 10)), placement).covered.all()


def test_padding_beyond_the_edge_is_cut_off():
    # A row of the map is one pixel high here; the padding, five rows at each end, holds the value 9.
    values = np.full((1, 40, 40), 9.0, np.float32)
    values[0, 5:35] = np.arange(30, dtype=np.float32)[:, None]
    whole = to_full_size(ORIGINAL, values, PAD)
    np.testing.assert_allclose(whole.values[0, :, 0], np.arange(30), atol=1e-5)


def test_squash_follows_each_axis_by_its_own_factor():
    quarters = np.array([[[1.0, 2.0], [3.0, 4.0]]], np.float32)
    whole = to_full_size(ORIGINAL, quarters, SQUASH)
    corners = whole.values[0][[0, 0, -1, -1], [0, -1, 0, -1]]
    np.testing.assert_allclose(corners, [1, 2, 3, 4], atol=1e-6)


def test_a_spot_is_found_again_where_it_was_in_the_photo():
    values = np.zeros((3, 10, 10), np.float32)
    values[:, 2, 7] = 1.0  # a cell is 3 pixels wide: its centre is at column 5 + 7.5 * 3, row 2.5 * 3
    strongest = np.unravel_index(to_full_size(ORIGINAL, values, CROP).values[0].argmax(), (30, 40))
    assert strongest == (7, 27)


@given(
    st.floats(-20, 20), st.floats(-20, 20), st.floats(21, 80), st.integers(1, 60),
)  # fmt: skip
def test_resampling_never_goes_beyond_the_values_or_turns_a_sign(left, top, side, cells):
    values = np.random.default_rng(cells).uniform(0.5, 1.0, (1, cells, cells)).astype(np.float32)
    whole = to_full_size(ORIGINAL, values, Placement("crop", (left, top, left + side, top + side)))
    inside = whole.values[0][whole.covered]
    assert values.min() - 1e-5 <= inside.min() <= inside.max() <= values.max() + 1e-5


def test_a_box_beside_the_photo_is_a_bug_in_the_caller():
    with pytest.raises(ImageError, match="too thin"):
        to_full_size(ORIGINAL, np.ones((3, 4, 4)), Placement("crop", (50.0, 0.0, 60.0, 10.0)))


@pytest.mark.parametrize("style", STYLES)
def test_inside_the_box_the_style_is_drawn_as_ever(style):
    values = RNG.normal(size=(3, 30, 30)).astype(np.float32)
    drawn = full_size(ORIGINAL, torch.from_numpy(values), CROP, style=style)
    assert drawn.image.size == ORIGINAL.size
    expected = STYLES[style].draw(PIXELS[:, 5:35], values, scale=Scale())
    difference = np.asarray(drawn.image.crop((5, 0, 35, 30))).astype(int) - np.asarray(expected.image)
    assert np.abs(difference).max() <= 1
    assert drawn.ceiling == pytest.approx(expected.ceiling, rel=1e-5)


def test_outside_the_box_the_photo_is_grey_and_at_a_quarter_of_its_light():
    picture = np.asarray(full_size(ORIGINAL, np.ones((3, 30, 30)), CROP).image).astype(float)
    luma = PIXELS[:, 36:] @ [0.299, 0.587, 0.114]
    np.testing.assert_allclose(picture[:, 36:], np.repeat(luma[..., None] * 0.25, 3, axis=2), atol=0.6)


def test_a_bright_line_just_outside_frames_the_box_where_there_is_an_outside():
    picture = np.asarray(full_size(ORIGINAL, np.ones((3, 30, 30)), CROP).image)
    assert (picture[:, [4, 35]] > 200).all()
    assert (picture[:, [3, 36]] < 80).all()
    np.testing.assert_array_equal(picture[:, 5:35], PIXELS[:, 5:35])


@pytest.mark.parametrize("placement", [SQUASH, PAD])
def test_without_an_outside_there_is_no_frame(placement):
    np.testing.assert_array_equal(np.asarray(full_size(ORIGINAL, np.ones((3, 8, 8)), placement).image), PIXELS)


def test_a_blank_map_is_reported():
    assert full_size(ORIGINAL, np.zeros((3, 8, 8)), CROP).blank
