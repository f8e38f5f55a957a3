"""Boxes in a detector's file, and the photos that they belong to. The file follows MegaDetector's published format."""

import json
from pathlib import Path

import pytest

from igcli.errors import UsageError
from igcli.images.crop import Crop
from igcli.images.source import Found
from igcli.jobs.detections import read_detections

CATEGORIES = {"1": "animal", "2": "person"}


def detection(conf, bbox=(0.1, 0.2, 0.3, 0.4), category="1"):
    return {"category": category, "conf": conf, "bbox": list(bbox)}


def written(folder, images, **more):
    path = folder / "detections.json"
    path.write_text(json.dumps({"images": images, "detection_categories": CATEGORIES, "info": {}, **more}))
    return path


def photo(path, **more):
    return Found(Path(path), Path(path).relative_to(Path(path).anchor), **more)


def test_a_photo_is_cut_to_its_most_confident_box_and_the_others_are_counted(tmp_path):
    images = [
        {"file": "site/a.jpg", "detections": [detection(0.3), detection(0.9, (0, 0, 0.5, 0.5), "2"), detection(0.5)]},
        {"file": "site\\b.jpg", "detections": [detection(0.21)]},
        {"file": "site/c.jpg", "detections": [detection(0.19)]},
        {"file": "site/d.jpg", "detections": []},
        {"file": "site/e.jpg", "detections": None, "failure": "Failure image access"},
        {"file": "site/f.mp4", "detections": [detection(0.9)], "frame_rate": 20},
    ]
    photos = [photo(f"/data/site/{name}.jpg") for name in "abcdex"]

    cut, notes = read_detections(written(tmp_path, images), photos)

    crops = [cut(each).crop for each in photos]
    assert crops[0] == Crop(0, 0, 0.5, 0.5, relative=True, confidence=0.9, category="person")
    assert crops[1] == Crop(0.1, 0.2, 0.3, 0.4, relative=True, confidence=0.21, category="animal")
    assert crops[2:] == [None] * 4
    assert "2 of 6 photos are cut to the box that" in notes[0]
    assert "(confidence 0.2 or more); 4 have none and are used whole." in notes[0]
    assert notes[1] == "Of several boxes the most confident one is used: 1 of them."
    assert notes[2] == "1 photo could not be read by the detector."
    assert notes[3].endswith("detections.json: 1 of them, such as /data/site/x.jpg.")


@pytest.mark.parametrize(
    ("least", "typical", "cut"), [(None, None, 2), (None, 0.5, 1), (0.05, 0.5, 3), (0.95, None, 0)]
)
def test_the_least_confidence_is_ones_own_or_the_files(tmp_path, least, typical, cut):
    images = [
        {"file": f"{name}.jpg", "detections": [detection(conf)]} for name, conf in (("a", 0.1), ("b", 0.3), ("c", 0.9))
    ]
    info = {} if typical is None else {"detector_metadata": {"typical_detection_threshold": typical}}
    photos = [photo(f"/data/{name}.jpg") for name in "abc"]

    change, _ = read_detections(written(tmp_path, images, info=info), photos, least=least)

    assert sum(change(each).crop is not None for each in photos) == cut


def test_the_form_with_edges_in_pixels_is_read_too(tmp_path):
    path = tmp_path / "list.json"
    box = {"category": "animal", "confidence": 0.93, "bbox": [102.4, 88.1, 540.7, 470.2]}
    path.write_text(json.dumps([{"file": "images/IMG_0001.jpg", "detections": [box]}]))
    found = photo("/data/images/IMG_0001.jpg")

    cut, _ = read_detections(path, [found])

    assert cut(found).crop.edges((1000, 1000)) == (102, 88, 541, 471)


def test_categories_that_the_file_does_not_list_are_no_detection_as_its_format_says(tmp_path):
    found = photo("/a.jpg")
    images = [{"file": "a.jpg", "detections": [detection(0.9, category="7"), detection(0.4)]}]
    assert read_detections(written(tmp_path, images), [found])[0](found).crop.confidence == 0.4


def test_the_longest_name_counts_and_two_photos_never_share_one(tmp_path):
    images = [
        {"file": "one/IMG_1.jpg", "detections": [detection(0.5)]},
        {"file": "/data/two/IMG_1.jpg", "detections": [detection(0.6)]},
    ]
    photos = [photo("/data/one/IMG_1.jpg"), photo("/data/two/IMG_1.jpg")]
    cut, _ = read_detections(written(tmp_path, images), photos)
    assert [cut(each).crop.confidence for each in photos] == [0.5, 0.6]

    with pytest.raises(UsageError, match=r"names IMG_1\.jpg, which could be /data/one/IMG_1\.jpg or /data/two/"):
        read_detections(written(tmp_path, [{"file": "IMG_1.jpg", "detections": []}]), photos)


def test_a_box_from_a_list_takes_precedence(tmp_path):
    found = photo("/a.jpg", crop=Crop.of(1, 2, 3, 4))
    images = [{"file": "a.jpg", "detections": [detection(0.9)]}]
    assert read_detections(written(tmp_path, images), [found])[0](found).crop == Crop.of(1, 2, 3, 4)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        3,
        {},
        {"conf": 0.9},
        detection("high"),
        detection(0.9, (0, 0, 0, 1)),
        detection(0.9, (0, 0, 1)),
        detection(0.9, "abcd"),
    ],
)
def test_what_is_no_box_is_passed_over(tmp_path, bad):
    found = photo("/a.jpg")
    images = [{"file": "a.jpg", "detections": [bad, detection(0.4)]}, 3, {"file": 7}]
    assert read_detections(written(tmp_path, images), [found])[0](found).crop.confidence == 0.4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("{}", "is no file of a detector"),
        ('{"images": 3}', "is no file of a detector"),
        ('{"images": [{"id": 1, "file_name": "a.jpg"}]}', "is no file of a detector"),
        ('{"images": [{"file": "b.jpg", "detections": []}]}', "names none of the 1 photos, but for example b.jpg"),
        ('{"images": []}', "names none of the 1 photos: give"),
    ],
)
def test_another_file_is_refused_in_a_sentence(tmp_path, text, said):
    path = tmp_path / "x.json"
    path.write_text(text)
    with pytest.raises(UsageError, match=said):
        read_detections(path, [photo("/a.jpg")])
