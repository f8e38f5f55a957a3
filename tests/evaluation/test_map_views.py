"""Views of finished maps: their names, and that each is of its own map and photo."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
import torch

from igcli.evaluation.map_views import (
    LowpassView,
    RegionsView,
    Unchanged,
    base_of,
    notes_of,
    view_of,
    viewed_names,
)
from igcli.evaluation.maps import flaw, ranks
from igcli.images.lowpass import Lowpass

PHOTO = torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(2))
VALUES = torch.randn(3, 48, 48, generator=torch.Generator().manual_seed(4))


def test_names_are_the_maps_own_and_what_views_add_in_the_order_of_maps_then_views():
    views = [Unchanged(), LowpassView(Lowpass(15)), LowpassView(Lowpass(8, "signed"))]
    names = list(viewed_names(["integrated", "sobel"], views))
    assert names == [
        *("integrated", "integrated, lowpass 15", "integrated, lowpass 8 signed"),
        *("sobel", "sobel, lowpass 15", "sobel, lowpass 8 signed"),
    ]
    assert {base_of(name) for name in names} == {"integrated", "sobel"}


def test_a_map_with_a_cut_off_of_its_own_is_filtered_and_named_by_it():
    view = LowpassView(Lowpass(15), {"integrated": Lowpass(5), "gradient": None})
    assert list(viewed_names(["integrated", "gradient", "sobel"], [view])) == [
        *("integrated, lowpass 5", "gradient", "sobel, lowpass 15"),
    ]
    torch.testing.assert_close(view_of("integrated", view, VALUES, PHOTO), Lowpass(5).filtered(VALUES))
    assert view_of("gradient", view, VALUES, PHOTO) is VALUES


def test_a_map_that_is_best_unfiltered_is_measured_once():
    view = LowpassView(Lowpass(15), {"gradient": None})
    assert list(viewed_names(["gradient"], [Unchanged(), view])) == ["gradient"]


@pytest.mark.parametrize("flawed", [torch.zeros(3, 48, 48), torch.full((3, 48, 48), torch.nan), torch.ones(5, 5)])
def test_a_flawed_map_stays_as_it_is_so_that_its_flaw_is_said(flawed):
    seen = view_of("mine", LowpassView(Lowpass(3)), flawed, PHOTO)
    assert flaw(seen, size=(48, 48)) == flaw(flawed, size=(48, 48)) != ""


def test_an_array_of_another_tool_is_filtered_as_a_tensor_is():
    view = LowpassView(Lowpass(3))
    for values in (VALUES.numpy(), VALUES[0].numpy()):
        expected = Lowpass(3).filtered(torch.from_numpy(np.atleast_3d(values) if values.ndim == 3 else values[None]))
        torch.testing.assert_close(view_of("mine", view, values, PHOTO), expected)


@pytest.mark.skipif(importlib.util.find_spec("skimage") is None, reason="scikit-image is not installed")
def test_regions_rank_whole_parts_of_the_photo_by_their_mean():
    view = RegionsView(lambda base: "signed" if base == "integrated" else "absolute")
    signed, absolute = (view_of(base, view, VALUES, PHOTO) for base in ("integrated", "gradient"))
    assert float(signed.sum()) == pytest.approx(float(VALUES.double().sum()))
    assert float(absolute.sum()) == pytest.approx(float(VALUES.double().abs().sum()))
    assert ranks(signed) is not None
    assert len(np.unique(signed)) < 200


def test_each_note_is_given_once():
    views = [Unchanged(), LowpassView(Lowpass(3)), LowpassView(Lowpass(4)), LowpassView(Lowpass(4, "signed"))]
    notes = notes_of(views)
    assert len(notes) == 2
    assert "no longer sums to the score" in notes[0]
    assert "keeps the sum" in notes[1]
