from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from rendering.films import film, trace

from igcli.errors import NumericalError, UsageError
from igcli.images.picture import Placement
from igcli.rendering.film import NORMALIZATIONS, Film, Look, draw_frames, sharper_photo
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES

SIDE = 224


def picture_part(frame: Image.Image) -> np.ndarray:
    return np.asarray(frame)[:SIDE]


def test_a_frame_is_the_style_over_the_photo_and_a_strip_below():
    some = film(5)
    frames = draw_frames(some)
    assert {frame.size for frame in frames} == {(SIDE, frames[0].height)}
    assert 70 < frames[0].height - SIDE < 120
    for frame, importance in zip(frames, some.frames, strict=True):
        ceiling = np.percentile(importance, 99)
        expected = STYLES["lit"].draw(np.asarray(some.photo), importance[None], scale=Scale(maximum=float(ceiling)))
        assert (picture_part(frame) == np.asarray(expected.image)).all()


def test_by_frame_every_frame_reaches_full_brightness_and_by_path_only_the_largest():
    some = film(5)  # the importance rises from 1 to 5 over the frames
    photo = np.asarray(some.photo).max()
    by_frame = [picture_part(frame).max() for frame in draw_frames(some)]
    by_path = [int(picture_part(frame).max()) for frame in draw_frames(some, Look(normalize="path"))]
    assert by_frame == [photo] * 5
    assert by_path == sorted(by_path)
    assert by_path[0] < 0.4 * photo < photo == by_path[-1]


@pytest.mark.parametrize("style", [name for name, style in STYLES.items() if style.aggregation == "abs-sum"])
def test_every_style_for_importances_draws(style):
    assert len(draw_frames(film(3), Look(style=style))) == 3


def test_side_by_side_has_the_photo_on_the_left_and_the_painted_one_on_the_right():
    some = film(3)
    alone, beside = draw_frames(some)[1], draw_frames(some, Look(side_by_side=True))[1]
    assert (picture_part(beside)[:, :SIDE] == np.asarray(some.photo)).all()
    assert (picture_part(beside)[:, -SIDE:] == picture_part(alone)).all()


def test_the_strip_differs_where_alpha_the_score_and_the_mark_are():
    frames = [np.asarray(frame, np.int16)[SIDE:] for frame in draw_frames(film(51))]
    for one, other in itertools.pairwise(frames):
        changed = np.abs(one - other).max(axis=2)
        assert changed[:26, 8:90].max() > 150  # α
        assert changed[:55, 98:].max() > 80  # the mark
        assert changed[76:].max() == 0  # the words on normalisation stay
    assert (frames[0][55:64] != frames[-1][55:64]).any()  # the bar


def test_text_stands_out_from_its_ground():
    strip = np.asarray(draw_frames(film(3))[1].convert("L"), np.float64)[SIDE:]
    ground = np.median(strip)
    assert ground < 40
    for rows in (slice(4, 24), slice(36, 54), slice(76, 94)):
        assert strip[rows, 8:80].max() > 140


def test_the_strip_says_how_it_is_normalised():
    strips = {look: np.asarray(draw_frames(film(3), Look(normalize=look))[1])[SIDE + 76 :] for look in NORMALIZATIONS}
    assert (strips["frame"] != strips["path"]).any()


def test_frames_are_distinguished_even_when_alphas_are_close():
    close = replace(film(5), alphas=np.array([0.5, 0.5001, 0.50012, 0.500121, 0.6]))
    close = replace(close, frames=np.ones_like(close.frames))
    assert len({frame.tobytes() for frame in draw_frames(close)}) == 5


def test_a_frame_without_gradient_shows_the_dimmed_photo_and_says_so():
    some = film(3)
    some.frames[1] = 0
    frames = draw_frames(some)
    assert 0 < picture_part(frames[1]).max() < np.asarray(some.photo).max() / 2
    assert (np.asarray(frames[0])[SIDE + 76 :] != np.asarray(frames[1])[SIDE + 76 :]).any()
    assert len(draw_frames(replace(some, frames=np.zeros_like(some.frames)), Look(normalize="path"))) == 3


def test_scores_that_never_change_or_are_negative_draw():
    some = film(3)
    for scores in (np.zeros(3), np.full(3, -2.0), np.array([-5.0, -1.0, -0.1])):
        flat = replace(some.trace, alphas=some.alphas, scores=scores, mean_importance=np.zeros(3))
        for kind in ("softmax", "logit", "log-softmax"):
            assert len(draw_frames(replace(some, trace=flat, score_kind=kind))) == 3


def test_a_small_models_pixels_become_squares_of_at_least_224_pixels():
    frames = draw_frames(film(3, side=32))
    assert frames[0].width == 224
    part = picture_part(frames[1])
    assert (part[::7, ::7] == part[6::7, 6::7]).all()


def test_a_size_up_to_the_photos_own_is_drawn_with_the_photos_detail():
    some = film(3, photo_side=448)
    frame = draw_frames(some, Look(size=448, style="map"))[1]
    assert frame.width == 448
    lit = np.asarray(draw_frames(replace(some, frames=np.ones_like(some.frames)), Look(size=448))[1])[:448]
    assert (lit == np.asarray(some.photo)).all()
    with pytest.raises(UsageError, match="use 448 or less"):
        draw_frames(some, Look(size=449))


@pytest.mark.parametrize(
    ("look", "words"),
    [(Look(style="signed"), "needs a sign"), (Look(style="lot"), "lit"), (Look(normalize="film"), "frame or by path"),
     (Look(size=100), "224 or more"), (Look(percentile=0), "percentile")],
)  # fmt: skip
def test_impossible_settings_are_refused(look, words):
    with pytest.raises(UsageError, match=words):
        draw_frames(film(3), look)


def test_importance_that_is_not_finite_is_refused():
    some = film(3)
    some.frames[1, 3, 3] = np.nan
    with pytest.raises(NumericalError):
        draw_frames(some)


def test_hostile_labels_stay_inside_the_strip():
    for label in ("x" * 3000, "z" + "\u0335" * 90, "line\nbreak", "\udce9\x00", ""):
        frame = draw_frames(replace(film(3), label=label))[1]
        plain = draw_frames(replace(film(3), label="-"))[1]
        assert (np.asarray(frame)[SIDE:, 96:] == np.asarray(plain)[SIDE:, 96:]).all()
        assert (picture_part(frame) == picture_part(plain)).all()


def test_a_film_needs_rising_points_one_a_frame():
    some = film(3)
    with pytest.raises(ValueError, match="do not fit"):
        replace(some, alphas=some.alphas[:2])
    with pytest.raises(ValueError, match="must rise"):
        replace(some, alphas=np.array([0.0, 0.5, 0.5]))


def test_the_sharper_photo_is_the_part_that_the_model_saw():
    original = Image.new("RGB", (600, 400), "red")
    original.paste((0, 0, 255), (100, 0, 500, 400))
    sharp = sharper_photo(original, Placement("crop", (100.0, 0.0, 500.0, 400.0)), size=(1000, 1000))
    assert sharp.size == (400, 400)
    assert (np.asarray(sharp) == (0, 0, 255)).all()
    assert sharper_photo(original, Placement("pad", (0.0, -100.0, 600.0, 500.0)), size=(300, 300)).size == (300, 300)


def test_the_sharper_photo_keeps_the_proportions_of_a_rectangular_input():
    original = Image.new("RGB", (800, 300))
    sharp = sharper_photo(original, Placement("crop", (100.0, 0.0, 700.0, 300.0)), size=(512, 256))
    assert sharp.size == (512, 256)
    assert sharper_photo(original, Placement("squash", (0.0, 0.0, 800.0, 300.0)), size=(900, 450)).size == (600, 300)


@pytest.mark.parametrize(("shape", "size"), [((32, 64), (256, 128)), ((64, 32), (224, 448)), ((150, 300), (300, 150))])
def test_frames_of_a_rectangle_have_its_proportions_and_show_its_column(shape, size):
    frames = np.zeros((3, *shape), np.float32)
    frames[:, :, 5] = 1.0
    made = Film(Image.new("RGB", shape[::-1], "white"), np.array([0, 0.5, 1]), frames, trace(3), "tabby")
    drawn = draw_frames(made, Look(style="map", side_by_side=True))
    assert {frame.size for frame in drawn} == {(2 * size[0] + 4, drawn[0].height)}
    picture = np.asarray(drawn[0].crop((size[0] + 4, 0, 2 * size[0] + 4, size[1]))).astype(int).sum(axis=2)
    bright = np.flatnonzero(picture.mean(axis=0) > picture.max() / 2)
    assert bright.min() >= 5 * size[0] // shape[1] - 1
    assert bright.max() <= 6 * size[0] // shape[1]
    assert picture[-1].max() == picture[0].max() > 0
