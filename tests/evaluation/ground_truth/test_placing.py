"""Boxes at the model's size: torchvision, resizing and cropping a drawn mask, is the truth."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from torchvision import transforms
from torchvision.transforms import InterpolationMode

from igcli.evaluation.ground_truth.annotation import Box
from igcli.evaluation.ground_truth.placing import boxes_mask, clipped, share_inside
from igcli.images.fit import FITS
from igcli.images.options import View
from igcli.images.picture import Placement


def drawn(size: tuple[int, int], boxes: list[Box]) -> Image.Image:
    """The boxes, of whole pixels, painted white on black."""
    mask = np.zeros(size[::-1], np.uint8)
    for box in boxes:
        mask[int(box.top) : int(box.bottom), int(box.left) : int(box.right)] = 255
    return Image.fromarray(mask)


SIZES = [(500, 375), (375, 500), (640, 427), (333, 517), (224, 224), (61, 40), (101, 1000)]
VIEWS = [View(), View(299, 342), View(32, 32), View(97, 113), View(60, 50)]


def some_boxes(width: int, height: int) -> list[Box]:
    rng = np.random.default_rng(width * 1000 + height)
    across, down = (np.sort(rng.choice(side + 1, (4, 2), replace=False), axis=1) for side in (width, height))
    return [Box(left, top, right, bottom) for (left, right), (top, bottom) in zip(across, down, strict=True)]


@pytest.mark.parametrize("size", SIZES, ids=str)
@pytest.mark.parametrize("view", VIEWS, ids=lambda view: f"{view.size}of{view.resize}")
def test_cropping_boxes_is_torchvisions_resize_and_crop_of_their_drawing_pixel_for_pixel(size, view):
    boxes = some_boxes(*size)
    placement = FITS["crop"](Image.new("RGB", size), view)[1]
    steps = [transforms.Resize(view.resize, InterpolationMode.NEAREST), transforms.CenterCrop(view.size)]
    expected = np.asarray(transforms.Compose(steps)(drawn(size, boxes))) > 0
    assert np.array_equal(boxes_mask(boxes, placement, shape=(view.size, view.size)), expected)
    assert expected.any()


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_squashing_boxes_is_torchvisions_resize_of_their_drawing(size):
    boxes = some_boxes(*size)
    placement = FITS["squash"](Image.new("RGB", size), View(64, 64))[1]
    expected = np.asarray(transforms.Resize((64, 64), InterpolationMode.NEAREST)(drawn(size, boxes))) > 0
    assert np.array_equal(boxes_mask(boxes, placement, shape=(64, 64)), expected)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_padding_boxes_follows_the_photos_pixels_up_to_its_rounded_sides(size):
    boxes = some_boxes(*size)
    square, placement = FITS["pad"](drawn(size, boxes), View(96, 96))
    ours = boxes_mask(boxes, placement, shape=(96, 96))
    assert (ours != (np.asarray(square) > 127)).mean() < 0.02


def test_a_photo_in_the_middle_of_its_padding():
    # 400 x 100 at 40 is 40 x 10, at 15 from the top; its right half is the box.
    placement = FITS["pad"](Image.new("RGB", (400, 100)), View(40, 40))[1]
    expected = np.zeros((40, 40), bool)
    expected[15:25, 20:] = True
    assert np.array_equal(boxes_mask([Box(200, 0, 400, 100)], placement, shape=(40, 40)), expected)


def test_a_pixel_counts_when_its_centre_is_inside():
    placement = Placement("squash", (0.0, 0.0, 4.0, 4.0))
    centre = boxes_mask([Box(0.5, 0.5, 1.6, 1.5)], placement, shape=(4, 4))
    assert np.argwhere(centre).tolist() == [[0, 0], [0, 1]]


def test_the_share_inside_the_crop_by_hand():
    # 512 x 1024 shows (32, 288) to (480, 736): of 64 x 100 at the left edge one half, of 64 x 100 inside everything.
    window = FITS["crop"](Image.new("RGB", (512, 1024)), View())[1].box
    assert share_inside([Box(0, 300, 64, 400)], window) == 0.5
    assert share_inside([Box(100, 300, 164, 400)], window) == 1
    assert share_inside([Box(0, 0, 512, 288)], window) == 0
    assert share_inside([Box(0, 300, 64, 400), Box(100, 300, 164, 400)], window) == 0.75


spans = st.tuples(st.integers(0, 11), st.integers(1, 12)).map(lambda span: (span[0], max(span[0] + 1, span[1])))
rectangles = st.tuples(spans, spans).map(lambda both: (both[0][0], both[1][0], both[0][1], both[1][1]))


@given(st.lists(rectangles, min_size=1, max_size=6), rectangles)
def test_the_share_inside_a_window_is_that_of_painted_pixels_however_boxes_overlap(boxes, window):
    painted = np.asarray(drawn((12, 12), [Box(*box) for box in boxes])) > 0
    left, top, right, bottom = window
    expected = painted[top:bottom, left:right].sum() / painted.sum()
    assert share_inside([Box(*box) for box in boxes], window) == pytest.approx(expected)


def test_cutting_a_box_keeps_what_it_is_called():
    assert clipped(Box(-5, 2, 20, 8, "cat", "x.csv line 3"), (0, 0, 10, 10)) == Box(0, 2, 10, 8, "cat", "x.csv line 3")
    assert clipped(Box(10, 0, 20, 5), (0, 0, 10, 10)) is None
