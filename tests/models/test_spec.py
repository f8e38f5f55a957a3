"""What can be said about a model: plain data, checked, with the right things going before others."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
import torch

from igcli.errors import UsageError
from igcli.images.options import View
from igcli.models.spec import InputSpec, ModelSpec

SAID = {
    "weights": "best.pth",
    "labels": ["cat", "dog"],
    "arguments": {"width": 3},
    "size": 96,
    "mean": [0.5],
    "std": 0.25,
    "value_range": (0, 255),
    "outputs": "multi-label",
    "trust_pickle": None,
}


def test_flat_names_find_their_place_and_paths_may_be_text():
    spec = ModelSpec.of("net", **SAID)
    assert (spec.weights, spec.labels, spec.arguments) == (Path("best.pth"), ("cat", "dog"), (("width", 3),))
    assert (spec.input.size, spec.input.mean, spec.input.std) == (96, (0.5,), (0.25,))
    assert not spec.trust_pickle


def test_a_spec_can_be_sent_to_another_process():
    spec = ModelSpec.of("net", **SAID)
    assert pickle.loads(pickle.dumps(spec)) == spec


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean 'interpolation'"):
        ModelSpec.of("net", interpolatoin="bicubic")


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"size": 0}, "size is 0"),
        ({"resize": -1}, "resize is -1"),
        ({"size": "big"}, "size is a whole number"),
        ({"size": True}, "size is a whole number"),
        ({"size": (3, 2, 1)}, "size is a whole number, or WIDTHxHEIGHT"),
        ({"resize": "20x20000"}, "resize is 20x20000"),
        ({"weights": 3}, "weights is a path"),
        ({"arguments": ["width"]}, "arguments is values under names"),
        ({"channels": 0}, "not in 0"),
        ({"mean": "grey"}, "a number or a list of them"),
        ({"mean": []}, "finite"),
        ({"mean": [float("nan")]}, "finite"),
        ({"std": [0.0]}, "above 0"),
        ({"value_range": [1, 0]}, "black"),
        ({"value_range": [1]}, "black"),
        ({"interpolation": "cubic"}, "Choose from: nearest"),
        ({"fit": "stretch"}, "crop"),
        ({"outputs": "softmax"}, "multi-label"),
    ],
)
def test_what_cannot_be_is_a_sentence(said, message):
    with pytest.raises(UsageError, match=message):
        ModelSpec.of("net", **said)


def test_what_is_said_goes_before_the_models_own_view_and_a_size_alone_cuts_nothing():
    own = View(224, 256, 3, "bicubic", "crop")
    assert InputSpec().view(own) == own
    assert InputSpec(size=96).view(own) == View(96, 96, 3, "bicubic", "crop")
    assert InputSpec(size=96, resize=110, channels=1, fit="pad").view(own) == View(96, 110, 1, "bicubic", "pad")
    assert InputSpec(resize=232).view(own) == View(224, 232, 3, "bicubic", "crop")
    assert InputSpec(size=(64, 32)).view(own) == View((64, 32), (64, 32), 3, "bicubic", "crop")


@pytest.mark.parametrize(
    "said", [{"value_range": (0, 255), "mean": (120.0,), "std": (60.0,)}, {"value_range": (-1, 1)}, {"mean": (0.5,)}]
)
def test_normalisation_in_pixel_units_is_that_in_units_of_the_value_range(said):
    pixels = torch.linspace(0, 1, 5, dtype=torch.float64)
    low, high = said.get("value_range", (0, 1))
    scaled = low + (high - low) * pixels
    expected = (scaled - said.get("mean", (0.0,))[0]) / said.get("std", (1.0,))[0]
    (mean,), (std,) = InputSpec(**said).normalisation((0.0,), (1.0,))
    torch.testing.assert_close((pixels - mean) / std, expected)


def test_without_a_word_the_models_own_normalisation_stands():
    assert InputSpec(size=9).normalisation((0.4, 0.5, 0.6), (0.2,)) == ((0.4, 0.5, 0.6), (0.2,))
    assert InputSpec(std=(0.5,)).normalisation((0.4,), (0.2,)) == ((0.4,), (0.5,))


def test_the_command_line_goes_before_the_model_file():
    base = ModelSpec.of("resnet18", weights="a.pth", sha256="12", size=96, mean=[0.5], arguments={"a": 1, "b": 2})
    said = ModelSpec.of("mine.toml", weights="b.pth", size=64, arguments={"b": 3}, device="cpu")
    both = said.over(base)
    assert both.model == "resnet18"
    assert (both.weights, both.sha256) == (Path("b.pth"), None)  # the hash was that of the other file
    assert (both.input.size, both.input.mean) == (64, (0.5,))
    assert dict(both.arguments) == {"a": 1, "b": 3}
    assert both.device == "cpu"
