"""What a notebook shows of results: the photo and the maps, pixel for pixel."""

import io

import numpy as np
import torch
from PIL import Image
from toys import random_picture

import igcli


def test_a_result_shows_the_photo_and_its_map(small, picture):
    result = igcli.attribute(small, picture, steps=8)
    sheet = Image.open(io.BytesIO(result._repr_png_()))
    tile = picture.image().resize((228, 228), Image.Resampling.NEAREST)  # 12 pixels, each a square of 19
    lit = igcli.overlay(picture, result).resize((228, 228), Image.Resampling.NEAREST)
    left, top = 24 + 210 + 16, 24 + 62
    assert np.array_equal(np.asarray(sheet.crop((left, top, left + 228, top + 228))), np.asarray(tile))
    left += 228 + 16
    assert np.array_equal(np.asarray(sheet.crop((left, top, left + 228, top + 228))), np.asarray(lit))


def test_an_explanation_shows_all_its_maps_and_one_without_maps_nothing(small, picture):
    (both,) = igcli.explain(small, [picture], igcli.Wanted(("integrated", "gradient"), (1,)))[0]
    (one,) = igcli.explain(small, [picture], igcli.Wanted(("integrated",), (1,)))[0]
    (none,) = igcli.explain(small, [picture], igcli.Wanted((), (1,), alphas=(0.5,)))[0]
    widths = [Image.open(io.BytesIO(each._repr_png_())).width for each in (both, one)]
    assert widths[0] == widths[1] + 228 + 16
    assert none._repr_png_() is None


def test_a_map_of_nothing_says_so(quadratic):
    black = igcli.Picture(torch.zeros(3, 12, 12, dtype=torch.float64))
    result = igcli.attribute(quadratic, black, steps=2, score="logit")
    shown = Image.open(io.BytesIO(result._repr_png_()))
    grown = Image.open(
        io.BytesIO(igcli.attribute(quadratic, random_picture(dtype=torch.float64), steps=2)._repr_png_())
    )
    assert shown.height > grown.height  # by the warning
