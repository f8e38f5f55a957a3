"""Boxes that are cut out of photos before the model's view: from columns of a list, in pixels and in shares."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from images.tars import found, reasons
from PIL import Image

from igcli.errors import ImageError
from igcli.images.baselines import read_baseline
from igcli.images.crop import Crop
from igcli.images.finding import find_images
from igcli.images.options import View
from igcli.images.reading import read_image
from igcli.images.source import Found

VIEW = View(size=12, resize=12)


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """80 x 60 pixels of noise."""
    path = tmp_path / "photo.png"
    Image.fromarray(np.random.default_rng(3).integers(0, 256, (60, 80, 3), dtype=np.uint8)).save(path)
    return path


def listed(photo: Path, columns: str, row: str) -> list:
    (photo.parent / "list.csv").write_text(f"path;{columns}\n{photo.name};{row}\n")
    return find_images([str(photo.parent / "list.csv")])


@pytest.mark.parametrize(
    ("columns", "row"),
    [
        ("x;y;width;height", "20;15;40;30"),
        ("height;Width;X;y", "30;40;20;15"),
        ("x;y;width;height", "0.25;0.25;0.5;0.5"),
        ("box", "20, 15, 40, 30"),
        ("BOX", "[0.25 0.25 0.5 0.5]"),
    ],
)
@pytest.mark.parametrize("fit", ["crop", "squash", "pad"])
def test_a_box_is_read_as_a_file_of_that_part_is(photo, tmp_path, columns, row, fit):
    (item,) = found(listed(photo, columns, row))
    alone = tmp_path / "alone.png"
    Image.open(photo).crop((20, 15, 60, 45)).save(alone)

    cropped, whole = read_image(item, view=VIEW, fit=fit), read_image(alone, view=VIEW, fit=fit)

    assert cropped.pixels.equal(whole.pixels)
    assert cropped.original_size == (80, 60)
    left, top, right, bottom = whole.placement.box
    assert cropped.placement.box == pytest.approx((left + 20, top + 15, right + 20, bottom + 15))
    assert "cropped to the box 20, 15, 60, 45" in cropped.notes


def test_a_box_is_one_of_the_upright_photo(photo, tmp_path):
    lying = tmp_path / "lying.png"
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees to the right
    Image.open(photo).transpose(Image.Transpose.ROTATE_90).save(lying, exif=exif)

    turned = read_image(Found(lying, Path("lying.png"), crop=Crop.of(20, 15, 40, 30)), view=VIEW)

    upright = read_image(Found(photo, Path("photo.png"), crop=Crop.of(20, 15, 40, 30)), view=VIEW)
    assert turned.pixels.equal(upright.pixels)


@pytest.mark.parametrize(
    ("crop", "edges"),
    [
        (Crop.of(-5, -5, 15, 200), (0, 0, 10, 60)),
        (Crop.of(0.1, 0.1, 0.7, 0.7), (8, 6, 64, 48)),  # 0.1 + 0.7 is above 0.8 in floating point
        (Crop.of(10.5, 0, 2, 5), (10, 0, 13, 5)),
        (Crop.of(0, 0, 1, 1), (0, 0, 80, 60)),
        (Crop.of(79.5, 59.5, 90, 90), (79, 59, 80, 60)),
    ],
)
def test_boxes_are_whole_pixels_and_cut_at_the_edges(crop, edges):
    assert crop.edges((80, 60)) == edges


def test_a_box_outside_the_photo_fails_that_photo_alone(photo):
    (item,) = found(listed(photo, "box", "100,10,20,20"))

    with pytest.raises(ImageError, match="100, 10, 120, 30 lies outside the photo, which is 80 x 60 pixels"):
        read_image(item, view=VIEW)


@pytest.mark.parametrize("row", ["1,2,3", "1,2,0,4", "1,2,3,nan", "1,2,-3,4", "1,2,x3,4", "1,2,3,4,5"])
def test_what_is_no_box_is_said_with_its_line(photo, row):
    (reason,) = reasons(listed(photo, "box", row))

    assert "list.csv, line 2 has no box in '1, 2" in reason
    assert "give x, y, width, height" in reason


@pytest.mark.parametrize(
    ("columns", "row"),
    [("x;y;width;height", ";;;"), ("box", ""), ("box", "none"), ("width;height", "80;60"), ("x;y", "47.5;8.3")],
)
def test_rows_without_a_box_are_whole_photos(photo, columns, row):
    (item,) = found(listed(photo, columns, row))

    assert item.crop is None


def test_two_boxes_of_one_photo_are_two_pictures(photo):
    (photo.parent / "list.csv").write_text("path,x,y,width,height\nphoto.png,0,0,9,9\nphoto.png,9,9,9,9\n")

    assert [item.crop.left for item in found(find_images([str(photo.parent / "list.csv")]))] == [0, 9]


def test_a_baseline_of_the_photos_size_is_cropped_like_the_photo(photo):
    (item,) = found(listed(photo, "box", "20,15,40,30"))
    picture = read_image(item, view=VIEW)

    assert read_baseline(photo, picture, VIEW).equal(picture.pixels)
