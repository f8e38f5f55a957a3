import io

import numpy as np
import pytest
from PIL import Image

from igcli.rendering.metric_panel import Point
from igcli.rendering.parts_plot import PartsPlot, parts_plot


def plotted(*plots):
    with Image.open(io.BytesIO(parts_plot(plots, title="net", score="softmax"))) as image:
        return np.asarray(image.convert("L")).astype(int)


def plot(left, kept, fill="black"):
    means = (Point(float(np.mean(values)), min(values), max(values), len(values)) for values in (left, kept))
    return PartsPlot(fill, left, kept, *means)


def centre_of_ink(pixels):
    """Where the cross, the darkest of the middle, is: (right, down) in [0, 1] of the picture."""
    inner = pixels[130:550, 110:540]
    down, right = np.nonzero(inner < 60)
    return right.mean() / inner.shape[1], down.mean() / inner.shape[0]


def test_photos_that_need_their_object_are_at_the_upper_left_and_others_at_the_lower_right():
    right, down = centre_of_ink(plotted(plot([0.05, 0.15], [0.85, 0.95])))
    assert right < 0.3
    assert down < 0.4
    right, down = centre_of_ink(plotted(plot([0.85, 0.95], [0.05, 0.15])))
    assert right > 0.6
    assert down > 0.6


def test_a_panel_for_each_fill_in_rows_of_two():
    one, two, three = (
        plotted(*[plot([0.1, 0.2], [0.8, 0.9], f"fill {n}") for n in range(count)]) for count in (1, 2, 3)
    )
    assert two.shape[1] > one.shape[1]
    assert two.shape[0] == one.shape[0]
    assert three.shape[0] > 1.7 * two.shape[0]


def test_one_photo_and_equal_scores_are_plotted_and_nothing_is_an_error():
    assert plotted(PartsPlot("black", [3.0], [3.0], Point(3.0), Point(3.0))).min() < 150
    with pytest.raises(ValueError, match="nothing to plot"):
        parts_plot([], title="net", score="softmax")
