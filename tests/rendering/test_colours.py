from __future__ import annotations

import re

import matplotlib as mpl
import numpy as np
import pytest

from igcli.errors import UsageError
from igcli.rendering import colours


def luminance(table: np.ndarray) -> np.ndarray:
    """Rec. 709 relative luminance of sRGB colours."""
    srgb = table / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("table", [colours.heat_table, colours.diverging_table])
def test_a_table_has_256_colours_and_cannot_be_written_to(table):
    assert table().shape == (256, 3)
    assert table().dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        table()[0] = 0


@pytest.mark.parametrize("table", [colours.heat_table])
def test_a_sequential_table_never_gets_darker_and_spans_dark_to_bright(table):
    light = luminance(table())
    assert (np.diff(light) >= -1e-4).all()  # rounding to 8 bits may cost a hair
    assert light[0] < 0.01
    assert light[-1] > 0.9


def test_the_diverging_table_is_red_then_exactly_black_then_green():
    red, black, green = (colours.diverging_table()[entry].astype(int) for entry in (0, 128, 255))
    assert red[0] > 2 * red[1:].max()
    assert (black == 0).all()
    assert green[1] > 2 * green[[0, 2]].max()


def test_green_and_red_differ_in_lightness_too():
    light = luminance(colours.diverging_table())
    assert light[255] > 2 * light[0]


def test_zero_half_and_one_are_looked_up_at_the_ends_and_the_middle():
    entries = colours.indices(np.array([-0.1, 0.0, 0.5, 1.0, 1.1]))
    np.testing.assert_array_equal(entries, [0, 0, 128, 255, 255])
    assert entries.dtype == np.uint8


def test_apply_adds_a_colour_axis():
    values = np.linspace(0, 1, 6).reshape(2, 3)
    picture = colours.apply(colours.heat_table(), values)
    assert picture.shape == (2, 3, 3)
    np.testing.assert_array_equal(picture[1, 2], colours.heat_table()[255])


@pytest.mark.parametrize("name", ["viridis", "magma_r", "jet", "gray"])
def test_a_colour_map_of_matplotlib_has_the_colours_that_matplotlib_gives(name):
    theirs = mpl.colormaps[name](np.linspace(0, 1, 256), bytes=True)[:, :3]
    ours = colours.matplotlib_table(name)
    assert np.abs(ours.astype(int) - theirs).max() <= 1
    with pytest.raises(ValueError, match="read-only"):
        ours[0] = 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("virids", "no colour map called 'virids'. Did you mean viridis"),
        ("?", "no colour map called '?'. Try"),
        ("tab10", "is a list of colours without an order"),
        ("flag", "is a list of colours without an order"),
        ("twilight", "ends in the colour that it begins with"),
        ("hsv", "ends in the colour that it begins with"),
    ],
)
def test_a_map_that_does_not_show_more_and_less_is_refused(name, said):
    with pytest.raises(UsageError, match=re.escape(said)):
        colours.matplotlib_table(name)


@pytest.mark.parametrize("name", ["coolwarm", "RdBu", "PuOr_r", "seismic", "berlin"])  # "diverging", says matplotlib
def test_maps_for_two_directions_have_a_middle_that_stands_out(name):
    if name not in mpl.colormaps:
        pytest.skip("matplotlib has it from 3.10 on")
    assert colours.matplotlib_table(name, diverging=True).shape == (256, 3)


@pytest.mark.parametrize("name", ["viridis", "gray", "hot", "Blues"])  # "sequential"
def test_maps_for_one_direction_are_refused_for_two(name):
    with pytest.raises(UsageError, match="no middle that stands out"):
        colours.matplotlib_table(name, diverging=True)
