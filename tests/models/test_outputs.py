"""What networks return: logits are found in every usual container, and anything else is named by type and shape."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from igcli.errors import UsageError
from igcli.models.outputs import OUTPUTS, logits_of, output_choice, two_classes

LOGITS = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
MAP = torch.zeros(2, 8, 7, 7)

Named = namedtuple("Named", ["aux", "logits"])


@dataclass
class ModelOutput:
    """As Hugging Face's networks return."""

    hidden_states: tuple[Tensor, ...]
    logits: Tensor


@pytest.mark.parametrize(
    "output",
    [
        LOGITS,
        LOGITS[:, :, None, None],
        (LOGITS,),
        [MAP, LOGITS],
        (torch.tensor(0.3), LOGITS),
        Named(LOGITS + 1, LOGITS),
        {"logits": LOGITS, "aux": LOGITS + 1},
        {"out": LOGITS, "features": MAP},
        {"prediction": LOGITS},
        {"map": MAP, "prediction": LOGITS},
        ModelOutput((MAP,), LOGITS),
    ],
    ids=lambda output: type(output).__name__,
)
def test_the_logits_are_taken_out_whatever_they_are_wrapped_in(output: object) -> None:
    assert torch.equal(logits_of(output, 2), LOGITS)


def test_one_number_a_picture_is_one_output() -> None:
    assert logits_of(torch.tensor([0.5, -0.5, 1.0]), 3).tolist() == [[0.5], [-0.5], [1.0]]
    assert logits_of(torch.tensor([0.5]), 1).tolist() == [[0.5]]


def test_a_batch_of_one_that_a_network_squeezed_away_comes_back() -> None:
    assert logits_of(LOGITS[0], 1).tolist() == [[1.0, 2.0, 3.0]]


@pytest.mark.parametrize(
    ("output", "named"),
    [
        (MAP, "a tensor of 2 x 8 x 7 x 7 (float32)"),
        (LOGITS.argmax(1), "a tensor of 2 (int64)"),
        (LOGITS[:1], "a tensor of 1 x 3 (float32)"),
        ([{"boxes": LOGITS, "scores": LOGITS[0]}], "a list of a dict of 'boxes': a tensor of 2 x 3"),
        ({"a": MAP, "b": LOGITS[0]}, "a dict of 'a': a tensor of 2 x 8 x 7 x 7"),
        ((), "a tuple of nothing"),
        (None, "a NoneType"),
        ("cat", "a str"),
        (torch.tensor(1.0), "a tensor of one number"),
    ],
    ids=str,
)
def test_anything_else_is_named_by_type_and_shape(output: object, named: str) -> None:
    with pytest.raises(UsageError) as caught:
        logits_of(output, 2)
    assert named in str(caught.value)
    assert "for 2 pictures" in str(caught.value)


FEATURES = torch.zeros(2, 7)


@pytest.mark.parametrize(
    ("output", "choice", "classes"),
    [
        ((FEATURES, LOGITS), 1, None),
        ((FEATURES, LOGITS), None, 3),
        ({"a": FEATURES, "b": LOGITS}, "b", None),
        ({"a": FEATURES, "b": LOGITS}, 1, None),
        ({"logits": FEATURES, "b": LOGITS}, "b", None),
        (ModelOutput((MAP,), LOGITS), "logits", None),
        ((LOGITS, LOGITS + 1), None, None),  # an auxiliary head
    ],
    ids=str,
)
def test_of_several_outputs_the_one_that_is_named_or_has_a_column_for_each_class_is_taken(
    output: object, choice: int | str | None, classes: int | None
) -> None:
    assert torch.equal(logits_of(output, 2, choice=choice, classes=classes), LOGITS)


@pytest.mark.parametrize("classes", [None, 5])
def test_several_outputs_that_could_be_the_logits_are_asked_about(classes: int | None) -> None:
    with pytest.raises(UsageError, match=r"--output-index: 0 \(7 columns\), 1 \(3 columns\)"):
        logits_of((FEATURES, LOGITS), 2, classes=classes)


@pytest.mark.parametrize("choice", [5, "nothing"])
def test_an_output_that_is_not_there_is_a_sentence(choice: int | str) -> None:
    with pytest.raises(UsageError, match=f"no logits at --output-index {choice}"):
        logits_of((FEATURES, LOGITS), 2, choice=choice)


def test_what_was_taken_of_several_is_said() -> None:
    assert "'b' is explained, with 3 columns" in output_choice({"a": FEATURES, "b": LOGITS}, 2, classes=3)
    assert "0 is explained, the first of one shape" in output_choice((LOGITS, LOGITS), 2)
    assert output_choice((torch.tensor(0.3), LOGITS), 2) == ""
    assert output_choice({"logits": LOGITS, "aux": LOGITS}, 2) == ""


def test_gradients_flow_through_what_is_taken_out() -> None:
    pixels = torch.ones(2, 1, 1, 3, requires_grad=True)
    (gradient,) = torch.autograd.grad(logits_of({"out": pixels.flatten(1)[:, :, None, None] * 2}, 2).sum(), pixels)
    assert gradient.flatten().tolist() == [2.0] * 6


def test_a_single_output_becomes_two_classes_with_its_own_sigmoid() -> None:
    single = torch.tensor([[-3.0], [0.0], [2.0]])
    both = two_classes(single)
    torch.testing.assert_close(both.softmax(1)[:, 1:], single.sigmoid())
    torch.testing.assert_close(both[:, 1:] - both[:, :1], single)


def test_every_kind_has_a_one_line_summary() -> None:
    assert {"logits", "probabilities", "multi-label", "multi-label-probabilities", "value"} == set(OUTPUTS)
    assert all(entry.summary and "\n" not in entry.summary for entry in OUTPUTS.entries())
