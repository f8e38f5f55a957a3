from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from torch import Tensor, nn

from igcli.errors import NetworkUnavailable, UsageError, WeightsError
from igcli.images.reading import read_image
from igcli.models import efficientnet_lite0
from igcli.models.efficientnet_lite0 import is_installed, load_efficientnet_lite0
from igcli.models.efficientnet_lite0_network import EfficientNetLite0
from igcli.models.spec import LoadOptions

packaged = pytest.mark.skipif(not is_installed(), reason='needs pip install "igcli[imagenet]"')


@pytest.fixture(scope="module")
def other() -> nn.Module:
    """timm's network of the same architecture, with made-up weights and statistics."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        network: nn.Module = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
                module.weight.data.uniform_(0.5, 1.5)
    return network


@pytest.fixture(scope="module")
def file(other: nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "lite.pth"
    torch.save(other.state_dict(), path)
    return path


def expected(other: nn.Module, pixels: Tensor) -> Tensor:
    with torch.no_grad():
        logits: Tensor = other((pixels - 0.5) / 0.5)
    return logits


@pytest.mark.parametrize("side", [224, 225, 129], ids=["even", "odd", "odd in every stage"])
def test_same_logits_as_timms_network_with_the_same_tensors(other: nn.Module, file: Path, side: int) -> None:
    model = load_efficientnet_lite0(LoadOptions(file, device="cpu"))
    pixels = torch.rand(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        torch.testing.assert_close(model(pixels), expected(other, pixels), rtol=1e-5, atol=1e-5)


def test_the_engine_rewrites_it_without_changing_its_logits(file: Path) -> None:
    model = load_efficientnet_lite0(LoadOptions(file, device="cpu"))
    pixels = torch.rand(2, 3, 96, 96, generator=torch.Generator().manual_seed(1))
    quick = model.optimised()
    with torch.no_grad():
        torch.testing.assert_close(quick(pixels), model(pixels), rtol=1e-4, atol=1e-5)


def test_a_checkpoint_with_another_number_of_classes_is_loaded(tmp_path: Path) -> None:
    path = tmp_path / "ten.pth"
    torch.save(timm.create_model("tf_efficientnet_lite0", pretrained=False, num_classes=10).state_dict(), path)
    model = load_efficientnet_lite0(LoadOptions(path, device="cpu"))
    assert model(torch.rand(1, 3, 64, 64)).shape == (1, 10)


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.pth"
    torch.save(EfficientNetLite0(10).blocks.state_dict(), path)
    with pytest.raises(WeightsError, match="another network"):
        load_efficientnet_lite0(LoadOptions(path, device="cpu"))


def test_without_the_package_the_error_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite0, "_packaged_weights", lambda: None)
    with pytest.raises(NetworkUnavailable, match=r"igcli\[imagenet\]"):
        load_efficientnet_lite0(LoadOptions(device="cpu"))


def test_a_packaged_file_that_is_not_the_published_one_is_refused(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(efficientnet_lite0, "_packaged_weights", lambda: file)
    with pytest.raises(WeightsError, match="not the file that was published"):
        load_efficientnet_lite0(LoadOptions(device="cpu"))


def test_arguments_are_refused(file: Path) -> None:
    with pytest.raises(UsageError, match="tf_efficientnet_lite0"):
        load_efficientnet_lite0(LoadOptions(file, arguments=(("drop_rate", 0.1),)))


@packaged
@pytest.mark.parametrize(
    ("name", "label", "least"),
    [("coffee", "espresso", 0.9), ("cameraman", "tripod", 0.9), ("motorcycle", "moped", 0.5)],
)
def test_the_packaged_network_knows_the_sample_images(samples: Path, name: str, label: str, least: float) -> None:
    model = load_efficientnet_lite0(LoadOptions(device="cpu"))
    pixels = read_image(samples / f"{name}.jpg", view=model.view).pixels
    with torch.no_grad():
        probabilities = model(pixels[None]).softmax(1)[0]
    assert model.labels[int(probabilities.argmax())] == label
    assert float(probabilities.max()) > least


@packaged
def test_the_package_is_not_imported() -> None:
    import sys

    load_efficientnet_lite0(LoadOptions(device="cpu"))
    assert efficientnet_lite0.PACKAGE not in sys.modules
