from __future__ import annotations

import numpy as np
import pytest
import torch

from igcli.errors import LabelError
from igcli.models.labels import Labels

LABELS = Labels(["tabby", "Egyptian cat", "crane", "tiger cat", "crane", "soccer ball"])


@pytest.mark.parametrize("wanted", ["Egyptian cat", "egyptian_cat", "  EGYPTIAN   CAT ", 1, "1"])
def test_a_class_is_found_by_index_or_by_name_in_any_case(wanted: str | int) -> None:
    assert LABELS.find(wanted) == 1


@pytest.mark.parametrize("wanted", [6, "6", -1, "-1"])
def test_an_index_out_of_range_is_answered_with_the_range(wanted: str | int) -> None:
    with pytest.raises(LabelError, match="classes are 0 to 5"):
        LABELS.find(wanted)


def test_a_name_that_several_classes_have_is_answered_with_their_indices() -> None:
    with pytest.raises(LabelError, match="index:2, index:4"):
        LABELS.find("crane")


def test_a_misspelt_name_is_answered_with_the_closest() -> None:
    with pytest.raises(LabelError, match="closest names: soccer ball"):
        LABELS.find("socer ball")


def test_a_part_of_a_name_is_answered_with_the_names_that_hold_it() -> None:
    with pytest.raises(LabelError, match=r"Egyptian cat, tiger cat|tiger cat, Egyptian cat"):
        LABELS.find("cat")


@pytest.mark.parametrize("wanted", ["xylophone", "", "--3", "-", "²"])
def test_a_name_near_to_none_is_answered_with_what_to_give(wanted: str) -> None:
    with pytest.raises(LabelError, match="Give a class name or an index from 0 to 5"):
        LABELS.find(wanted)


def test_labels_are_a_sequence() -> None:
    assert len(LABELS) == 6
    assert LABELS[0] == "tabby"
    assert list(LABELS)[-1] == "soccer ball"


def test_what_stands_for_a_whole_number_is_an_index() -> None:
    labels = Labels(["a", "b", "c", "d"])
    assert labels.find(torch.tensor(3)) == labels.find(np.int64(3)) == 3


FOLDERS = Labels(["1", "10", "2", "3"])
"""Folders 1, 2, 3 and 10, in the order of torchvision's ImageFolder."""


@pytest.mark.parametrize(("wanted", "index"), [("1", 0), ("10", 1), ("2", 2), ("3", 3), (" 3 ", 3)])
def test_where_classes_are_called_by_numbers_a_number_is_a_name(wanted: str, index: int) -> None:
    assert FOLDERS.find(wanted) == index


def test_a_number_from_python_is_an_index_whatever_the_classes_are_called() -> None:
    assert [FOLDERS.find(index) for index in range(4)] == [0, 1, 2, 3]


def test_an_index_that_is_no_name_among_numbered_names_has_to_be_called_one() -> None:
    with pytest.raises(LabelError, match="index:0 for the class with that index, which is called '1'"):
        FOLDERS.find("0")
    assert FOLDERS.find("index:0") == 0


def test_a_number_that_is_one_class_s_name_and_anothers_index_is_refused_with_both_and_how_to_say_each() -> None:
    labels = Labels(["2", "cat", "dog"])
    with pytest.raises(LabelError, match=r"class 0, which is called '2', .* 2, which is called 'dog': say name:2 or"):
        labels.find("2")
    assert (labels.find("name:2"), labels.find("index:2"), labels.find("1")) == (0, 2, 1)


def test_a_name_out_of_the_indices_range_is_no_ambiguity() -> None:
    assert Labels(["cat", "1969", "dog"]).find("1969") == 1


def test_the_exact_name_goes_before_the_same_in_another_case() -> None:
    labels = Labels(["Polish", "polish"])
    assert (labels.find("Polish"), labels.find("polish")) == (0, 1)
    with pytest.raises(LabelError, match="Several"):
        labels.find("POLISH")


@pytest.mark.parametrize("wanted", ["9" * 5000, "index:" + "9" * 5000, 10**4000, "x" * 100_000])
def test_whatever_is_typed_the_answer_is_short(wanted: str | int) -> None:
    with pytest.raises(LabelError) as caught:
        LABELS.find(wanted)
    assert len(str(caught.value)) < 500


def test_a_class_that_looks_like_a_way_to_say_one_is_found() -> None:
    assert Labels(["index:1", "name:x"]).find("index:1") == 0


def test_half_a_character_in_a_name_becomes_its_escape_and_is_found() -> None:
    labels = Labels(["a\ud800", "b\udcff", "c"])
    assert list(labels) == ["a\\ud800", "b\\udcff", "c"]
    assert (labels.find("b\udcff"), labels.find("a\\ud800")) == (1, 0)
