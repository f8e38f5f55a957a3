from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
import torch
from PIL import Image

from igcli.errors import UsageError
from igcli.images.picture import Picture
from igcli.rendering.overlay import draw, overlay
from igcli.rendering.scaling import Scale


@dataclass(frozen=True)
class Result:
    values: torch.Tensor


PICTURE = Picture(torch.linspace(0, 1, 3 * 6 * 4).reshape(3, 6, 4))
VALUES = torch.sin(torch.arange(3 * 6 * 4.0)).reshape(3, 6, 4)


def test_an_overlay_can_be_saved_and_is_as_large_as_the_picture(tmp_path):
    overlay(PICTURE, VALUES).save(tmp_path / "cat.png")
    with Image.open(tmp_path / "cat.png") as saved:
        assert saved.size == (4, 6)
        assert saved.mode == "RGB"


def test_a_tensor_an_array_and_an_attribution_draw_the_same():
    pictures = {overlay(PICTURE, each).tobytes() for each in (VALUES, VALUES.numpy(), Result(VALUES))}
    assert len(pictures) == 1


def test_draw_gives_the_overlay_and_its_numbers():
    drawn = draw(PICTURE, VALUES, style="signed", scale=Scale(maximum=2.0))
    assert drawn.image.tobytes() == overlay(PICTURE, VALUES, style="signed", scale=Scale(maximum=2.0)).tobytes()
    assert (drawn.ceiling, drawn.aggregation, drawn.blank) == (2.0, "signed-sum", False)


def test_where_every_pixel_is_at_the_ceiling_lit_is_the_photo_itself():
    drawn = overlay(PICTURE, torch.ones(3, 6, 4), style="lit")
    np.testing.assert_array_equal(np.asarray(drawn), PICTURE.array())


def test_a_one_channel_picture_is_drawn_in_grey():
    drawn = np.asarray(overlay(Picture(torch.full((1, 2, 2), 0.5)), torch.ones(1, 2, 2)))
    np.testing.assert_array_equal(drawn, np.full((2, 2, 3), 128))


def test_an_unknown_style_is_named_with_the_closest_one():
    with pytest.raises(UsageError, match="Did you mean 'heat'"):
        overlay(PICTURE, VALUES, style="heats")
