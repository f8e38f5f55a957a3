from __future__ import annotations

import re
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest

from igcli.errors import NumericalError, UsageError
from igcli.registry import Entry
from igcli.rendering import colours
from igcli.rendering.scaling import Scale
from igcli.rendering.styles import STYLES, Drawn, Style, style_of

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(60, 256, (8, 8, 3), dtype=np.uint8)
TO_ONE = Scale(maximum=1.0)


def draw(style: str, values: np.ndarray, *, photo: np.ndarray = PHOTO, scale: Scale = TO_ONE) -> Drawn:
    return STYLES[style].draw(photo, values, scale=scale)


def spot(value: float) -> np.ndarray:
    """A one-channel attribution that is zero but for one pixel."""
    values = np.zeros((1, 8, 8), np.float32)
    values[0, 2, 3] = value
    return values


def test_listing_the_styles_loads_no_heavy_package():
    code = (
        "import sys; from igcli.rendering.styles import STYLES; "
        "print([entry.summary for entry in STYLES.entries()]); "
        "print(*{'torch', 'numpy', 'PIL', 'matplotlib'} & set(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr.strip() == ""


def test_lit_comes_first_and_so_is_the_default():
    assert list(STYLES) == ["lit", "heat", "signed", "map"]


def test_lit_is_the_photo_times_importance_over_its_99th_percentile():
    values = RNG.normal(size=(3, 8, 8)).astype(np.float32)
    weight = np.abs(values).sum(axis=0, dtype=np.float64)
    expected = PHOTO * np.clip(weight / np.percentile(weight, 99), 0, 1)[..., None]
    drawn = draw("lit", values, scale=Scale())
    assert np.abs(np.asarray(drawn.image) - expected).max() <= 0.51
    assert drawn.ceiling == pytest.approx(np.percentile(weight, 99))


def test_lit_shows_full_half_and_no_importance_as_full_half_and_no_light():
    photo = np.full((1, 3, 3), 200, np.uint8)
    drawn = draw("lit", np.array([[[1.0, -0.5, 0.0]]], np.float32), photo=photo)
    np.testing.assert_array_equal(np.asarray(drawn.image)[0, :, 0], [200, 100, 0])


def test_heat_changes_important_pixels_only_and_the_rest_is_grey():
    picture = np.asarray(draw("heat", spot(1.0)).image).astype(int)
    changed = np.zeros((8, 8), bool)
    changed[2, 3] = True
    assert np.ptp(picture[~changed], axis=-1).max() == 0
    assert picture[2, 3].sum() > picture[~changed].sum(axis=-1).max()
    # The grey carries the photo: it follows its luma.
    luma = PHOTO @ [0.299, 0.587, 0.114]
    assert np.corrcoef(picture[~changed][:, 0], luma[~changed])[0, 1] > 0.999


def test_signed_is_green_for_and_red_against():
    for_it, against, neither = (
        np.asarray(draw("signed", spot(value)).image)[2, 3].astype(int) for value in (1, -1, 1e-9)
    )
    assert for_it.argmax() == 1
    assert against.argmax() == 0
    assert np.ptp(neither) == 0


def test_signed_adds_the_channels_with_their_signs():
    cancelling = np.concatenate([spot(1.0), spot(-1.0)])
    assert draw("signed", cancelling).blank
    assert not draw("lit", cancelling).blank


def test_map_shows_nothing_of_the_photo():
    values = RNG.normal(size=(3, 8, 8))
    one, other = (draw("map", values, photo=photo).image for photo in (PHOTO, 255 - PHOTO))
    assert one.tobytes() == other.tobytes()
    np.testing.assert_array_equal(np.asarray(draw("map", spot(1.0)).image)[2, 3], colours.heat_table()[255])


def test_aggregation_is_stated():
    stated = {name: draw(name, spot(1.0)).aggregation for name in STYLES}
    assert stated == {"lit": "abs-sum", "heat": "abs-sum", "signed": "signed-sum", "map": "abs-sum"}


@pytest.mark.parametrize("style", STYLES)
class TestEveryStyle:
    def test_gives_an_rgb_image_of_the_photos_size(self, style):
        photo = PHOTO[:5]
        drawn = draw(style, RNG.normal(size=(3, 5, 8)), photo=photo)
        assert drawn.image.mode == "RGB"
        assert drawn.image.size == (8, 5)

    def test_photo_and_values_are_unchanged(self, style):
        photo, values = PHOTO.copy(), RNG.normal(size=(3, 8, 8))
        before = values.copy()
        draw(style, values, photo=photo)
        np.testing.assert_array_equal(photo, PHOTO)
        np.testing.assert_array_equal(values, before)

    def test_a_blank_map_gives_the_dimmed_photo_and_says_so(self, style):
        drawn = draw(style, np.zeros((3, 8, 8)), scale=Scale())
        assert drawn.blank
        assert drawn.ceiling == 0
        np.testing.assert_allclose(np.asarray(drawn.image), PHOTO * 0.35, atol=0.51)

    def test_the_unit_of_the_values_does_not_matter(self, style):
        values = RNG.normal(size=(3, 8, 8))
        one, other = (draw(style, values * unit, scale=Scale()).image for unit in (1.0, 2.0**-40))
        assert one.tobytes() == other.tobytes()

    def test_values_that_are_not_finite_are_refused(self, style):
        with pytest.raises(NumericalError):
            draw(style, spot(np.nan))

    def test_a_photo_of_another_size_is_refused(self, style):
        with pytest.raises(ValueError, match="does not fit"):
            draw(style, np.ones((3, 4, 4)))

    def test_its_legend_is_one_paragraph_that_names_a_colour(self, style):
        legend = STYLES[style].legend
        assert legend.endswith(".")
        assert any(colour in legend.lower() for colour in ("black", "green", "orange"))


def test_map_in_the_colours_of_viridis_is_viridis():
    theirs = mpl.colormaps["viridis"]
    ramp = np.linspace(0, 1, 8)
    values = np.tile(ramp, (8, 1))[None].astype(np.float32)
    picture = np.asarray(style_of("map:viridis").draw(PHOTO, values, scale=TO_ONE).image).astype(int)
    expected = theirs(ramp, bytes=True)[:, :3].astype(int)
    assert np.abs(picture[3] - expected).max() <= 4  # a table of 256 entries against interpolation


def test_heat_in_other_colours_keeps_the_grey_photo_and_ends_in_the_maps_last_colour():
    picture = np.asarray(style_of("heat:viridis").draw(PHOTO, spot(1.0), scale=TO_ONE).image).astype(int)
    usual = np.asarray(draw("heat", spot(1.0)).image).astype(int)
    elsewhere = spot(1.0)[0] == 0
    np.testing.assert_array_equal(picture[elsewhere], usual[elsewhere])
    last = np.array(mpl.colormaps["viridis"](1.0, bytes=True)[:3]).astype(int)
    assert np.abs(picture[2, 3] - last).max() <= 0.05 * 255  # 95 % opaque


def test_signed_in_other_colours_has_the_maps_ends_for_and_against():
    red_end, blue_end = (
        np.asarray(style_of("signed:coolwarm").draw(PHOTO, spot(value), scale=TO_ONE).image)[2, 3].astype(int)
        for value in (1.0, -1.0)
    )
    assert red_end[0] > 2 * red_end[2]
    assert blue_end[2] > 2 * blue_end[0]


def test_a_style_is_the_same_under_its_own_name_and_says_the_colour_map_in_its_legend():
    assert style_of("heat") is STYLES["heat"]
    assert "viridis" in style_of("heat:viridis").legend
    assert "coolwarm" in style_of("signed:coolwarm").legend


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("lit:viridis", "'lit' shows no colour map. Those that do: heat, signed, map"),
        ("heat:nope", "no colour map called 'nope'"),
        ("signed:viridis", "no middle that stands out"),
        ("nope:viridis", "nope"),
    ],
)
def test_a_style_that_cannot_take_the_colours_is_refused(name, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        style_of(name)


def test_a_style_that_is_registered_anew_is_the_new_one(monkeypatch):
    other = Style(STYLES["map"].paint, "abs-sum", "Other.")
    before = style_of("heat")
    monkeypatch.setitem(STYLES._entries, "heat", Entry("heat", "Other.", other))
    assert style_of("heat") is other
    monkeypatch.undo()
    assert style_of("heat") is before
