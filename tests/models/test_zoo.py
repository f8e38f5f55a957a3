from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch

import igcli
from igcli.errors import NetworkUnavailable, UsageError, WeightsError
from igcli.models import auto, caltech101, efficientnet_lite0, from_code
from igcli.models.auto import QUICK
from igcli.models.classifier import Classifier
from igcli.models.efficientnet_lite0_network import EfficientNetLite0
from igcli.models.sources import MODELS, SOURCES, ModelSource, NameKind, kind_of_name
from igcli.models.spec import LoadOptions
from igcli.models.weights import sha256_of
from igcli.models.weights_store import Source
from igcli.models.zoo import load_model

from .conftest import Server

pytestmark = pytest.mark.usefixtures("checkpoints")


@pytest.fixture(autouse=True)
def bundled(caltech_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The made-up network in the place of the bundled one, and no package of weights."""
    monkeypatch.setattr(caltech101, "WEIGHTS", caltech_file)
    monkeypatch.setattr(efficientnet_lite0, "_packaged_weights", lambda: None)


def test_reading_the_registry_imports_neither_torch_nor_numpy() -> None:
    program = (
        "import sys, igcli.models.zoo, igcli.models.sources as s; list(s.MODELS); list(s.SOURCES); "
        "print({'torch', 'torchvision', 'numpy'} & set(sys.modules))"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_every_model_has_a_one_line_summary() -> None:
    assert {"auto", "googlenet", "caltech101"} <= set(MODELS)
    assert all(entry.summary and "\n" not in entry.summary for entry in MODELS.entries())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("auto", NameKind.REGISTERED),
        ("timm:org/net", NameKind.SOURCE),
        ("timm:org/net.pt", NameKind.SOURCE),
        ("timm:net.toml", NameKind.SOURCE),
        ("timm:net.py:build", NameKind.SOURCE),
        ("mine.toml", NameKind.MODEL_FILE),
        ("net.pt", NameKind.PROGRAM),
        (r"C:\nets\net.pt2", NameKind.PROGRAM),
        ("net.py:build", NameKind.CODE),
        ("timm.models:resnet18", NameKind.CODE),
        ("timm", NameKind.OTHER),
        ("resnet18@IMAGENET1K_V1", NameKind.OTHER),
    ],
)
def test_a_prefix_precedes_the_ending_of_a_file(name: str, kind: NameKind) -> None:
    assert kind_of_name(name) is kind


def test_what_is_no_source_cannot_be_registered_as_one() -> None:
    with pytest.raises(TypeError, match="ModelSource"):
        SOURCES("strange", summary="a function")(lambda name, options: None)  # type: ignore[arg-type]
    assert "strange" not in SOURCES


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> None:
    """The prefix ``two:``, whose networks return their input's mean and the length of the name."""

    def load(name: str, options: LoadOptions) -> Classifier:
        class Net(torch.nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                mean = x.mean((1, 2, 3))
                return torch.stack([mean, torch.full_like(mean, len(name))], dim=1)

        return Classifier(Net(), ["mean", "length"])

    monkeypatch.setattr(SOURCES, "_entries", dict(SOURCES._entries))
    SOURCES("two", summary="two classes")(ModelSource(load, fetching=("url",)))


@pytest.mark.usefixtures("source")
def test_a_source_loads_what_follows_its_prefix_whatever_the_ending() -> None:
    model = load_model("two:org/net.pt", device="cpu", size=8)
    assert model.provenance.name == "two:org/net.pt"
    assert model(torch.ones(1, 3, 8, 8)).tolist() == [[1, len("org/net.pt")]]


@pytest.mark.usefixtures("source")
def test_a_model_file_may_name_a_source_only_as_far_as_the_source_allows(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('model = "two:net.pt"\n[input]\nsize = 8\n')
    with pytest.raises(UsageError, match="names code"):
        load_model(str(file), device="cpu")
    assert load_model(str(file), device="cpu", trust_model_file=True).provenance.name == "two:net.pt"
    load = SOURCES["two"].load
    SOURCES._entries.pop("two")
    SOURCES("two", summary="two classes")(ModelSource(load, data_only=True, fetching=("url",)))
    assert load_model(str(file), device="cpu").provenance.name == "two:net.pt"
    file.write_text('model = "two:net.pt"\n[arguments]\nurl = "http://127.0.0.1:9/"\n')
    with pytest.raises(UsageError, match=r"sets url, .* begin with timm:, hf:, two:, and"):
        load_model(str(file), device="cpu")


def test_a_file_that_is_called_like_a_model_is_not_the_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caltech_file: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "caltech101").write_text("my notes")
    model = load_model("caltech101", sha256=sha256_of(caltech_file), device="cpu")
    assert model.provenance.name == "caltech101"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'googlenet'"):
        load_model("googlnet")


def test_auto_takes_cached_imagenet_weights_without_a_word(
    imagenet_file: Path, checkpoints: Path, imagenet_at: Callable[[Source], None]
) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / "cached.pth").symlink_to(imagenet_file)
    imagenet_at(Source("http://127.0.0.1:9/cached.pth", "cached.pth", sha256_of(imagenet_file)[:8]))
    said: list[str] = []
    model = load_model(warn=said.append, offline=True)
    assert (model.provenance.name, model.provenance.sha256) == ("googlenet", sha256_of(imagenet_file))
    assert said == []


def test_auto_fetches_imagenet_weights_once(
    imagenet_file: Path, checkpoints: Path, server: Server, imagenet_at: Callable[[Source], None]
) -> None:
    url = server.serves("/imagenet.pth", imagenet_file.read_bytes())
    imagenet_at(Source(url, "imagenet.pth", sha256_of(imagenet_file)[:8]))
    assert [load_model().provenance.name for _ in range(2)] == ["googlenet", "googlenet"]
    assert server.asked == ["/imagenet.pth"]
    assert [file.name for file in checkpoints.iterdir()] == ["imagenet.pth"]


def test_auto_falls_back_on_the_bundled_network_with_one_warning(
    server: Server, imagenet_at: Callable[[Source], None]
) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    said: list[str] = []
    model = load_model("auto", warn=said.append)
    assert model.provenance.name == "caltech101"
    assert len(said) == 1
    assert "404" in said[0]
    assert "bundled network" in said[0]
    assert "--model googlenet" in said[0]


def test_auto_does_not_ask_again_within_the_hour(
    server: Server, checkpoints: Path, imagenet_at: Callable[[Source], None]
) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    said: list[str] = []
    for _ in range(2):
        load_model("auto", warn=said.append)
    assert server.asked == ["/nothing.pth"]
    assert "last hour" in said[1]
    os.utime(checkpoints / "nothing.pth.unreachable", (time.time() - 3700,) * 2)
    load_model("auto", warn=said.append)
    assert server.asked == ["/nothing.pth"] * 2


def test_googlenet_asks_whatever_auto_remembers(server: Server, imagenet_at: Callable[[Source], None]) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    load_model("auto", warn=lambda _: None)
    with pytest.raises(NetworkUnavailable):
        load_model("googlenet")
    assert server.asked == ["/nothing.pth"] * 2


def test_auto_takes_the_packaged_imagenet_network_before_the_bundled_one(
    server: Server, imagenet_at: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "packaged.pth"
    torch.save(EfficientNetLite0().state_dict(), file)
    monkeypatch.setattr(efficientnet_lite0, "_packaged_weights", lambda: file)
    monkeypatch.setattr(efficientnet_lite0, "SHA256", sha256_of(file))
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    said: list[str] = []
    model = load_model("auto", warn=said.append)
    assert (model.provenance.name, len(model.labels)) == ("efficientnet_lite0", 1000)
    assert len(said) == 1
    assert said[0].startswith("Using efficientnet_lite0")


def test_auto_warns_through_python_when_nothing_else_is_asked(
    server: Server, imagenet_at: Callable[[Source], None]
) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    with pytest.warns(UserWarning, match="bundled network") as said:
        load_model()
    assert len(said) == 1


def test_auto_does_not_wait_for_a_silent_server(
    server: Server, imagenet_at: Callable[[Source], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    real, waits = auto.load_googlenet, []

    def load_googlenet(options: LoadOptions) -> Classifier:
        waits.append(options.timeout)
        return real(replace(options, timeout=0.2))

    monkeypatch.setattr(auto, "load_googlenet", load_googlenet)
    imagenet_at(Source(server.hangs("/silent.pth"), "silent.pth", "00000000"))
    said: list[str] = []
    assert load_model(warn=said.append).provenance.name == "caltech101"
    assert waits == [QUICK]
    assert LoadOptions().timeout > QUICK
    assert "did not answer" in said[0]


def test_auto_offline_asks_nobody(server: Server, imagenet_at: Callable[[Source], None]) -> None:
    imagenet_at(Source(server.address + "/imagenet.pth", "imagenet.pth", "00000000"))
    said: list[str] = []
    assert load_model(offline=True, warn=said.append).provenance.name == "caltech101"
    assert server.asked == []
    assert "downloads are off" in said[0]


def test_auto_does_not_hide_damaged_weights(checkpoints: Path, imagenet_at: Callable[[Source], None]) -> None:
    checkpoints.mkdir(parents=True)
    (checkpoints / "cut.pth").write_bytes(b"half of it")
    imagenet_at(Source("http://127.0.0.1:9/cut.pth", "cut.pth", "00000000"))
    with pytest.raises(WeightsError, match="Delete the file"):
        load_model()


def test_auto_does_not_pass_over_the_users_own_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"absent\.pth"):
        load_model(weights=tmp_path / "absent.pth")


def test_googlenet_never_falls_back(server: Server, imagenet_at: Callable[[Source], None]) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    with pytest.raises(NetworkUnavailable, match="404"):
        load_model("googlenet")


def test_a_device_that_is_not_there_is_said_before_anything_is_fetched(
    server: Server, imagenet_at: Callable[[Source], None]
) -> None:
    imagenet_at(Source(server.address + "/nothing.pth", "nothing.pth", "00000000"))
    with pytest.raises(UsageError, match="tpu"):
        load_model("googlenet", device="tpu")
    assert server.asked == []


@pytest.mark.parametrize("name", ["googlenet", "caltech101"])
def test_a_loaded_model_is_ready_to_be_explained(name: str, imagenet_file: Path, caltech_file: Path) -> None:
    torch.manual_seed(0)
    before = torch.random.get_rng_state()
    model = load_model(name, weights={"googlenet": imagenet_file, "caltech101": caltech_file}[name], device="cpu")
    assert not any(module.training for module in model.network.modules())
    assert not any(parameter.requires_grad for parameter in model.network.parameters())
    assert (model.dtype, model.device) == (torch.float32, torch.device("cpu"))
    first: torch.Tensor = next(model.network.parameters())
    assert first.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_in_the_place_of_a_name_is_told_what_it_has_to_become() -> None:
    network = torch.nn.Linear(2, 2)
    with pytest.raises(UsageError, match=r"igcli\.Classifier\(network, labels"):
        load_model(network)
    with pytest.raises(UsageError, match=r"igcli\.Classifier\(network, labels"):
        igcli.attribute(network, None)
    assert igcli.Classifier(network, ["a", "b"], view=igcli.View(size=8)).input_size == 8


def test_weights_that_are_replaced_while_they_are_loaded_are_not_taken(tmp_path, monkeypatch):
    """The hash in the record would be of other bytes than those that were loaded."""
    (tmp_path / "net.py").write_text("from torch import nn\ndef make(): return nn.Sequential(nn.Conv2d(3, 5, 1))\n")
    weights = tmp_path / "w.pth"
    torch.save(torch.nn.Sequential(torch.nn.Conv2d(3, 5, 1)).state_dict(), weights)
    read = from_code.read_state_dict

    def read_and_replace(path, **how):
        state = read(path, **how)
        weights.write_bytes(b"of another training")
        return state

    monkeypatch.setattr(from_code, "read_state_dict", read_and_replace)
    with pytest.raises(WeightsError, match="has changed while it was loaded"):
        load_model(f"{tmp_path / 'net.py'}:make", weights=weights, size=8)
