from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.models.auto import imagenet_source, load_googlenet
from igcli.models.spec import LoadOptions
from igcli.models.weights import sha256_of
from igcli.models.weights_store import Source

OFFICIAL = torchvision.models.GoogLeNet_Weights.IMAGENET1K_V1


@pytest.fixture
def official(imagenet_state: dict[str, Tensor], monkeypatch: pytest.MonkeyPatch) -> torch.nn.Module:
    """torchvision's own way from weights to network, with the made-up file in the place of the download."""
    monkeypatch.setattr(torchvision.models._api, "load_state_dict_from_url", lambda *_, **__: imagenet_state)
    return torchvision.models.googlenet(weights=OFFICIAL).eval()


def test_same_logits_as_torchvisions_own_route(official: torch.nn.Module, imagenet_file: Path, pixels: Tensor) -> None:
    model = load_googlenet(LoadOptions(imagenet_file, device="cpu"))
    preset = OFFICIAL.transforms()
    with torch.no_grad():
        expected = official(torchvision.transforms.functional.normalize(pixels, preset.mean, preset.std))
        torch.testing.assert_close(model(pixels), expected, rtol=1e-4, atol=1e-5)
    assert expected.std(dim=1).min() > 1e-3  # the logits do tell classes apart


def test_inner_normalisation_is_on_as_in_torchvisions_route(official: torch.nn.Module, imagenet_file: Path) -> None:
    network = load_googlenet(LoadOptions(imagenet_file, device="cpu")).network
    assert (network.transform_input, network.aux_logits) == (official.transform_input, official.aux_logits)
    assert [name for name, _ in network.named_modules()] == [name for name, _ in official.named_modules()]


def test_labels_and_input_come_from_torchvisions_metadata(imagenet_file: Path) -> None:
    model = load_googlenet(LoadOptions(imagenet_file, device="cpu"))
    assert list(model.labels) == OFFICIAL.meta["categories"]
    assert (model.view.size, model.view.resize, model.input_size) == (224, 256, 224)
    assert (model.mean, model.std) == ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def test_the_published_file_is_torchvisions() -> None:
    source = imagenet_source()
    assert source.url == OFFICIAL.url
    assert source.url.endswith(f"/{source.filename}")
    assert f"-{source.sha256_prefix}." in source.filename


def test_provenance_names_the_file_and_its_hash(imagenet_file: Path) -> None:
    provenance = load_googlenet(LoadOptions(imagenet_file, device="cpu")).provenance
    assert provenance.weights == imagenet_file.name
    assert provenance.sha256 == sha256_of(imagenet_file)


def test_a_file_with_torchvisions_name_must_have_torchvisions_hash(tmp_path: Path) -> None:
    impostor = tmp_path / imagenet_source().filename
    torch.save({"fc.bias": torch.zeros(1000)}, impostor)
    with pytest.raises(WeightsError, match=imagenet_source().sha256_prefix):
        load_googlenet(LoadOptions(impostor))


def test_a_file_with_another_number_of_classes_makes_a_network_of_that_many(
    caltech_file: Path, caltech_network: torch.nn.Module, pixels: Tensor
) -> None:
    model = load_googlenet(LoadOptions(caltech_file, device="cpu"))
    transforming = copy.deepcopy(caltech_network)
    transforming.transform_input = True  # as in the published network, which a person's own most likely continues
    preset = OFFICIAL.transforms()
    with torch.no_grad():
        expected = transforming(torchvision.transforms.functional.normalize(pixels, preset.mean, preset.std))
        torch.testing.assert_close(model(pixels), expected, rtol=1e-4, atol=1e-5)
    assert "transform_input=false" in model.caveat


def test_the_inner_normalisation_can_be_told_off(caltech_file: Path) -> None:
    told = LoadOptions(caltech_file, device="cpu", arguments=(("transform_input", False),))
    model = load_googlenet(told)
    assert not model.network.transform_input
    assert model.caveat == ""


def test_another_shape_is_named_with_the_one_it_should_be(tmp_path: Path, imagenet_state: dict[str, Tensor]) -> None:
    path = tmp_path / "mixed.pth"
    torch.save(imagenet_state | {"conv1.conv.weight": torch.ones(64, 1, 7, 7)}, path)
    with pytest.raises(WeightsError, match=r"1 of another shape \(conv1\.conv\.weight is 64x1x7x7 .* 64x3x7x7\)"):
        load_googlenet(LoadOptions(path))


def test_missing_and_unexpected_keys_are_counted_and_named(tmp_path: Path, imagenet_state: dict[str, Tensor]) -> None:
    path = tmp_path / "mixed.pth"
    torch.save({"head.weight": torch.ones(2)} | {k: v for k, v in imagenet_state.items() if k != "conv1.bn.bias"}, path)
    with pytest.raises(WeightsError) as caught:
        load_googlenet(LoadOptions(path))
    assert "1 missing (conv1.bn.bias), 1 unexpected (head.weight)" in str(caught.value)


def test_offline_names_every_way_to_get_the_weights(checkpoints: Path, imagenet_at: Callable[[Source], None]) -> None:
    imagenet_at(Source("https://weights.example/g.pth", "g.pth", "1a2b3c4d"))
    with pytest.raises(NetworkUnavailable) as caught:
        load_googlenet(LoadOptions(offline=True))
    for needed in ("https://weights.example/g.pth", str(checkpoints / "g.pth"), "1a2b3c4d", "--weights FILE"):
        assert needed in str(caught.value)
