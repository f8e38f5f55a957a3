"""A Model of samples that are no pictures: logits of whatever its network returns, for explain() and by itself."""

from pathlib import Path

import pytest
import torch
from torch import nn

import igcli
from igcli.errors import UsageError
from igcli.models.model import Model
from igcli.sample import Sample

ROWS = torch.rand(4, 3, generator=torch.Generator().manual_seed(0))


def linear(outputs):
    torch.manual_seed(outputs)
    return nn.Linear(3, outputs)


def test_logits_are_the_networks_and_a_single_output_becomes_two():
    network = linear(2)
    torch.testing.assert_close(Model(network, ["a", "b"])(ROWS), network(ROWS))
    one = linear(1)
    both = Model(one, ["no", "yes"])(ROWS)
    torch.testing.assert_close(both[:, 1:] - both[:, :1], one(ROWS))
    torch.testing.assert_close(both.softmax(dim=1)[:, 1:], one(ROWS).sigmoid())


def test_a_network_that_ends_in_softmax_is_recognised_by_explain():
    bare, ending = linear(3), nn.Sequential(linear(3), nn.Softmax(dim=1))
    sample = Sample(ROWS[0])
    expected = igcli.attribute(Model(bare, ["a", "b", "c"]), sample, target="b", steps=16)
    found = igcli.attribute(Model(ending, ["a", "b", "c"]), sample, target="b", steps=16)
    torch.testing.assert_close(found.values, expected.values)
    assert "softmax" in found.score.note
    assert expected.score.note is None


def test_classes_that_do_not_exclude_each_other_have_a_sigmoid_each():
    model = Model(linear(3), ["a", "b", "c"], multi_label=True)
    found = igcli.attribute(model, Sample(ROWS[0]), target="b")
    assert found.score.kind == "sigmoid"
    assert found.score.at_image == pytest.approx(model(ROWS[:1])[0, 1].sigmoid().item())


def test_records_get_what_the_outputs_depend_on_and_a_classifier_adds_its_pixels():
    model, classifier = (made(linear(2), ["a", "b"]) for made in (Model, igcli.Classifier))
    assert model.preparation.items() <= classifier.preparation.items()
    assert {"mean", "std", "size"} <= classifier.preparation.keys() - model.preparation.keys()


def test_inputs_lie_in_memory_as_they_are_read_and_pictures_with_their_channels_together():
    values = torch.rand(3, 4, 5)
    assert Model(linear(2), ["a", "b"]).place(values.transpose(0, 2)).is_contiguous()
    placed = igcli.Classifier(linear(2), ["a", "b"]).place(values)
    assert placed[None].is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(placed, values)


def test_a_file_is_no_start_for_what_is_not_read_from_files():
    with pytest.raises(UsageError, match="row 7 cannot start from"):
        Model(linear(2), ["a", "b"]).baselines_from(Path("start.png"), Sample(ROWS[0], name="row 7"))
