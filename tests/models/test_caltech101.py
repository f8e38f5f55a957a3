from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torchvision.models import GoogLeNet

from igcli.errors import WeightsError
from igcli.models.caltech101 import LABELS, load_caltech101
from igcli.models.spec import LoadOptions


def test_same_logits_as_the_network_that_was_saved(
    caltech_file: Path, caltech_network: GoogLeNet, pixels: Tensor
) -> None:
    model = load_caltech101(LoadOptions(caltech_file, device="cpu"))
    mean, std = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])
    with torch.no_grad():
        expected = caltech_network((pixels - mean[:, None, None]) / std[:, None, None])
        torch.testing.assert_close(model(pixels), expected, rtol=1e-4, atol=1e-5)


def test_labels_are_caltechs_hundred_folders_in_pythons_order() -> None:
    names = LABELS.read_text(encoding="utf-8").splitlines()
    assert len(names) == len(set(names)) == 100
    folders = [name.replace("water lily", "water_lilly").replace(" ", "_") for name in names]
    assert folders == sorted(folders)
    assert {"Motorbikes", "Leopards", "Faces", "wild cat", "cougar face", "water lily"} <= set(names)


def test_the_model_finds_its_labels_by_their_names(caltech_file: Path) -> None:
    labels = load_caltech101(LoadOptions(caltech_file, device="cpu")).labels
    assert labels[labels.find("motorbikes")] == "Motorbikes"
    assert labels[labels.find("grand_piano")] == "grand piano"


def test_the_users_own_file_goes_before_the_bundled_one(caltech_file: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.pt"
    own.write_bytes(caltech_file.read_bytes())
    assert load_caltech101(LoadOptions(own, device="cpu")).provenance.weights == "own.pt"


def test_imagenet_weights_are_refused(imagenet_file: Path) -> None:
    with pytest.raises(WeightsError, match="another network"):
        load_caltech101(LoadOptions(imagenet_file, device="cpu"))
