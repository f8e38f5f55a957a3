from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from igcli.rendering.panel import Panel, draw_panel

RED, GREEN, BLUE = (220, 20, 20), (20, 200, 20), (20, 20, 220)
TOP = (("military uniform", 0.90), ("suit", 0.05), ("mortarboard", 0.02), ("bow tie", 0.01), ("Windsor tie", 0.0))
HOSTILE = (
    "x" * 5000,
    "line\nbreak\r\n\t",
    "\u202egpj.exe\u2066",
    "🙂🙃 猫",
    "\udce9\x00",
    "z" + "\u0335" * 90,
    "",
    "  ",
)


def block(colour: tuple[int, int, int], size: tuple[int, int] = (224, 224)) -> Image.Image:
    return Image.new("RGB", size, colour)


def content(size: tuple[int, int] = (224, 224)) -> Panel:
    columns = (("Integrated gradients", block(GREEN, size)), ("Gradient at the photo", block(BLUE, size)))
    return Panel(
        "photo.jpg", block(RED, size), TOP, TOP[0], columns, legend="Bright is important.", footer=("Model: a",)
    )


def where(picture: Image.Image, colour: tuple[int, int, int]) -> tuple[int, int, int, int] | None:
    """The box around all pixels of exactly this colour."""
    mask = (np.asarray(picture) == colour).all(axis=2)
    return Image.fromarray(mask).getbbox()


def test_photo_scores_and_overlays_stand_side_by_side_from_left_to_right():
    picture = draw_panel(content())
    photo, first, second = (where(picture, colour) for colour in (RED, GREEN, BLUE))
    for box in (photo, first, second):
        assert (box[2] - box[0], box[3] - box[1]) == (224, 224)
        assert box[1] == photo[1]
    assert photo[2] + 200 < first[0]  # room for label and score between the two
    assert first[2] < second[0]
    assert second[2] < picture.width


@pytest.mark.parametrize(("size", "shown"), [
    ((96, 96), (288, 288)), ((128, 96), (256, 192)), ((300, 200), (300, 200)), ((512, 512), (512, 512)),
])  # fmt: skip
def test_small_photos_are_enlarged_by_whole_factors_and_large_ones_shown_as_they_are(size, shown):
    picture = draw_panel(content(size))
    for colour in (RED, GREEN, BLUE):
        left, top, right, bottom = where(picture, colour)
        assert (right - left, bottom - top) == shown


def test_enlarging_keeps_each_pixel_a_square():
    checks = Image.fromarray((np.indices((96, 96)).sum(axis=0) % 2 * 255).astype(np.uint8)).convert("RGB")
    picture = draw_panel(replace(content((96, 96)), columns=(("checks", checks),)))
    right = picture.width - 24
    tile = np.asarray(picture)[84 : 84 + 288, right - 288 : right]
    np.testing.assert_array_equal(tile, np.asarray(checks).repeat(3, axis=0).repeat(3, axis=1))


@pytest.mark.parametrize("count", [0, 1, 5])
def test_any_number_of_columns_is_drawn(count):
    picture = draw_panel(replace(content(), columns=tuple((f"α = {n}", block((0, 0, 100 + n))) for n in range(count))))
    boxes = [where(picture, (0, 0, 100 + n)) for n in range(count)]
    assert all(box is not None for box in boxes)
    assert boxes == sorted(boxes)
    assert picture.width == 2 * 24 + 236 + (count + 1) * (224 + 20)


def test_an_overlay_of_another_shape_is_fitted_into_the_photos_place():
    picture = draw_panel(replace(content(), columns=(("wide", block(GREEN, (448, 224))),)))
    left, top, right, bottom = where(picture, GREEN)
    assert right - left == 224
    assert 108 <= bottom - top <= 112


def test_bars_are_as_long_as_the_probabilities():
    picture = np.asarray(draw_panel(replace(content(), target=("bow tie", 0.01)))).astype(int)
    column = slice(24 + 224 + 20, 24 + 224 + 20 + 236)
    bars = (picture[:, column] == (128, 140, 158)).all(axis=2).sum(axis=1)
    assert bars.max() == round(0.90 * 236)
    assert set(bars[bars > 0]) >= {round(0.90 * 236), round(0.05 * 236), round(0.02 * 236)}


def test_the_explained_class_has_the_accented_bar():
    def accented(target: tuple[str, float]) -> int:
        picture = np.asarray(draw_panel(replace(content(), target=target)))
        return int((picture == (32, 122, 82)).all(axis=2).sum(axis=1).max())

    assert accented(TOP[0]) == round(0.90 * 236)
    assert accented(TOP[1]) < 100
    assert accented(TOP[1]) >= round(0.05 * 236)


def test_what_is_not_given_takes_no_room():
    bare = draw_panel(replace(content(), legend="", footer=()))
    with_legend = draw_panel(replace(content(), footer=()))
    with_footer = draw_panel(content())
    with_warning = draw_panel(replace(content(), warning="This label may lie outside the network's classes."))
    assert bare.height < with_legend.height < with_footer.height < with_warning.height


def test_a_warning_is_a_strip_of_its_own_colour():
    amber = (255, 243, 214)
    assert where(draw_panel(content()), amber) is None
    left, _, right, _ = where(draw_panel(replace(content(), warning="Beware.")), amber)
    assert right - left > 800


@pytest.mark.parametrize("hostile", HOSTILE, ids=lambda text: ascii(text)[:20])
def test_no_text_can_break_the_content(hostile):
    plain = content()
    broken = Panel(
        hostile, plain.photo, ((hostile, 0.5),) * 5, (hostile, 0.1),
        tuple((hostile, image) for _, image in plain.columns), hostile, (hostile, hostile), hostile,
    )  # fmt: skip
    picture = draw_panel(broken)
    assert picture.width == draw_panel(plain).width
    assert picture.height < 800
    for colour in (RED, GREEN, BLUE):  # no text runs over a picture
        left, top, right, bottom = where(picture, colour)
        assert (np.asarray(picture.crop((left, top, right, bottom))) == colour).all()
        assert (right - left, bottom - top) == (224, 224)
    margin = np.asarray(picture)[:, -20:]
    assert (margin == margin[0, 0]).all()


def test_without_a_top_five_only_the_target_is_named():
    picture = draw_panel(replace(content(), top=()))
    assert where(picture, (232, 233, 235)) is None
