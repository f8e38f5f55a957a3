"""Class names and preprocessing that a network carries are used if the user gives none, and the caveat says so."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from PIL import Image
from torch import nn
from torchvision.models import ResNet18_Weights
from torchvision.transforms import CenterCrop, Compose, Normalize, Resize, ToTensor, v2

import igcli
from igcli.models.self_description import completed, describe_itself
from igcli.models.spec import InputSpec

MEAN, STD = (0.4, 0.5, 0.6), (0.2, 0.25, 0.3)

CODE = """
from types import SimpleNamespace
from torch import nn


def yolo():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))
    network.names = {0: "cat", 1: "dog", 2: "cow"}
    network.pretrained_cfg = {
        "input_size": (3, 12, 12), "crop_pct": 0.75, "mean": (0.4, 0.5, 0.6), "std": (0.2, 0.25, 0.3),
        "interpolation": "bicubic",
    }
    return network


def others():
    network = yolo()
    network.names = ["one", "two"]  # of another head
    return network


def binary():
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 1))
    network.config = SimpleNamespace(id2label={"0": "fine", "1": "broken"})
    return network
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "nets.py").write_text(CODE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("attributes", "source"),
    [
        ({"names": {0: "cat", 1: "dog"}}, "names"),
        ({"names": ["cat", "dog"]}, "names"),
        ({"config": SimpleNamespace(id2label={"1": "dog", "0": "cat"})}, "config.id2label"),
        ({"class_to_idx": {"dog": 1, "cat": 0}}, "class_to_idx"),
        ({"pretrained_cfg": {"label_names": ["cat", "dog"]}}, "pretrained_cfg"),
        ({"model": SimpleNamespace(classes=("cat", "dog"))}, "classes"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_names_of_classes_are_found_where_libraries_leave_them(attributes: dict[str, object], source: str) -> None:
    found = describe_itself(SimpleNamespace(**attributes))
    assert (found.labels, found.labels_from) == (("cat", "dog"), source)


@pytest.mark.parametrize(
    "attributes",
    [
        {"config": SimpleNamespace(id2label={0: "LABEL_0", 1: "LABEL_1"})},
        {"names": {0: "cat", 2: "dog"}},
        {"names": {"cat": "dog"}},
        {"classes": 10},
        {"classes": torch.arange(3)},
        {"names": "cat"},
    ],
    ids=str,
)
def test_what_names_no_classes_is_passed_over(attributes: dict[str, object]) -> None:
    assert describe_itself(SimpleNamespace(**attributes)).labels == ()


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"default_cfg": {"input_size": (1, 96, 96), "crop_pct": 0.75, "mean": (0.5,), "std": (0.2,)}},
            InputSpec(96, 128, 1, (0.5,), (0.2,)),
        ),
        (
            {"transforms": ResNet18_Weights.DEFAULT.transforms()},
            InputSpec(224, 256, None, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), interpolation="bilinear"),
        ),
        (
            {"transforms": ResNet18_Weights.DEFAULT.transforms},
            InputSpec(224, 256, None, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), interpolation="bilinear"),
        ),
        (
            {"transform": Compose([Resize(40), CenterCrop(32), ToTensor(), Normalize(MEAN, STD)])},
            InputSpec(32, 40, None, MEAN, STD, interpolation="bilinear"),
        ),
        (
            {"preprocess": v2.Compose([v2.Resize(40), v2.CenterCrop(32), v2.Normalize(MEAN, STD)])},
            InputSpec(32, 40, None, MEAN, STD, interpolation="bilinear"),
        ),
        (
            {"processor": SimpleNamespace(size={"height": 48, "width": 48}, image_mean=MEAN, image_std=STD)},
            InputSpec(48, mean=MEAN, std=STD),
        ),
        ({"config": SimpleNamespace(image_size=64)}, InputSpec(64)),
        # height and width, as all of these order them
        ({"config": SimpleNamespace(image_size=(32, 64))}, InputSpec((64, 32))),
        ({"default_cfg": {"input_size": (3, 96, 192), "crop_pct": 0.75}}, InputSpec((192, 96), (256, 128), 3)),
        ({"processor": SimpleNamespace(size={"height": 32, "width": 48})}, InputSpec((48, 32))),
        (
            {"transform": Compose([Resize(40), CenterCrop((32, 64)), Normalize(MEAN, STD)])},
            InputSpec((64, 32), 40, None, MEAN, STD, interpolation="bilinear"),
        ),
        (
            {"transform": Compose([Resize((32, 64)), Normalize(MEAN, STD)])},
            InputSpec((64, 32), (64, 32), None, MEAN, STD, interpolation="bilinear", fit="squash"),
        ),
        ({"pretrained_cfg": {"input_size": (3, 32, 32), "std": (0.0, 0.0, 0.0)}}, InputSpec()),
        ({"transforms": "centre"}, InputSpec()),
    ],
    ids=lambda value: "" if isinstance(value, InputSpec) else next(iter(value)),
)
def test_preparation_is_read_as_libraries_write_it(attributes: dict[str, object], expected: InputSpec) -> None:
    assert describe_itself(SimpleNamespace(**attributes)).input == expected


def test_what_a_person_says_goes_before_it_size_and_normalisation_each_as_a_whole() -> None:
    own = InputSpec(96, 128, 3, MEAN, STD)
    assert completed(InputSpec(), own) == own
    assert completed(InputSpec(size=64), own) == InputSpec(64, None, 3, MEAN, STD)
    assert completed(InputSpec(value_range=(0, 255)), own) == InputSpec(96, 128, 3, value_range=(0, 255))


def test_a_loaded_network_is_used_as_it_says_and_this_is_said() -> None:
    model = igcli.load_model("nets.py:yolo", device="cpu")
    assert list(model.labels) == ["cat", "dog", "cow"]
    assert (model.view.size, model.view.resize, model.view.interpolation) == (12, 16, "bicubic")
    assert (model.mean, model.std) == (MEAN, STD)
    assert model.caveat == "Pictures are prepared as its pretrained_cfg says. Its classes have the names in its names."
    pixels = torch.rand(2, 3, 12, 12)
    with torch.no_grad():
        mean, std = (torch.tensor(each)[:, None, None] for each in (MEAN, STD))
        torch.testing.assert_close(model(pixels), model.network((pixels - mean) / std))


def test_labels_of_the_users_go_before_the_networks_own() -> None:
    model = igcli.load_model("nets.py:yolo", device="cpu", labels=["a", "b", "c"], size=20, mean=0, std=1)
    assert list(model.labels) == ["a", "b", "c"]
    assert (model.view.size, model.mean) == (20, (0.0,))
    assert "names in its names" not in model.caveat


def test_names_of_another_number_of_classes_are_not_used() -> None:
    model = igcli.load_model("nets.py:others", device="cpu")
    assert list(model.labels) == ["class 0", "class 1", "class 2"]
    assert "--labels FILE" in model.caveat


def test_a_single_output_has_the_two_names_of_its_network() -> None:
    assert list(igcli.load_model("nets.py:binary", device="cpu", size=12).labels) == ["fine", "broken"]


def test_a_network_that_says_nothing_is_as_before() -> None:
    assert describe_itself(nn.Linear(2, 2)) == describe_itself(object())
    assert describe_itself(nn.Linear(2, 2)).input == InputSpec()


@pytest.mark.parametrize("kind", ["DeiTImageProcessor", "ViTImageProcessor", "ConvNextImageProcessor"])
def test_a_processor_of_transformers_is_followed_in_crop_and_resampling(kind: str, samples: Path) -> None:
    library = pytest.importorskip("transformers", reason="needs igcli[hf]")
    processor = getattr(library, f"{kind}Pil", getattr(library, kind))()
    network = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))
    network.processor = processor
    own = describe_itself(network).input
    view = own.view(igcli.View())
    photo = samples / "chelsea.jpg"
    pixels = igcli.read_image(photo, view=view, fit=view.fit).pixels
    mean, std = (torch.tensor(each)[:, None, None] for each in (own.mean, own.std))
    expected = processor(images=Image.open(photo).convert("RGB"), return_tensors="pt")["pixel_values"][0]
    torch.testing.assert_close((pixels - mean) / std, expected, rtol=0, atol=1e-5)
