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
    with pytest.raises(LabelError, match="2, 4"):
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
