"""torchvision's classifiers by name: preprocessing, labels and weights as torchvision's own route has them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torchvision
from PIL import Image
from torch import Tensor, nn
from torchvision import models

from igcli.errors import UsageError, WeightsError
from igcli.images.reading import read_image
from igcli.models.classifier import Classifier
from igcli.models.from_torchvision import load_torchvision, preparation
from igcli.models.published_weights import classifier_names
from igcli.models.spec import LoadOptions
from igcli.models.weights import sha256_of
from igcli.models.weights_store import Source
from igcli.models.zoo import load_model

from .conftest import Server

SETS = [each for name in classifier_names() for each in models.get_model_weights(name) if each.meta["categories"]]
PRESETS = {repr(each.transforms()): each for each in SETS}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=str)
def test_a_real_photo_is_prepared_as_by_torchvision(preset: object, samples: Path) -> None:
    view, mean, std = preparation(preset)
    pixels = read_image(samples / "chelsea.jpg", view=view).pixels
    expected = preset.transforms()(Image.open(samples / "chelsea.jpg"))
    seen = Classifier(nn.Flatten(), (), view=view, mean=mean, std=std)(pixels[None])
    torch.testing.assert_close(seen.reshape(pixels.shape), expected, rtol=0, atol=1e-6)


def test_the_presets_are_more_than_one_kind() -> None:
    assert {each.transforms().interpolation.value for each in PRESETS.values()} == {"bilinear", "bicubic"}
    assert len(PRESETS) > 10


@pytest.fixture(scope="module")
def state() -> dict[str, Tensor]:
    with torch.random.fork_rng():
        torch.manual_seed(4)
        return models.resnet18(num_classes=3).state_dict()


def saved(state: object, folder: Path, name: str = "mine.pth") -> LoadOptions:
    torch.save(state, folder / name)
    return LoadOptions(folder / name, device="cpu")


def logits(network: nn.Module, pixels: Tensor) -> Tensor:
    preset = models.ResNet18_Weights.DEFAULT.transforms()
    with torch.no_grad():
        return network.eval()(torchvision.transforms.functional.normalize(pixels, preset.mean, preset.std))


@pytest.mark.parametrize("wrapper", ["", "module.", "_orig_mod.", "model.", "net.backbone."])
def test_a_fine_tuned_network_is_made_for_the_files_number_of_classes(
    wrapper: str, state: dict[str, Tensor], pixels: Tensor, tmp_path: Path
) -> None:
    checkpoint = {"state_dict": {wrapper + key: value for key, value in state.items()}, "epoch": 9}
    model = load_torchvision("resnet18", saved(checkpoint, tmp_path))
    own = models.resnet18(num_classes=3)
    own.load_state_dict(state)
    torch.testing.assert_close(model(pixels), logits(own, pixels), rtol=1e-4, atol=1e-5)
    assert model.provenance.name == "resnet18"
    assert model.provenance.sha256 == sha256_of(tmp_path / "mine.pth")


def test_without_labels_its_classes_are_numbered_and_the_caveat_says_so(
    state: dict[str, Tensor], tmp_path: Path
) -> None:
    path = saved(state, tmp_path).weights
    model = load_model("resnet18", weights=path, device="cpu")
    assert list(model.labels) == ["class 0", "class 1", "class 2"]
    assert "--labels FILE" in model.caveat
    named = load_model("resnet18", weights=path, labels=["a", "b", "c"], device="cpu")
    assert (list(named.labels), named.caveat) == (["a", "b", "c"], "")


def test_a_safetensors_file_is_as_good(state: dict[str, Tensor], pixels: Tensor, tmp_path: Path) -> None:
    import json

    header, data = {}, b""
    for key, value in state.items():
        raw = value.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes() if value.numel() else b""
        kind = {torch.float32: "F32", torch.int64: "I64"}[value.dtype]
        header[key] = {"dtype": kind, "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    (tmp_path / "mine.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + data)
    torch.save(state, tmp_path / "mine.pth")
    one, other = (
        load_torchvision("resnet18", LoadOptions(tmp_path / name, device="cpu"))(pixels)
        for name in ("mine.pth", "mine.safetensors")
    )
    assert torch.equal(one, other)


def test_a_head_of_another_make_is_named_by_its_keys(state: dict[str, Tensor], tmp_path: Path) -> None:
    own = {key.replace("fc.", "fc.1."): value for key, value in state.items()}
    with pytest.raises(WeightsError) as caught:
        load_torchvision("resnet18", saved(own, tmp_path))
    assert "2 missing (fc.weight, fc.bias), 2 unexpected (fc.1.weight, fc.1.bias)" in str(caught.value)
    assert "FILE.py:FUNCTION" in str(caught.value)


def test_the_weights_of_a_larger_member_are_refused_with_how_many_keys(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"\d+ unexpected \(layer1\.0\.conv3\.weight, .*, \.\.\.\)"):
        load_torchvision("resnet18", saved(models.resnet50(num_classes=3).state_dict(), tmp_path))


def test_published_weights_are_fetched_into_torchs_cache_and_come_with_labels(
    server: Server, checkpoints: Path, tmp_path: Path, pixels: Tensor
) -> None:
    network = models.mobilenet_v3_small()
    torch.save(network.state_dict(), tmp_path / "file")
    sha256 = sha256_of(tmp_path / "file")
    url = server.serves(f"/net-{sha256[:8]}.pth", (tmp_path / "file").read_bytes())
    for _ in range(2):
        model = load_torchvision("mobilenet_v3_small", LoadOptions(device="cpu"), source=Source.at(url))
    assert server.asked == [f"/net-{sha256[:8]}.pth"]
    assert (checkpoints / f"net-{sha256[:8]}.pth").is_file()
    assert list(model.labels) == models.MobileNet_V3_Small_Weights.DEFAULT.meta["categories"]
    torch.testing.assert_close(model(pixels), logits(network, pixels), rtol=1e-4, atol=1e-5)


def test_offline_names_the_published_file(checkpoints: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        load_model("resnet50@IMAGENET1K_V1", offline=True)
    assert models.ResNet50_Weights.IMAGENET1K_V1.url in str(caught.value)
    assert str(checkpoints) in str(caught.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("resnet50@IMAGENET1K_V3", "Choose from: IMAGENET1K_V1, IMAGENET1K_V2"),
        ("vgg16@IMAGENET1K_FEATURES", "Choose from: IMAGENET1K_V1"),
        ("fasterrcnn_resnet50_fpn", "does not classify"),
        ("fcn_resnet50", "does not classify"),
        ("resnet5", "Did you mean 'resnet50'"),
    ],
)
def test_what_torchvision_does_not_have_is_a_sentence(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        load_model(name, offline=True)


@pytest.fixture(scope="module")
def small_vit() -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(5)
        return models.vit_b_32(num_classes=2, image_size=64)


def test_arguments_reach_the_network_and_unknown_ones_are_a_sentence(small_vit: nn.Module, tmp_path: Path) -> None:
    torch.save(small_vit.state_dict(), tmp_path / "vit.pth")
    how = {"weights": tmp_path / "vit.pth", "device": "cpu", "size": 64}
    model = load_model("vit_b_32", arguments={"image_size": 64}, **how)
    assert model(torch.rand(1, 3, 64, 64)).shape == (1, 2)
    with pytest.raises(UsageError, match="colour"):
        load_model("vit_b_32", arguments={"colour": 64}, **how)
    with pytest.raises(WeightsError, match=r"encoder\.pos_embedding is 1x5x768 and should be 1x50x768"):
        load_model("vit_b_32", **how)


def test_vits_published_files_have_older_names_for_the_same_layers(
    small_vit: nn.Module, tmp_path: Path, pixels: Tensor
) -> None:
    older = {
        key.replace("mlp.0.", "mlp.linear_1.").replace("mlp.3.", "mlp.linear_2."): value
        for key, value in small_vit.state_dict().items()
    }
    assert older.keys() != small_vit.state_dict().keys()
    torch.save(older, tmp_path / "vit.pth")
    options = LoadOptions(tmp_path / "vit.pth", device="cpu", arguments=(("image_size", 64),))
    torch.testing.assert_close(load_torchvision("vit_b_32", options)(pixels), logits(small_vit, pixels))


def test_densenets_published_files_have_older_names_for_the_same_layers(tmp_path: Path, pixels: Tensor) -> None:
    network = models.densenet121(num_classes=2)
    older = {}
    for key, value in network.state_dict().items():
        for kind in ("norm", "conv"):
            if "denselayer" in key:
                key = key.replace(f".{kind}1.", f".{kind}.1.").replace(f".{kind}2.", f".{kind}.2.")
        older[key] = value
    assert older.keys() != network.state_dict().keys()
    model = load_torchvision("densenet121", saved(older, tmp_path))
    torch.testing.assert_close(model(pixels), logits(network, pixels), rtol=1e-4, atol=1e-5)


def test_an_outline_knows_everything_but_the_weights(checkpoints: Path) -> None:
    model = load_model("vit_h_14", outline=True, offline=True)
    preset = models.ViT_H_14_Weights.DEFAULT
    assert sum(p.numel() for p in model.network.parameters()) == preset.meta["num_params"]
    assert (model.view.size, len(model.labels)) == (518, 1000)
    assert model.layers()[0] == "conv_proj"


@pytest.mark.parametrize("name", [name for name in classifier_names() if name != "regnet_y_128gf"])  # 2.6 GB
def test_every_classifier_has_an_outline(name: str) -> None:
    assert load_model(name, outline=True, offline=True).layers()


def test_a_network_that_computes_its_own_widths_is_made_from_weights_too(pixels: Tensor, tmp_path: Path) -> None:
    network = models.regnet_y_400mf(num_classes=5).eval()
    model = load_torchvision("regnet_y_400mf", saved(network.state_dict(), tmp_path))
    torch.testing.assert_close(model(pixels), logits(network, pixels), rtol=1e-4, atol=1e-5)
