"""All plots: as files, and by what is drawn in them."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image
from rendering.films import trace

from igcli.attribution.views.layers import LayerDistances
from igcli.errors import UsageError
from igcli.rendering.layer_plot import layer_plot
from igcli.rendering.plots import PLOTS, PlotContext, plot_curves, render
from igcli.rendering.saturation_plot import _mark, saturation_plot

SUBJECT = PlotContext("caltech101", "softmax", "cat $x$ \u202e.jpg")
STARTS = {".png": b"\x89PNG\r\n\x1a\n", ".svg": b"<?xml", ".pdf": b"%PDF-"}


def distances(seed: int = 0, layers: int = 4) -> LayerDistances:
    alphas = np.linspace(0, 1, 11)
    rows = np.random.default_rng(seed).uniform(0.3, 1, (layers, 1)) * (1 - alphas) ** 2
    names = tuple(f"block{i}" for i in range(layers))
    return LayerDistances(names, alphas, 5 * rows, rows, np.full(layers, 5.0))


PLOTTERS = {
    "saturation of one": lambda ending: saturation_plot([trace()], SUBJECT, ending=ending),
    "saturation of many": lambda ending: saturation_plot([trace(n) for n in (9, 21, 51, 51)], SUBJECT, ending=ending),
    "layers of one": lambda ending: layer_plot([distances()], SUBJECT, ending=ending),
    "layers of many": lambda ending: layer_plot([distances(s, 7) for s in range(5)], SUBJECT, ending=ending),
}


@pytest.mark.parametrize("ending", PLOTS)
@pytest.mark.parametrize("plotter", PLOTTERS.values(), ids=PLOTTERS)
def test_every_plot_in_every_format_is_the_same_file_each_time(plotter, ending):
    data = plotter(ending)
    assert data.startswith(STARTS[ending])
    assert data == plotter(ending)
    assert b"Date" not in data or ending == ".svg"


@pytest.mark.parametrize("plotter", PLOTTERS.values(), ids=PLOTTERS)
def test_an_svg_names_no_day(plotter):
    assert b"dc:date" not in plotter(".svg")


@pytest.mark.parametrize("plotter", PLOTTERS.values(), ids=PLOTTERS)
def test_a_plot_has_ink_inside_its_edges_alone(plotter):
    with Image.open(io.BytesIO(plotter(".png"))) as image:
        grey = np.asarray(image.convert("L"))
    assert (grey < 100).mean() > 0.003
    assert min(edge.min() for edge in (grey[0], grey[-1], grey[:, 0], grey[:, -1])) > 200


def test_pyplot_is_never_imported_and_the_users_backend_has_no_say():
    code = (
        "import sys; sys.path.insert(0, 'tests')\n"
        "from rendering.films import trace\n"
        "from igcli.rendering.plots import PlotContext\n"
        "from igcli.rendering.saturation_plot import saturation_plot\n"
        "assert 'matplotlib' not in sys.modules\n"
        "saturation_plot([trace()], PlotContext('net'))\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"MPLBACKEND": "TkAgg", "PATH": "", "HOME": "/tmp"})


def test_the_users_own_settings_are_neither_used_nor_changed():
    import matplotlib as mpl

    plain = saturation_plot([trace()], SUBJECT)
    with mpl.rc_context({"lines.linewidth": 9, "font.size": 30, "axes.facecolor": "red"}):
        assert saturation_plot([trace()], SUBJECT) == plain
        assert mpl.rcParams["font.size"] == 30


def test_the_median_and_quartiles_drawn_are_those_of_the_curves():
    alphas = np.linspace(0, 1, 5)
    drawn = {}

    def draw(figure):
        axes = figure.add_subplot()
        drawn["middle"] = plot_curves(axes, [(alphas, np.full(5, value)) for value in (0.0, 1.0, 2.0, 3.0, 10.0)])
        drawn["lines"] = [line.get_ydata()[0] for line in axes.lines]

    render(draw, size=(3, 2), ending=".png")
    assert drawn["lines"] == [1.0, 3.0, 2.0]
    assert drawn["middle"].median == pytest.approx(np.full(5, 2.0))


@pytest.mark.parametrize("score", [0.05, 0.95])
def test_the_value_of_alpha_star_stands_away_from_the_curve(score):
    drawn = []

    def draw(figure):
        axes = figure.add_subplot()
        axes.set_ylim(-0.02, 1.02)
        _mark(axes, 0.8, score=score)
        drawn.extend(axes.texts)

    render(draw, size=(3, 2), ending=".png")
    assert abs(drawn[0].xy[1] - score) > 0.5


def test_curves_of_a_black_picture_and_constant_scores_give_a_plot():
    from dataclasses import replace

    flat = replace(trace(), scores=np.zeros(9), softmax=np.zeros(9), logit=np.zeros(9), mean_importance=np.zeros(9))
    assert saturation_plot([flat], SUBJECT)
    assert saturation_plot([flat, flat], SUBJECT)
    assert saturation_plot([flat, trace()], SUBJECT)
    zero = LayerDistances(("a",), np.linspace(0, 1, 3), np.zeros((1, 3)), np.zeros((1, 3)), np.zeros(1))
    assert layer_plot([zero], SUBJECT)


def test_what_is_not_known_is_left_out():
    from dataclasses import replace

    bare = replace(trace(), mean_importance=None, softmax=None, logit=None)
    whole, few = (Image.open(io.BytesIO(saturation_plot([t], SUBJECT))) for t in (trace(), bare))
    assert few.width < whole.width
    assert saturation_plot([bare, trace()], PlotContext("net", "log-softmax"))


def test_nothing_to_plot_and_other_endings_are_refused():
    with pytest.raises(ValueError, match="nothing"):
        saturation_plot([], SUBJECT)
    with pytest.raises(ValueError, match="differ"):
        layer_plot([distances(layers=2), distances(layers=3)], SUBJECT)
    with pytest.raises(UsageError, match=r"\.png, \.svg, \.pdf"):
        saturation_plot([trace()], SUBJECT, ending=".jpg")
    assert saturation_plot([trace()], SUBJECT, ending=".SVG").startswith(b"<?xml")
