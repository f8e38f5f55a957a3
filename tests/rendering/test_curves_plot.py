"""The plot of curves: what is drawn in it, by its pixels and its words."""

from __future__ import annotations

import numpy as np
import pytest
from rendering.inspection import pixels, places, words

from igcli.rendering.curves_plot import CurvePlot, Line, curves_plot
from igcli.rendering.evaluation_plot import metrics_plot
from igcli.rendering.method_styles import method_styles
from igcli.rendering.metric_panel import MetricPlot, Point
from igcli.rendering.plots import PLOTS

METHODS = ("gradient", "integrated", "left-integrated")
CONTROLS = ("random", "sobel")
DOTS = 144
STARTS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


def line(mean, *, half=0.05, until=1.0):
    mean = np.asarray(mean, float)
    return Line(np.linspace(0, until, len(mean)), mean, mean - half, mean + half)


def level(value, **more):
    return line(np.full(11, value), **more)


def curve(lines, *, title="Deletion"):
    return CurvePlot(title, "pixels removed", "softmax score ↓", lines)


def colours(curves, controls=()):
    return {name: style.colour for name, style in method_styles([c.lines for c in curves], controls).items()}


LEVELS = {name: level(0.1 * place) for place, name in enumerate((*METHODS, *CONTROLS), 1)}
FULL = [curve(LEVELS), curve(LEVELS, title="AOPC")]


@pytest.mark.parametrize("ending", PLOTS)
def test_every_format_is_the_same_file_each_time(ending):
    data = curves_plot(FULL, title="150 photos", controls=CONTROLS, ending=ending)
    assert data.startswith(STARTS[ending])
    assert data == curves_plot(FULL, title="150 photos", controls=CONTROLS, ending=ending)


def test_the_words_are_drawn_and_every_name_once():
    drawn = words(curves_plot(FULL, title="150 photos", footer=["Fill black."], controls=CONTROLS, ending=".svg"))
    for text in ("150 photos", "Deletion", "AOPC", "pixels removed", "softmax score ↓", "100 %", "Fill black."):
        assert text in drawn
    assert "Lines: means over the photos; bands: 95 % intervals, point by point." in drawn
    assert [text for text in drawn if text in (*METHODS, *CONTROLS)] == [*METHODS, *CONTROLS]


def test_a_method_has_the_same_colour_as_in_the_plot_of_metrics():
    metric = MetricPlot("aopc", "higher", {name: Point(0.1, 0.0, 0.2, 9) for name in (*METHODS, *CONTROLS)})
    both = [pixels(metrics_plot([metric], title="x", controls=CONTROLS)),
            pixels(curves_plot(FULL[:1], title="x", controls=CONTROLS))]  # fmt: skip
    for colour in colours(FULL, CONTROLS).values():
        assert all(len(places(picture, colour)[0]) > 30 for picture in both)


def test_lines_go_where_the_means_are():
    picture = pixels(curves_plot([curve({"up": line([0, 1], half=np.nan), "flat": level(0.5, half=np.nan)})], title=""))
    up, flat = colours([curve({"up": None, "flat": None})]).values()
    _, panel = places(picture, flat)
    row, _ = np.median(places(picture, flat), axis=1)
    rows, columns = places(picture, up)
    at = {
        side: rows[columns == column].mean()
        for side, column in (("left", panel.min() + 60), ("right", panel.max() - 60))
    }
    assert at["left"] > row > at["right"]
    assert at["left"] - row == pytest.approx(row - at["right"], rel=0.1)


def test_bands_are_drawn_where_there_are_intervals():
    def tinted(half):
        picture = pixels(curves_plot([curve({"a": level(0.5, half=half), "b": level(0.1, half=np.nan)})], title="x"))
        red, blue = (picture[..., channel].astype(int) for channel in (0, 2))
        return int(((blue - red > 20) & (red > 120)).sum())

    assert tinted(0.2) > 5 * tinted(np.nan) + 1000
    drawn = words(curves_plot([curve({"a": level(0.5, half=np.nan)})], title="x", ending=".svg"))
    assert "Lines: means over the photos; no intervals." in drawn


def test_controls_are_dashed_and_methods_are_not():
    one = curve({"method": level(0.2, half=np.nan), "random": level(0.8, half=np.nan)})
    picture = pixels(curves_plot([one], title="x", controls=["random"]))

    def filled(colour):
        rows, columns = places(picture, colour)
        row = np.bincount(rows).argmax()
        on = np.unique(columns[rows == row])
        return len(on) / (on.max() - on.min() + 1)

    method, random = colours([one], ["random"]).values()
    assert filled(method) > 0.98
    assert filled(random) < 0.85


@pytest.mark.parametrize("kinds", [1, 2, 4, 5])
@pytest.mark.parametrize("methods", [1, 14])
def test_any_number_of_curves_and_methods_fits_the_page(kinds, methods):
    names = [f"a method with a very long name, number {number}, as a stranger calls it" for number in range(methods)]
    lines = {name: level(0.1 * place, until=0.1) for place, name in enumerate((*names, *CONTROLS))}
    curves = [curve(lines, title=f"Kind {number} " + "with a long title " * 9) for number in range(kinds)]
    picture = pixels(curves_plot(curves, title="Long " * 60, footer=["Condition. " * 60], controls=CONTROLS))
    width = picture.shape[1]
    assert 5 * DOTS < width < 10.8 * DOTS
    margin = 12
    inside = picture.copy()
    inside[margin:-margin, margin:-margin] = 255
    assert inside.min() == 255
    for colour in colours(curves, CONTROLS).values():
        assert len(places(picture, colour)[0]) > 50 * kinds


def test_a_method_without_a_curve_stays_in_the_key_and_takes_no_others_colour():
    nothing = Line(*(np.full(11, np.nan) for _ in range(4)))
    empty = Line(*(np.empty(0) for _ in range(4)))
    for missing in (nothing, empty):
        data = {"gradient": missing, "integrated": level(0.3)}
        drawn = words(curves_plot([curve(data)], title="x", ending=".svg"))
        assert {"gradient", "integrated"} <= set(drawn)
        second = colours(FULL)["integrated"]
        assert len(places(pixels(curves_plot([curve(data)], title="x")), second)[0]) > 500
    drawn = words(curves_plot([curve({"gradient": nothing})], title="x", ending=".svg"))
    assert "no curve" in drawn
    assert not any(text.startswith("Lines") for text in drawn)


def test_gaps_single_stops_and_constant_curves_give_a_plot():
    gap = np.linspace(0, 1, 11)
    gap[3:5] = np.nan
    assert curves_plot([curve({"gap": line(gap), "zero": level(0.0, half=0.0)})], title="x")
    assert curves_plot([curve({"point": line([0.5])})], title="x")
    assert curves_plot([curve({"big": level(1e12), "small": level(-1e12)})], title="x")


def test_text_from_strangers_is_drawn_as_it_is():
    one = CurvePlot("$\\frac$", "$x_1$", "$y^2$", {"$a$": level(0.1), "_hidden": level(0.2), "": level(0.3)})
    drawn = words(curves_plot([one], title="$\\alpha$", footer=["of $z$"], ending=".svg"))
    assert {"$\\frac$", "$x_1$", "$y^2$", "$a$", "_hidden", "of $z$"} <= {text.replace(r"\$", "$") for text in drawn}


def test_nothing_to_plot_is_refused():
    for nothing in ([], [curve({})]):
        with pytest.raises(ValueError, match="nothing"):
            curves_plot(nothing, title="x")
