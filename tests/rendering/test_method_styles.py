"""Styles of methods: the same in every plot, all different, controls in grey."""

from __future__ import annotations

import numpy as np
import pytest

from igcli.rendering.method_styles import method_styles

MANY = {f"method {number}": None for number in range(14)}

# Linear RGB as dichromats see it (Viénot, Brettel and Mollon 1999, with the cone matrix of Smith and Pokorny).
_TO_CONES = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
_BLIND = {
    "protanopia": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
    "deuteranopia": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
}


def seen(colour: str, blind: np.ndarray) -> np.ndarray:
    """The colour as sRGB in [0, 1], as a dichromat sees it."""
    values = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    linear = np.clip(np.linalg.inv(_TO_CONES) @ blind @ _TO_CONES @ linear, 0, 1)
    return np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)


def test_fourteen_methods_and_two_controls_look_all_different():
    styles = method_styles([MANY, {"random": None, "sobel": None}], {"random", "sobel"})
    assert len(styles) == len(set(styles.values())) == 16


def test_methods_differ_without_colour_too():
    styles = list(method_styles([MANY], ()).values())
    assert len({(style.mark, style.filled, style.dashes) for style in styles}) == 14


@pytest.mark.parametrize("kind", _BLIND)
def test_the_first_seven_colours_stay_apart_for_readers_who_do_not_see_red_or_green(kind):
    colours = [style.colour for style in list(method_styles([MANY], ()).values())[:7]]
    shown = [seen(colour, _BLIND[kind]) for colour in colours]
    closest = min(np.abs(a - b).max() for place, a in enumerate(shown) for b in shown[:place])
    assert closest > 0.1


def test_controls_come_last_grey_and_dashed_and_take_no_colour_away():
    mixed = method_styles([{"sobel": None, "gradient": None, "random": None, "integrated": None}], ["random", "sobel"])
    assert list(mixed) == ["gradient", "integrated", "sobel", "random"]
    alone = method_styles([{"gradient": None, "integrated": None}], ["random", "sobel"])
    assert {name: mixed[name] for name in alone} == alone
    for name in ("random", "sobel"):
        red, green, blue = (int(mixed[name].colour[at : at + 2], 16) for at in (1, 3, 5))
        assert max(red, green, blue) - min(red, green, blue) < 24
        assert mixed[name].dashes


def test_a_method_that_some_lack_keeps_its_place():
    assert list(method_styles([{"a": None}, {"a": None, "b": None}, {"c": None}], ())) == ["a", "b", "c"]


def test_more_methods_than_styles_are_drawn_all_the_same():
    styles = method_styles([{str(number): None for number in range(200)}], ())
    assert len(styles) == 200
