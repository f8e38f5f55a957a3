"""COCO's JSON for instances, written by hand as cocodataset.org describes it."""

from __future__ import annotations

import copy
import json
from pathlib import Path, PurePosixPath

import pytest

from igcli.evaluation.ground_truth.annotation import AnnotationError
from igcli.evaluation.ground_truth.coco import read_coco

PUBLISHED = {
    "info": {"description": "COCO 2017 Dataset", "year": 2017},
    "licenses": [{"id": 1, "name": "Attribution License"}],
    "images": [
        {"id": 397133, "width": 640, "height": 427, "file_name": "000000397133.jpg", "license": 1},
        {"id": 37777, "width": 352, "height": 230, "file_name": "000000037777.jpg", "license": 1},
    ],
    "annotations": [
        {"id": 82445, "image_id": 397133, "category_id": 44, "bbox": [217.62, 240.54, 38.99, 57.75], "iscrowd": 0},
        {"id": 90100, "image_id": 397133, "category_id": 1, "bbox": [0, 0, 640, 427], "iscrowd": 1},
    ],
    "categories": [{"id": 1, "name": "person", "supercategory": "person"}, {"id": 44, "name": "bottle"}],
}


def written(folder: Path, content: object) -> Path:
    path = folder / "instances.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def refusal(path: Path) -> str:
    with pytest.raises(AnnotationError) as caught:
        read_coco(path)
    assert str(path) in str(caught.value)
    assert str(caught.value).endswith(".")
    return str(caught.value)


def test_boxes_go_to_their_images_with_their_categories_names(tmp_path):
    (first, second), strays = read_coco(written(tmp_path, PUBLISHED))
    assert strays == 0
    assert (first.photo, first.size) == (PurePosixPath("000000397133.jpg"), (640, 427))
    assert [box.label for box in first.boxes] == ["bottle", "person"]
    assert second.boxes == ()


def test_a_corner_with_width_and_height_becomes_edges(tmp_path):
    bottle, crowd = read_coco(written(tmp_path, PUBLISHED))[0][0].boxes
    assert (bottle.left, bottle.top) == (217.62, 240.54)
    assert (bottle.right, bottle.bottom) == pytest.approx((256.61, 298.29))
    assert (crowd.left, crowd.top, crowd.right, crowd.bottom) == (0, 0, 640, 427)
    assert bottle.source.endswith("instances.json annotations[0]")


def test_annotations_of_images_that_are_not_listed_are_counted(tmp_path):
    some = copy.deepcopy(PUBLISHED)
    del some["images"][0]
    (only,), strays = read_coco(written(tmp_path, some))
    assert (only.boxes, strays) == ((), 2)


def test_without_categories_boxes_have_no_label(tmp_path):
    some = {key: value for key, value in PUBLISHED.items() if key != "categories"}
    assert {box.label for box in read_coco(written(tmp_path, some))[0][0].boxes} == {None}


def test_broken_json_is_named_with_its_line(tmp_path):
    lines = json.dumps(PUBLISHED, indent=1).split("\n")
    assert f"line {len(lines) - 3} is not JSON" in refusal(written(tmp_path, "\n".join(lines[:-3])))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda all_: all_.pop("images"), "has no 'images'"),
        (lambda all_: all_.update(annotations={}), "has no list of 'annotations'"),
        (lambda all_: all_["images"].append(3), "images[2] is no object"),
        (lambda all_: all_["images"].append(all_["images"][0]), "same id"),
        (lambda all_: all_["images"][1].pop("file_name"), "images[1] has no 'file_name'"),
        (lambda all_: all_["annotations"][1].pop("image_id"), "annotations[1] has no 'image_id'"),
        (lambda all_: all_["annotations"][1].update(image_id=[1]), "annotations[1] has no 'image_id'"),
        (lambda all_: [each.pop("bbox") for each in all_["annotations"]], "annotations[0] has no 'bbox' of four"),
    ],
)
def test_what_is_no_coco_file_is_refused_with_its_place(tmp_path, change, words):
    content = copy.deepcopy(PUBLISHED)
    change(content)
    assert words in refusal(written(tmp_path, content))


@pytest.mark.parametrize("broken", [[], None, [1, 2, 3], [1, 2, "3", 4], {}, [0, 0, 0, 0], [1, 2, -3, 4]])
def test_one_box_that_is_none_is_left_out_alone(tmp_path, broken):
    content = copy.deepcopy(PUBLISHED)
    content["annotations"][1]["bbox"] = broken
    images, strays = read_coco(written(tmp_path, content))
    flaws = [box.flaw() for image in images for box in image.boxes]
    assert (len(flaws), flaws.count(None), strays) == (2, 1, 0)
    (flaw,) = filter(None, flaws)
    assert flaw.reason in ("box without numbers", "box without area")
    assert "annotations[1]" in flaw.sentence


@pytest.mark.parametrize("text", ["[]", '"text"', "[" * 100_000, "1" * 5000, '{"images": null}'])
def test_other_json_is_refused_and_absurd_json_does_no_harm(tmp_path, text):
    refusal(written(tmp_path, text))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "9" * 400])
def test_numbers_without_a_value_are_left_to_the_box_to_tell(tmp_path, number):
    text = json.dumps(PUBLISHED).replace("217.62", number)
    assert read_coco(written(tmp_path, text))[0][0].boxes[0].flaw().reason == "box without numbers"


def test_text_of_another_coding_is_named_with_its_line(tmp_path):
    path = tmp_path / "instances.json"
    path.write_bytes(b'{"images":\n"\xe9"}')
    assert "line 2 is not UTF-8" in refusal(path)
