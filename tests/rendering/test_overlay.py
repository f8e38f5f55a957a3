from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from igcli.errors import ImageError, UsageError
from igcli.images.picture import Picture, Placement
from igcli.rendering.overlay import draw, full_size, overlay, to_full_size
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES


@dataclass(frozen=True)
class Result:
    values: torch.Tensor


PICTURE = Picture(torch.linspace(0, 1, 3 * 6 * 4).reshape(3, 6, 4))
VALUES = torch.sin(torch.arange(3 * 6 * 4.0)).reshape(3, 6, 4)


def test_an_overlay_can_be_saved_and_is_as_large_as_the_picture(tmp_path):
    overlay(PICTURE, VALUES).save(tmp_path / "cat.png")
    with Image.open(tmp_path / "cat.png") as saved:
        assert saved.size == (4, 6)
        assert saved.mode == "RGB"


def test_a_tensor_an_array_and_an_attribution_draw_the_same():
    pictures = {overlay(PICTURE, each).tobytes() for each in (VALUES, VALUES.numpy(), Result(VALUES))}
    assert len(pictures) == 1


def test_draw_gives_the_overlay_and_its_numbers():
    drawn = draw(PICTURE, VALUES, style="signed", scale=Scale(maximum=2.0))
    assert drawn.image.tobytes() == overlay(PICTURE, VALUES, style="signed", scale=Scale(maximum=2.0)).tobytes()
    assert (drawn.ceiling, drawn.aggregation, drawn.blank) == (2.0, "signed-sum", False)


def test_where_every_pixel_is_at_the_ceiling_lit_is_the_photo_itself():
    drawn = overlay(PICTURE, torch.ones(3, 6, 4), style="lit")
    np.testing.assert_array_equal(np.asarray(drawn), PICTURE.array())


def test_a_one_channel_picture_is_drawn_in_grey():
    drawn = np.asarray(overlay(Picture(torch.full((1, 2, 2), 0.5)), torch.ones(1, 2, 2)))
    np.testing.assert_array_equal(drawn, np.full((2, 2, 3), 128))


def test_an_unknown_style_is_named_with_the_closest_one():
    with pytest.raises(UsageError, match="Did you mean 'heat'"):
        overlay(PICTURE, VALUES, style="heats")


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


def test_the_box_is_exactly_what_the_model_saw():
    assert to_full_size(ORIGINAL, np.ones((3, 10, 10)), CROP).box == (5, 0, 35, 30)


@pytest.mark.parametrize("placement", [SQUASH, PAD])
def test_squash_and_pad_cover_the_whole_photo(placement):
    assert to_full_size(ORIGINAL, np.ones((3, 10, 10)), placement).box == (0, 0, 40, 30)


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
    left, top, right, bottom = whole.box
    inside = whole.values[0, top:bottom, left:right]
    assert values.min() - 1e-5 <= inside.min() <= inside.max() <= values.max() + 1e-5


def test_a_box_outside_the_photo_is_a_bug_in_the_caller():
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
