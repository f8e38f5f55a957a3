"""From a file of boxes and a photo to an area, or to the sentence that says why there is none."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from igcli.evaluation.exclusions import Exclusion
from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.ground_truth.area import Area
from igcli.evaluation.ground_truth.boxes import Boxes, read_boxes
from igcli.images.options import ReadOptions, View
from igcli.images.picture import Picture
from igcli.images.reading import read_image

SMALL = View(20, 20)


def photo(folder: Path, name: str = "cat.jpg", size: tuple[int, int] = (40, 40), **extra: object) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, "grey").save(path, **extra)  # type: ignore[arg-type]
    return path


def read(path: Path, *, view: View = SMALL, **extra: object) -> Picture:
    return read_image(path, view=view, **extra)  # type: ignore[arg-type]


def table(folder: Path, *rows: tuple[object, ...]) -> Path:
    path = folder / "boxes.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def boxes_for(photos: list[Path], folder: Path, *rows: tuple[object, ...]) -> Boxes:
    return read_boxes(table(folder, *rows), photos=photos)


def found(truth: Boxes, picture: Picture, **extra: str) -> Area:
    area = truth.area(picture, **extra)
    assert isinstance(area, Area), area
    return area


def missed(truth: Boxes, picture: Picture) -> Exclusion:
    exclusion = truth.area(picture)
    assert isinstance(exclusion, Exclusion)
    assert picture.name in exclusion.sentence
    assert exclusion.sentence.endswith(".")
    return exclusion


def rectangle(rows: slice, columns: slice, side: int = 20) -> np.ndarray:
    mask = np.zeros((side, side), bool)
    mask[rows, columns] = True
    return mask


def test_a_box_becomes_the_models_pixels(tmp_path):
    cat = photo(tmp_path)
    area = found(boxes_for([cat], tmp_path, ("cat.jpg", 0, 10, 20, 30)), read(cat))
    assert np.array_equal(area.mask, rectangle(slice(5, 15), slice(0, 10)))
    assert (area.inside, area.covered, area.notes, area.refused) == (1, 0.25, (), ())


def test_the_three_formats_say_the_same(tmp_path):
    cat = photo(tmp_path)
    voc = tmp_path / "Annotations" / "cat.xml"
    voc.parent.mkdir()
    voc.write_text(
        "<annotation><filename>cat.jpg</filename><size><width>40</width><height>40</height></size><object>"
        "<name>cat</name><bndbox><xmin>1</xmin><ymin>11</ymin><xmax>20</xmax><ymax>30</ymax></bndbox>"
        "</object></annotation>"
    )
    coco = tmp_path / "instances.json"
    coco.write_text(
        json.dumps(
            {
                "images": [{"id": 7, "file_name": "cat.jpg", "width": 40, "height": 40}],
                "annotations": [{"id": 1, "image_id": 7, "category_id": 3, "bbox": [0, 10, 20, 20]}],
                "categories": [{"id": 3, "name": "cat"}],
            }
        )
    )
    sources = [voc.parent, voc, coco, table(tmp_path, ("cat.jpg", 0, 10, 20, 30, "cat"))]
    for source in sources:
        area = found(read_boxes(source, photos=[cat]), read(cat), label="Cat")
        assert np.array_equal(area.mask, rectangle(slice(5, 15), slice(0, 10))), source
        assert area.notes == ()


def test_several_objects_are_one_area(tmp_path):
    cat = photo(tmp_path)
    area = found(boxes_for([cat], tmp_path, ("cat.jpg", 0, 0, 4, 4), ("cat.jpg", 36, 36, 40, 40)), read(cat))
    assert np.array_equal(area.mask, rectangle(slice(0, 2), slice(0, 2)) | rectangle(slice(18, 20), slice(18, 20)))


def test_boxes_of_the_explained_class_push_the_others_aside(tmp_path):
    cat = photo(tmp_path)
    truth = boxes_for([cat], tmp_path, ("cat.jpg", 0, 0, 4, 4, "Tiger Cat"), ("cat.jpg", 36, 36, 40, 40, "dog"))
    own = found(truth, read(cat), label="tiger_cat")
    assert np.array_equal(own.mask, rectangle(slice(0, 2), slice(0, 2)))
    assert own.notes == ("1 of 2 boxes, those called 'tiger_cat'",)
    other = found(truth, read(cat), label="tench")
    assert other.mask.sum() == 8
    assert other.notes == ("none of the boxes is called 'tench': all of them used",)
    assert found(truth, read(cat)).mask.sum() == 8


def test_a_box_cut_by_the_crop_says_how_much_of_it_is_seen(tmp_path):
    wide = photo(tmp_path, size=(80, 40))  # the model sees columns 20 to 60
    area = found(boxes_for([wide], tmp_path, ("cat.jpg", 0, 0, 40, 40)), read(wide))
    assert np.array_equal(area.mask, rectangle(slice(0, 20), slice(0, 10)))
    assert area.inside == 0.5


def test_a_box_outside_the_crop_is_left_out_and_padding_brings_it_back(tmp_path):
    wide = photo(tmp_path, size=(80, 40))
    truth = boxes_for([wide], tmp_path, ("cat.jpg", 0, 0, 20, 40))
    assert missed(truth, read(wide)).reason == "object outside the crop"
    assert "--fit pad" in missed(truth, read(wide)).sentence
    assert found(truth, read(wide, fit="pad")).inside == 1


def test_an_object_smaller_than_a_pixel_is_left_out(tmp_path):
    cat = photo(tmp_path)
    truth = boxes_for([cat], tmp_path, ("cat.jpg", 0.2, 0.2, 0.8, 0.8))
    assert missed(truth, read(cat)).reason == "object smaller than a pixel"


def test_a_photo_of_which_nothing_is_said_is_left_out(tmp_path):
    cat, dog = photo(tmp_path), photo(tmp_path, "dog.jpg")
    truth = boxes_for([cat, dog], tmp_path, ("cat.jpg", 0, 0, 4, 4))
    assert missed(truth, read(dog)).reason == "no boxes for it"
    assert missed(truth, Picture(read(dog).pixels)).reason == "no boxes for it"


def test_a_photo_without_an_object_is_left_out(tmp_path):
    cat = photo(tmp_path)
    truth = boxes_for([cat], tmp_path, ("cat.jpg", "", "", "", ""))
    assert missed(truth, read(cat)).reason == "no object in it"


def test_two_photos_of_one_name_are_ambiguous_unless_folders_tell_them_apart(tmp_path):
    both = [photo(tmp_path, "cats/1.jpg"), photo(tmp_path, "dogs/1.jpg")]
    assert missed(boxes_for(both, tmp_path, ("1.jpg", 0, 0, 4, 4)), read(both[0])).reason == "ambiguous name"
    told_apart = boxes_for(both, tmp_path, ("cats/1.jpg", 0, 0, 4, 4), ("dogs/1.jpg", 0, 0, 40, 40))
    assert [found(told_apart, read(path)).covered for path in both] == [0.01, 1]


def test_a_box_reaching_beyond_the_photo_is_cut_and_said_but_not_for_counting_from_one(tmp_path):
    cat = photo(tmp_path)
    beyond = boxes_for([cat], tmp_path, ("cat.jpg", -20, 0, 20, 40))
    assert found(beyond, read(cat)).notes == ("1 box cut at the photo's edge",)
    assert found(beyond, read(cat)).inside == 1
    by_one = boxes_for([cat], tmp_path, ("cat.jpg", -1, -1, 41, 41))
    assert (found(by_one, read(cat)).notes, found(by_one, read(cat)).covered) == ((), 1)


@pytest.mark.parametrize(
    ("edges", "reason"),
    [
        ((4, 4, 4, 8), "box without area"),
        ((8, 4, 4, 8), "box without area"),
        ((4, 4, 8, "nan"), "box without numbers"),
        ((50, 4, 60, 8), "box outside the photo"),
        ((-60, 4, -50, 8), "box outside the photo"),
    ],
)
def test_impossible_boxes_are_refused_and_counted_and_the_others_used(tmp_path, edges, reason):
    cat = photo(tmp_path)
    alone = boxes_for([cat], tmp_path, ("cat.jpg", *edges))
    assert missed(alone, read(cat)).reason == "no usable box"
    assert "boxes.csv line 1" in missed(alone, read(cat)).sentence
    area = found(boxes_for([cat], tmp_path, ("cat.jpg", *edges), ("cat.jpg", 0, 0, 4, 4)), read(cat))
    assert [refused.reason for refused in area.refused] == [reason]
    assert np.array_equal(area.mask, rectangle(slice(0, 2), slice(0, 2)))


def voc_of(folder: Path, size: tuple[int, int]) -> Path:
    path = folder / "cat.xml"
    path.write_text(
        f"<annotation><size><width>{size[0]}</width><height>{size[1]}</height></size><object><bndbox>"
        "<xmin>1</xmin><ymin>1</ymin><xmax>20</xmax><ymax>10</ymax></bndbox></object></annotation>"
    )
    return path


def test_boxes_are_in_upright_pixels_after_exif_rotation(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # lies 40 x 20 in the file, stands 20 x 40
    cat = photo(tmp_path, size=(40, 20), exif=exif)
    upright = found(read_boxes(voc_of(tmp_path, (20, 40)), photos=[cat]), read(cat, fit="squash"))
    assert np.array_equal(upright.mask, rectangle(slice(0, 5), slice(0, 20)))
    lying = read_boxes(voc_of(tmp_path, (40, 20)), photos=[cat])
    assert missed(lying, read(cat)).reason == "drawn at another size"
    assert "--no-exif-rotate" in missed(lying, read(cat)).sentence
    as_it_lies = read(cat, fit="squash", options=ReadOptions(exif_rotate=False))
    assert np.array_equal(found(lying, as_it_lies).mask, rectangle(slice(0, 10), slice(0, 10)))


def test_boxes_drawn_on_a_larger_copy_are_left_out(tmp_path):
    cat = photo(tmp_path)
    exclusion = missed(read_boxes(voc_of(tmp_path, (400, 400)), photos=[cat]), read(cat))
    assert exclusion.reason == "drawn at another size"
    assert "400 x 400" in exclusion.sentence


def test_what_is_not_used_of_a_file_is_said(tmp_path):
    cat = photo(tmp_path, "val/cat.jpg")
    truth = boxes_for([cat], tmp_path, ("images/cat.jpg", 0, 0, 4, 4), ("dog.jpg", 0, 0, 4, 4))
    unused, by_name = truth.notes
    assert "1 of the 2 photos" in unused
    assert "1 photo found by file name alone" in by_name


@pytest.mark.parametrize(("name", "words"), [("none.json", "does not exist"), ("boxes.txt", "by its ending")])
def test_a_source_of_another_kind_is_refused(tmp_path, name, words):
    (tmp_path / "boxes.txt").write_text("1 2 3 4")
    with pytest.raises(AnnotationError, match=words):
        read_boxes(tmp_path / name, photos=[])
    with pytest.raises(AnnotationError, match=r"no \.xml files"):
        read_boxes(tmp_path, photos=[])


def test_annotations_of_images_that_are_not_listed_are_said(tmp_path):
    coco = tmp_path / "instances.json"
    coco.write_text('{"images": [], "annotations": [{"id": 1, "image_id": 7, "bbox": [0, 0, 1, 1]}]}')
    assert read_boxes(coco, photos=[]).notes == (f"1 annotation of images that {coco} does not list",)
