"""Accuracy, its interval, and which classes are taken for which."""

import math

import pytest

from igcli.jobs.accuracy import Accuracy, wilson, wrong_pairs


def record(truth, predicted, *, others=(), label="cat"):
    ranked = [{"index": index, "label": f"class {index}", "probability": 0.2} for index in (predicted, *others)]
    correct = None if truth is None else truth == predicted
    return {"truth": {"index": truth, "label": label, "correct": correct}, "prediction": ranked}


@pytest.mark.parametrize(
    ("correct", "photos", "low", "high"),
    # R. G. Newcombe, 1998, Statistics in Medicine 17, 857-872, table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_wilsons_as_published(correct, photos, low, high):
    assert wilson(correct, photos) == pytest.approx((low, high), abs=5e-5)
    assert wilson(photos - correct, photos) == pytest.approx((1 - high, 1 - low), abs=5e-5)


def test_no_photo_has_no_interval():
    assert all(map(math.isnan, wilson(0, 0)))


def test_photos_are_counted_by_pairs_of_classes_wrong_ones_first():
    accuracy = Accuracy()
    for each in (
        *[record(0, 0)] * 3,
        *[record(0, 1, others=(2, 3, 4, 0))] * 2,
        record(1, 2, others=(3, 4, 5, 6, 1)),
        record(None, 1, label="yeti"),
        {"prediction": []},
        {},
    ):
        accuracy.take(each)

    found = accuracy.record

    assert (found["photos"], found["correct"]) == (6, 3)
    assert (found["top1"], found["top5"]) == (3 / 6, 5 / 6)
    assert found["unknown_classes"] == {"yeti": 1}
    counts = [(each["truth_index"], each["predicted_index"], each["count"]) for each in found["confusion"]]
    assert counts == [(0, 1, 2), (1, 2, 1), (0, 0, 3)]
    assert wrong_pairs(accuracy, 3) == ["2 cat taken for class 1"]
    assert "Accuracy 50.0 % (3 of 6; 95 % interval 18.8 % to 81.2 %)" in accuracy.sentence
    assert accuracy.sentence.endswith("; 1 of classes that the network lacks")


def test_without_a_true_class_there_is_nothing_to_say():
    accuracy = Accuracy()
    accuracy.take({"prediction": [{"index": 1}]})
    assert not accuracy
