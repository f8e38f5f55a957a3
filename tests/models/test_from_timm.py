"""timm's networks by name: a stand-in with timm's two functions, and timm itself where it is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch
from PIL import Image
from tiny_image_models import LABELS, saved_timm_model

import igcli
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


STAND_IN_REGISTRY = """
from types import SimpleNamespace


def get_pretrained_cfg(name):
    addresses = {"net": None, "elsewhere": "http://localhost/elsewhere-0123.pth"}
    return SimpleNamespace(hf_hub_id=None, url=addresses[name]) if name in addresses else None
"""


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "__init__.py").write_text(STAND_IN)
    (tmp_path / "timm" / "models.py").write_text(STAND_IN_REGISTRY)
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == "timm"]:
        monkeypatch.delitem(sys.modules, name)
    hub, constants = ModuleType("huggingface_hub"), ModuleType("huggingface_hub.constants")
    hub.constants, constants.HF_HUB_OFFLINE = constants, False
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.constants", constants)
    yield
    for name in ("timm", "timm.models"):
        sys.modules.pop(name, None)


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
    with pytest.raises(NetworkUnavailable, match=r"downloads are off.*--weights FILE"):
        load_model("timm:net", device="cpu", offline=True)
    assert not caplog.records
    assert load_model("timm:net", device="cpu").labels  # asked for again, it may use the network


@pytest.mark.usefixtures("stand_in")
def test_weights_that_are_published_outside_the_hub_are_not_fetched_either() -> None:
    with pytest.raises(NetworkUnavailable, match=r"elsewhere .*downloads are off"):
        load_model("timm:elsewhere", device="cpu", offline=True)
    with pytest.raises(UsageError, match="Unknown model"):
        load_model("timm:elsewhere", device="cpu")


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


@pytest.mark.parametrize("mode", ["center", "squash"])
@pytest.mark.parametrize("share", [0.8, 1.0])
def test_pictures_are_prepared_as_timm_prepares_them(mode: str, share: float, samples: Path, tmp_path: Path) -> None:
    network = saved_timm_model(tmp_path / "saved", crop_mode=mode, crop_pct=share)
    import timm

    transform = timm.data.create_transform(**timm.data.resolve_model_data_config(network))
    model = load_model(str(tmp_path / "saved"), device="cpu")
    assert list(model.labels) == LABELS
    for photo in sorted(samples.glob("*.jpg"))[:3]:
        picture = igcli.read_image(photo, view=model.view, fit=model.view.fit)
        with torch.no_grad():
            expected = network(transform(Image.open(photo).convert("RGB"))[None])
            torch.testing.assert_close(model(picture.pixels[None]), expected, rtol=0, atol=1e-5)


def test_a_folder_of_timms_without_weights_is_a_sentence(tmp_path: Path) -> None:
    saved_timm_model(tmp_path / "saved")
    for file in [*(tmp_path / "saved").glob("*.safetensors"), *(tmp_path / "saved").glob("*.bin")]:
        file.unlink()
    with pytest.raises(UsageError, match="timm cannot make 'local-dir:"):
        load_model(str(tmp_path / "saved"), device="cpu")
    with pytest.raises(UsageError, match=r"timm cannot make 'local-dir:.*Config file not found"):
        load_model(f"timm:local-dir:{tmp_path}", device="cpu")
