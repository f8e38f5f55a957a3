"""The plot of metrics: what is drawn in it, by its pixels and its words."""

from __future__ import annotations

import math

import pytest
from rendering.inspection import centre, pixels, places, words

from igcli.rendering.evaluation_plot import metrics_plot
from igcli.rendering.method_styles import method_styles
from igcli.rendering.metric_panel import MetricPlot, Point
from igcli.rendering.plots import PLOTS

METHODS = ("gradient", "integrated", "left-integrated")
CONTROLS = ("random", "sobel")
DOTS = 144
STARTS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


def metric(means, *, half=0.02, name="aopc", **more):
    points = {method: Point(mean, mean - half, mean + half, 150) for method, mean in means.items()}
    return MetricPlot(name, more.pop("better", "higher"), points, **more)


def colours(metrics, controls=()):
    return {name: style.colour for name, style in method_styles([m.points for m in metrics], controls).items()}


FULL = [metric(dict(zip((*METHODS, *CONTROLS), (0.2, 0.3, 0.4, 0.05, 0.1), strict=True)), best="left-integrated"),
        metric(dict(zip((*METHODS, *CONTROLS), (0.4, 0.3, 0.2, 0.5, 0.6), strict=True)), name="deletion",
               better="lower", label="area under the score")]  # fmt: skip


@pytest.mark.parametrize("ending", PLOTS)
def test_every_format_is_the_same_file_each_time(ending):
    data = metrics_plot(FULL, title="150 photos", controls=CONTROLS, ending=ending)
    assert data.startswith(STARTS[ending])
    assert data == metrics_plot(FULL, title="150 photos", controls=CONTROLS, ending=ending)


def test_the_words_say_which_way_is_better_and_of_how_many_photos():
    drawn = words(metrics_plot(FULL, title="150 photos", footer=["Fill black."], controls=CONTROLS, ending=".svg"))
    for text in ("150 photos", "aopc", "deletion", "higher is better ↑", "lower is better ↓", "area under the score"):
        assert text in drawn
    assert "Marks: means over the photos; lines: their 95 % intervals." in drawn
    assert "Fill black." in drawn
    assert drawn.index("aopc") < drawn.index("higher is better ↑") < drawn.index("deletion")


def test_names_stand_once_next_to_panels_and_controls_last():
    drawn = words(metrics_plot(FULL, title="", controls=CONTROLS, ending=".svg"))
    assert [text for text in drawn if text in (*METHODS, *CONTROLS)] == [*METHODS, *CONTROLS]


def test_marks_stand_where_the_means_are_and_rows_go_down():
    means = {"zero": 0.0, "one": 1.0, "three": 3.0}
    picture = pixels(metrics_plot([metric(means, half=math.nan)], title="x"))
    (y0, x0), (y1, x1), (y3, x3) = (centre(picture, c) for c in colours([metric(means)]).values())
    assert (x3 - x1) / (x1 - x0) == pytest.approx(2, rel=0.02)
    assert y0 < y1 < y3
    assert y1 - y0 == pytest.approx(y3 - y1, abs=2.5)


def test_an_interval_is_as_long_as_it_says():
    means = {"left": 0.0, "right": 1.0}
    plot = metric(means, half=0.25)
    picture = pixels(metrics_plot([plot], title="x"))
    ends = []
    for colour in colours([plot]).values():
        _, columns = places(picture, colour)
        ends.append((columns.min(), columns.max()))
    (low, high), (low_right, _) = ends
    assert (high - low) / (low_right - low) == pytest.approx(0.5, abs=0.01)


def test_values_decades_apart_get_a_logarithmic_axis_that_says_so():
    means = {"small": 0.01, "middle": 1.0, "large": 100.0}
    plot = metric(means, half=math.nan, label="gap")
    picture = pixels(metrics_plot([plot], title="x"))
    left, middle, right = (centre(picture, colour)[1] for colour in colours([plot]).values())
    assert right - middle == pytest.approx(middle - left, abs=2)
    drawn = words(metrics_plot([plot], title="x", ending=".svg"))
    assert {"gap, logarithmic", "0.01", "1", "100"} <= set(drawn)
    with_zero = metric({**means, "none": 0.0}, half=math.nan, label="gap")
    assert "gap" in words(metrics_plot([with_zero], title="x", ending=".svg"))


@pytest.mark.parametrize("low", [0.011, 0.03, 0.09])
@pytest.mark.parametrize("factor", [51, 99, 1e4, 1e12])
def test_a_logarithmic_axis_has_at_least_two_ticks_and_at_most_five(low, factor):
    plot = metric({"a": low, "b": low * factor}, half=math.nan)
    numbers = [text for text in words(metrics_plot([plot], title="x", ending=".svg")) if text[0].isdigit()]
    numbers.remove("150 photos")
    assert 2 <= len(numbers) <= 5


def test_only_the_best_that_is_given_is_marked():
    def rows_shaded(best):
        means = {"a": 0.1, "b": 0.2}
        plot = metric(means, best=best)
        picture = pixels(metrics_plot([plot], title="x"))
        unmarked = pixels(metrics_plot([metric(means)], title="x"))
        changed = (picture != unmarked).any(axis=(1, 2)).nonzero()[0]
        return changed, {name: centre(unmarked, colour)[0] for name, colour in colours([plot]).items()}

    changed, rows = rows_shaded("b")
    assert changed.min() < rows["b"] < changed.max()
    assert rows["a"] < changed.min()
    assert not len(rows_shaded(None)[0])
    assert words(metrics_plot(FULL, title="x", ending=".svg")).count("best") == 1


def test_controls_are_grey_below_a_line():
    picture = pixels(metrics_plot(FULL[:1], title="x", controls=CONTROLS))
    of = colours(FULL[:1], CONTROLS)
    line, _ = places(picture, "#c4c9d1")
    assert max(places(picture, of[name])[0].max() for name in METHODS) < line.min()
    assert of["random"] == of["sobel"]
    rows, _ = places(picture, of["random"])
    assert rows.min() > line.max()
    alone = pixels(metrics_plot(FULL[:1], title="x", controls=(*METHODS, *CONTROLS)))
    assert not len(places(alone, "#c4c9d1")[0])


def test_what_has_no_number_says_so():
    nan = math.nan
    half = MetricPlot("completeness", "lower", {"gradient": Point(0.2, 0.1, 0.3, 8), "random": Point(nan, nan, nan, 0)})
    other = metric({"gradient": 0.1, "random": 0.2, "sobel": 0.3})
    drawn = words(metrics_plot([other, half], title="x", controls=CONTROLS, ending=".svg"))
    assert drawn.count("no number") == 2  # random, whose number is NaN, and sobel, which this metric does not know
    assert "8 photos" in drawn


def test_no_photo_with_a_number_still_gives_a_plot():
    empty = MetricPlot("aopc", "higher", {"a": Point(math.nan), "b": Point(math.inf)}, best="a")
    drawn = words(metrics_plot([empty], title="x", ending=".svg"))
    assert drawn.count("no number") == 2
    assert "no photo with a number" in drawn
    assert "best" not in drawn
    assert not any(text.startswith("Marks") for text in drawn)


def test_a_single_photo_has_no_interval():
    drawn = words(metrics_plot([MetricPlot("aopc", "higher", {"a": Point(0.3, count=1)})], title="x", ending=".svg"))
    assert "1 photo" in drawn
    assert "Marks: means over the photos; no intervals." in drawn


def test_counts_that_differ_are_given_from_fewest_to_most():
    points = {"a": Point(0.1, 0.0, 0.2, 148), "b": Point(0.2, 0.1, 0.3, 150), "c": Point(math.nan)}
    drawn = words(metrics_plot([MetricPlot("focus", "higher", points)], title="x", ending=".svg"))
    assert "148 to 150 photos" in drawn


@pytest.mark.parametrize("metrics", [1, 2, 5, 6, 9])
@pytest.mark.parametrize("methods", [1, 14])
def test_any_number_of_methods_and_metrics_fits_the_page(metrics, methods):
    names = [f"a method with a very long name, number {number}, as a stranger calls it" for number in range(methods)]
    plots = [
        metric({name: 0.1 * place for place, name in enumerate((*names, *CONTROLS))}, name=f"metric {number}")
        for number in range(metrics)
    ]
    picture = pixels(metrics_plot(plots, title="A long title " * 20, footer=["Condition. " * 60], controls=CONTROLS))
    width = picture.shape[1]
    assert 5 * DOTS < width < 10.8 * DOTS
    # Nothing reaches the edges: names are shortened, sentences wrapped.
    margin = 12
    inside = picture.copy()
    inside[margin:-margin, margin:-margin] = 255
    assert inside.min() == 255
    for colour in colours(plots, CONTROLS).values():
        assert len(places(picture, colour)[0]) > 20 * metrics


def test_text_from_strangers_is_drawn_as_it_is():
    names = {"$x$": 0.1, "_hidden": 0.2, r"\$5 & <b>": 0.3, "": 0.4, "two\nlines": 0.5, "\u202eevil": 0.6}
    plot = metric(names, name="$\\frac$", label="$y^2$")
    drawn = words(metrics_plot([plot], title="$\\alpha$", footer=["$", "100 % of $z$"], ending=".svg"))
    # matplotlib's comments hold what it was given: a dollar behind a backslash is a plain dollar to it.
    plainly = [text.replace(r"\$", "$") for text in drawn]
    assert {"$x$", "_hidden", "two lines", "evil", "$\\frac$", "$y^2$", "$\\alpha$", "100 % of $z$"} <= set(plainly)
    assert metrics_plot([plot], title="$\\alpha$", footer=["$"], ending=".png")


@pytest.mark.parametrize("value", [0.0, 1e-300, 1e12, -1e12, 0.3])
def test_equal_and_extreme_values_give_a_plot(value):
    plot = metric({"a": value, "b": value}, half=0.0)
    picture = pixels(metrics_plot([plot], title="x"))
    first, second = (centre(picture, colour)[1] for colour in colours([plot]).values())
    assert first == pytest.approx(second, abs=2)


def test_nothing_to_plot_is_refused():
    for nothing in ([], [MetricPlot("aopc", "higher", {})]):
        with pytest.raises(ValueError, match="nothing"):
            metrics_plot(nothing, title="x")
