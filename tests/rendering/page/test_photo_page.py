from __future__ import annotations

import io
import math
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image, features
from rendering.page.pages import ALPHAS, made_up, toy_explanation

from igcli.attribution.views.saturation import alpha_star
from igcli.errors import NumericalError
from igcli.rendering.page.content import COMPACT, FULL, Detail
from igcli.rendering.page.photo_page import photo_page


@pytest.fixture(scope="module")
def explanation():
    return toy_explanation(methods=("gradient", "integrated", "right-integrated"))


def opened(page) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(page.photo.data)).convert("RGB"))


def test_the_photo_is_kept_pixel_for_pixel(explanation):
    page = photo_page(explanation)
    np.testing.assert_array_equal(opened(page), explanation.picture.array())
    assert (page.photo.width, page.photo.height) == (12, 12)


def test_without_webp_the_photo_is_a_png(explanation, monkeypatch):
    monkeypatch.setattr(features, "check", lambda name: False)
    page = photo_page(explanation)
    assert page.photo.media_type == "image/png"
    np.testing.assert_array_equal(opened(page), explanation.picture.array())


def test_where_room_is_short_the_photo_is_a_jpeg(explanation):
    assert photo_page(explanation, detail=COMPACT).photo.media_type == "image/jpeg"


def test_it_keeps_the_numbers_of_the_explanation(explanation):
    page = photo_page(explanation)
    assert page.name == "photo 0.png"
    assert page.top == explanation.prediction
    assert page.target == explanation.target
    assert [each.method for each in page.maps] == ["gradient", "integrated", "right-integrated"]
    assert page.maps[1].completeness == explanation.results["integrated"].completeness
    assert page.curve.scores == tuple(explanation.trace.scores)
    assert page.frames.alphas == ALPHAS


def test_a_photo_can_go_by_another_name(explanation):
    assert photo_page(explanation, name="cats/1.jpg").name == "cats/1.jpg"


def test_it_can_be_sent_to_other_processes_and_holds_no_tensor(explanation):
    page = photo_page(explanation)
    data = pickle.dumps(page)
    assert pickle.loads(data) == page
    assert b"torch" not in data


def test_the_split_is_that_of_the_method_which_makes_one(explanation):
    extras = explanation.results["right-integrated"].extras
    split = photo_page(explanation).split
    assert split.alpha_star == extras["alpha_star"]
    assert (split.left_share, split.right_share) == (extras["left_share"], extras["right_share"])


def test_without_such_a_method_the_split_is_read_off_the_curve(explanation):
    page = photo_page(replace(explanation, results={}))
    trace = explanation.trace
    star = alpha_star(trace.alphas, trace.scores, at_baseline=trace.at_baseline, at_image=trace.at_image)
    assert (page.split.alpha_star, page.split.left_share) == (star, None)


def test_a_score_that_does_not_move_is_not_split(explanation):
    still = replace(explanation.trace, scores=np.full(len(explanation.trace.alphas), 0.5), ends=(0.5, 0.5))
    assert photo_page(replace(explanation, results={}, trace=still)).split is None
    result = explanation.results["right-integrated"]
    nowhere = replace(result, extras={**result.extras, "alpha_star": math.nan})
    assert photo_page(replace(explanation, results={"right-integrated": nowhere})).split is None


def test_frames_are_thinned_out_evenly_and_keep_both_ends(explanation):
    page = photo_page(explanation, detail=Detail(frames=5))
    assert page.frames.alphas == pytest.approx((0, 0.2, 0.5, 0.8, 1), abs=0.05)
    assert photo_page(explanation, detail=Detail(frames=0)).frames is None


def test_an_explanation_without_interior_has_no_frames(explanation):
    assert photo_page(replace(explanation, interior=None)).frames is None


def test_values_that_are_not_finite_are_refused(explanation):
    bad = replace(explanation.results["integrated"], values=torch.full((3, 12, 12), math.inf))
    with pytest.raises(NumericalError):
        photo_page(replace(explanation, results={"integrated": bad}))


@pytest.mark.parametrize("methods", [1, 2, 3])
def test_one_photo_of_sixty_frames_stays_in_its_room_whatever_its_noise(methods):
    names = ("integrated", "gradient", "left-integrated")[:methods]
    page = photo_page(made_up(frames=60, methods=names), detail=FULL)
    assert len(page.frames.alphas) == 60
    assert page.characters <= FULL.room
