import pytest
import torch

from igcli.attribution.targets import ranking, resolve_targets
from igcli.errors import LabelError
from igcli.models.labels import Labels

LABELS = Labels(["cat", "dog", "tabby cat", "crane", "crane"])
LOGITS = torch.tensor([0.1, 3.0, 1.0, 2.0, -1.0])


def indices(*wanted: str | int) -> list[int]:
    return [target.index for target in resolve_targets(wanted, LOGITS, LABELS)]


def test_top_is_the_most_probable_class_with_its_name_and_probability():
    (top,) = resolve_targets(["top"], LOGITS, LABELS)
    assert (top.index, top.label) == (1, "dog")
    assert top.probability == pytest.approx(LOGITS.softmax(0)[1].item())


def test_of_a_multi_label_network_each_probability_is_the_classs_own():
    top, second = resolve_targets(["top-2"], LOGITS, LABELS, multi_label=True)
    assert (top.index, second.index) == (1, 3)
    assert top.probability == pytest.approx(LOGITS[1].sigmoid().item())
    assert second.probability == pytest.approx(LOGITS[3].sigmoid().item())


def test_top_n_are_the_most_probable_classes_in_order():
    assert indices("top-3") == [1, 3, 2]


def test_names_are_found_in_any_case_and_with_underscores():
    assert indices("Tabby_Cat", "0", 4) == [2, 0, 4]


def test_a_class_asked_for_twice_is_explained_once():
    assert indices("dog", "top", "1", "top-2") == [1, 3]


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("5", "0 to 4"),
        ("-1", "0 to 4"),
        ("tabby", "tabby cat"),
        ("crane", "index:3, index:4"),
        ("top-9", "9"),
        ("top-0", "0"),
    ],
)
def test_what_cannot_be_found_is_named_with_what_can(wanted, message):
    with pytest.raises(LabelError, match=message):
        indices(wanted)


def test_ranking_never_asks_for_more_classes_than_there_are():
    assert [ranked.index for ranked in ranking(LOGITS, LABELS, count=50)] == [1, 3, 2, 0, 4]
