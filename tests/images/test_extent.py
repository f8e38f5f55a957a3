"""The size of an input: one number, or width and height."""

from __future__ import annotations

import pytest

from igcli.errors import UsageError
from igcli.images.extent import extent_of, extent_text, sides
from igcli.images.options import View


@pytest.mark.parametrize("value", [224, "224", (224, 224), [224], "224x224", " 224X224 "])
def test_a_square_has_one_spelling_however_it_is_written(value: object) -> None:
    assert extent_of(value) == 224
    assert sides(extent_of(value)) == (224, 224)
    assert View(value) == View(224)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [(512, 256), [512, 256], "512x256"])
def test_a_rectangle_is_width_and_height(value: object) -> None:
    assert extent_of(value) == (512, 256)
    assert extent_text(extent_of(value)) == "512x256"
    view = View(value)  # type: ignore[arg-type]
    assert (view.width, view.height) == (512, 256)
    assert view.resize == (512, 256)


@pytest.mark.parametrize("value", ["", "x", "2x", "1x2x3", "-3", "3.5", "²", (), (1, 2, 3), (1.5, 2), None, "512*256"])
def test_anything_else_is_no_size(value: object) -> None:
    with pytest.raises(ValueError, match="WIDTHxHEIGHT"):
        extent_of(value)
    with pytest.raises(UsageError):
        View(value)  # type: ignore[arg-type]


@pytest.mark.parametrize("value", [0, -1, (0, 5), (5, -5)])
def test_a_view_has_pixels(value: object) -> None:
    with pytest.raises(UsageError, match="from 1"):
        View(value)  # type: ignore[arg-type]


def test_the_usual_resize_of_a_square_is_256() -> None:
    assert View(96).resize == 256
    assert View((96, 96)) == View(96, 256)
