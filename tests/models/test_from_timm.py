"""timm's networks by name: a stand-in with timm's two functions, and timm itself where it is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch

from igcli.errors import NetworkUnavailable, UsageError
from igcli.models.zoo import load_model

STAND_IN = """
from types import SimpleNamespace

import torch
from torch import nn


class Net(nn.Module):
    def __init__(self, classes):
        super().__init__()
        self.num_classes = classes
        self.pretrained_cfg = {"tag": "in1k"}
        self.head = nn.Linear(3, classes)

    def forward(self, x):
        return self.head(x.mean((2, 3)))


def create_model(name, pretrained=False, num_classes=1000, **more):
    if name != "net" or more:
        raise RuntimeError(f"Unknown model ({name}).")
    if pretrained:
        import logging
        from huggingface_hub import constants
        logging.getLogger("huggingface_hub").warning("Retrying")
        if constants.HF_HUB_OFFLINE:
            raise OSError("offline mode is enabled")
        torch.manual_seed(7)
    return Net(num_classes)


def resolve_model_data_config(network):
    return {"input_size": (3, 240, 240), "mean": (0.5, 0.4, 0.3), "std": (0.2, 0.2, 0.2), "crop_pct": 0.9,
            "interpolation": "bicubic"}


data = SimpleNamespace(resolve_model_data_config=resolve_model_data_config)
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "timm.py").write_text(STAND_IN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "timm", raising=False)
    hub, constants = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.constants")
    hub.constants, constants.HF_HUB_OFFLINE = constants, False
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.constants", constants)
    yield
    sys.modules.pop("timm", None)


@pytest.mark.usefixtures("stand_in")
def test_preprocessing_labels_and_weights_are_timms() -> None:
    model = load_model("timm:net", device="cpu")
    assert (model.view.size, model.view.resize, model.view.interpolation) == (240, 266, "bicubic")
    assert (model.mean, model.std) == ((0.5, 0.4, 0.3), (0.2, 0.2, 0.2))
    assert model.labels[0] == "tench"
    assert (model.provenance.name, model.provenance.weights) == ("timm:net", "in1k")
    assert len(model.provenance.sha256) == 64


@pytest.mark.usefixtures("stand_in")
def test_a_file_of_ones_own_makes_a_network_of_its_number_of_classes(tmp_path: Path) -> None:
    state = {"model.head.weight": torch.randn(4, 3), "model.head.bias": torch.zeros(4)}
    torch.save({"state_dict": state}, tmp_path / "best.pth")
    model = load_model("timm:net", device="cpu", weights=tmp_path / "best.pth", labels=list("abcd"))
    assert torch.equal(model.network.head.weight, state["model.head.weight"])
    assert (list(model.labels), model.provenance.weights) == (list("abcd"), "best.pth")


@pytest.mark.usefixtures("stand_in")
def test_what_timm_does_not_have_is_a_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(UsageError, match=r"timm cannot make 'nett' \(Unknown model"):
        load_model("timm:nett", device="cpu")
    with pytest.raises(NetworkUnavailable, match=r"offline mode.*--weights FILE"):
        load_model("timm:net", device="cpu", offline=True)
    assert not caplog.records
    assert load_model("timm:net", device="cpu").labels  # asked for again, it may use the network


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_without_timm_the_extra_is_named() -> None:
    with pytest.raises(UsageError, match=r"igcli\[timm\]"):
        load_model("timm:resnet18")


@pytest.mark.skipif(find_spec("timm") is None, reason="timm is an extra")
def test_timm_itself_is_understood(tmp_path: Path) -> None:
    import timm

    network = timm.create_model("resnet10t", num_classes=5).eval()
    torch.save(network.state_dict(), tmp_path / "best.pth")
    model = load_model("timm:resnet10t", device="cpu", weights=tmp_path / "best.pth", size=64)
    pixels = torch.rand(1, 3, 64, 64)
    mean, std = (torch.tensor(values)[:, None, None] for values in (model.mean, model.std))
    torch.testing.assert_close(model(pixels), network((pixels - mean) / std), rtol=1e-4, atol=1e-5)
