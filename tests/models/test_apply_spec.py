"""Whatever is said about a network is tried at once: what does not fit is a sentence, what fits is used."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import torch
from toys import random_picture

import igcli
from igcli.errors import UsageError
from igcli.models.classifier import Classifier
from igcli.models.zoo import load_model

from .networks import CODE


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets.py").write_text(CODE)
    (tmp_path / "neighbour.py").write_text("WIDTH = 3\n")
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    sys.modules.pop("neighbour", None)


def load(factory: str, **how: object) -> Classifier:
    return load_model(f"nets.py:{factory}", device="cpu", **({"size": 12} | how))


@pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last], ids=str)
def test_grey_pictures_and_five_labels(order: torch.memory_format, folder: Path) -> None:
    (folder / "labels.txt").write_text("a\nb\nc\nd\ne\n")
    model = load("grey", channels=1, labels="labels.txt", mean=0.5, std=0.5)
    assert list(model.labels) == list("abcde")
    pixels = torch.rand(2, 1, 12, 12)
    with torch.no_grad():
        expected = model.network((pixels - 0.5) / 0.5)
        torch.testing.assert_close(model(pixels.clone(memory_format=order)), expected)
    assert model.caveat == ""


def test_a_network_in_channels_order_of_its_own_gets_the_usual_order_of_memory() -> None:
    model = load("tags")  # its view() fails on pictures that are stored channels last
    pixels = torch.rand(2, 3, 12, 12).contiguous(memory_format=torch.channels_last)
    assert model(pixels).shape == (2, 4)


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        (None, ["no", "yes"]),
        (["cat"], ["not cat", "cat"]),
        (["dog", "cat"], ["dog", "cat"]),
    ],
)
def test_a_single_output_is_two_classes(labels: list[str] | None, names: list[str]) -> None:
    model = load("binary", labels=labels)
    pixels = torch.rand(3, 3, 12, 12)
    assert list(model.labels) == names
    with torch.no_grad():
        torch.testing.assert_close(model(pixels).softmax(1)[:, 1:], model.network(pixels).sigmoid())


def test_a_single_output_that_is_a_probability_already_keeps_its_value() -> None:
    model = load("binary", outputs="probabilities")
    model.network = torch.nn.Sequential(model.network, torch.nn.Sigmoid())
    pixels = torch.rand(3, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(model(pixels).softmax(1)[:, 1:], model.network(pixels))


def test_multi_label_probabilities_are_each_classs_own() -> None:
    model = load("tags", outputs="multi-label", labels=["sun", "sea", "cat", "dog"])
    picture = random_picture()
    result = igcli.attribute(model, picture, target="sea", steps=256)
    with torch.no_grad():
        expected = model.network(picture.pixels[None]).sigmoid()[0, 1].item()
    assert result.score.kind == "sigmoid"
    assert result.score.at_image == pytest.approx(expected, rel=1e-5)
    assert result.target.probability == pytest.approx(expected, rel=1e-5)
    assert result.trace.softmax[-1] == pytest.approx(expected, abs=0.05)
    assert result.completeness.relative_gap < 0.01


def test_multi_label_outputs_after_sigmoid_are_taken_back_to_logits() -> None:
    model = load("tags", outputs="multi-label-probabilities")
    inner, model.network = model.network, torch.nn.Sequential(model.network, torch.nn.Sigmoid())
    pixels = torch.rand(3, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(model(pixels), inner(pixels), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("score", ["log-softmax"])
def test_a_score_that_other_classes_have_a_part_in_is_refused_of_multi_label_networks(score: str) -> None:
    with pytest.raises(UsageError, match="--score sigmoid"):
        igcli.attribute(load("tags", outputs="multi-label"), random_picture(), score=score)


def test_logits_in_a_mapping_are_found() -> None:
    assert load("in_a_dict")(torch.rand(2, 3, 12, 12)).shape == (2, 5)


def test_of_features_and_logits_the_logits_are_taken_where_that_is_said_or_labels_say_it() -> None:
    pixels = torch.rand(2, 3, 12, 12)
    with pytest.raises(UsageError, match=r"--output-index: 0 \(12 columns\), 1 \(5 columns\)"):
        load("with_features")
    by_place, by_labels = load("with_features", output_index=1), load("with_features", labels=list("abcde"))
    with torch.no_grad():
        expected = by_place.network(pixels)[1]
        torch.testing.assert_close(by_place(pixels), expected)
        torch.testing.assert_close(by_labels(pixels), expected)
    assert "1 is explained, with 5 columns" in by_labels.caveat
    assert by_place.preparation["output_index"] == 1


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_program_for_four_pictures_that_returns_features_and_logits(folder: Path) -> None:
    network = load("with_features", output_index=1).network
    program = torch.export.export(network, (torch.rand(4, 3, 12, 12),))
    torch.export.save(program, folder / "four.pt2")
    model = load_model("four.pt2", device="cpu", output_index=1)
    pixels = torch.rand(6, 3, 12, 12)
    with torch.no_grad():
        torch.testing.assert_close(model(pixels), network(pixels)[1])


def test_several_sigmoid_outputs_get_the_hint_that_one_gets(folder: Path) -> None:
    (folder / "several.py").write_text(
        "from torch import nn\nfrom nets import Small\ndef build():\n"
        "    return nn.Sequential(Small(classes=3), nn.Sigmoid())\n"
        "def shares():\n    return nn.Sequential(Small(classes=3), nn.Softmax(1))\n"
    )
    how = {"device": "cpu", "size": 12, "std": 1, "labels": ["a", "b", "c"]}
    assert "--outputs multi-label-probabilities" in load_model("several.py:build", **how).caveat
    assert load_model("several.py:build", outputs="multi-label-probabilities", **how).caveat == ""
    assert load_model("several.py:shares", **how).caveat == ""


@pytest.mark.parametrize(
    ("factory", "how", "said"),
    [
        ("grey", {}, r"does not accept pictures of 3 x 12 x 12 \(.*to have 1 channels.*--input-size and --channels"),
        ("tags", {"size": 1}, r"does not accept pictures of 3 x 1 x 1"),
        ("features", {}, "a tensor of 1 x 4 x 10 x 10"),
        ("tags", {"labels": ["a", "b"]}, "names 2 classes, and the network distinguishes 4"),
        ("binary", {"labels": ["a", "b", "c"]}, "names 3 classes, and the network distinguishes 2"),
        ("tags", {"mean": (0.5, 0.5)}, "mean has 2 numbers for an input of 3 channels"),
        ("without_gradient", {}, "has no gradient"),
    ],
)
def test_what_does_not_fit_is_a_sentence(factory: str, how: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load(factory, **how)


def test_what_a_person_should_know_is_said_in_the_caveat() -> None:
    assert "--labels FILE" in load("tags").caveat
    assert "differs each time" in load("forgetful").caveat
    assert "differs" not in load("tags").caveat


def test_outputs_that_look_like_probabilities_are_asked_about(folder: Path) -> None:
    (folder / "ends.py").write_text(
        "from torch import nn\nfrom nets import Small\ndef build(classes=1):\n"
        "    return nn.Sequential(Small(classes=classes), nn.Sigmoid())\n"
    )
    name = "ends.py:build"
    assert "--outputs probabilities" in load_model(name, device="cpu", size=12).caveat
    told = load_model(name, device="cpu", size=12, outputs="probabilities").caveat
    assert told.startswith("It is given 12 x 12 pixels from 0 to 1, not normalised")
    assert load_model(name, device="cpu", size=12, outputs="probabilities", std=1).caveat == ""
    tags = {"device": "cpu", "size": 12, "arguments": {"classes": 3}, "labels": ["a", "b", "c"]}
    assert "--outputs multi-label-probabilities" in load_model(name, outputs="multi-label", **tags).caveat


def test_the_bundled_network_takes_labels_of_ones_own_if_they_are_as_many(folder: Path) -> None:
    (folder / "labels.txt").write_text("\n".join(f"thing {i}" for i in range(100)))
    assert load_model("caltech101", device="cpu", labels="labels.txt").labels[3] == "thing 3"


def test_a_network_whose_numbers_are_not_finite_is_not_said_to_change(folder: Path) -> None:
    (folder / "nothing.py").write_text(
        "from torch import nn\nfrom nets import Small\nclass Nan(nn.Module):\n"
        "    def forward(self, x):\n        return x * float('nan')\n"
        "def build():\n    return nn.Sequential(Small(classes=3), Nan())\n"
    )
    assert "differs each time" not in load_model("nothing.py:build", device="cpu", size=12).caveat
