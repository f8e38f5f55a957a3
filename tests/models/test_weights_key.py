"""``--weights-key``: one of several networks in a file of weights."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from safetensors.torch import save_file
from torch import Tensor, nn

import igcli
from igcli.cli.main import ig
from igcli.errors import UsageError, WeightsError

CODE = """
from torch import nn

def build():
    return nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(12, 3))
"""


def state(seed: int) -> dict[str, Tensor]:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Identity(), nn.Identity(), nn.Linear(12, 3)).state_dict()


def under(name: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {f"{name}.{key}": value for key, value in tensors.items()}


STUDENT, TEACHER = state(1), state(2)
#: As DINO, timm and Lightning save them, and as safetensors hold them.
FILES = {
    "nested.pth": {"student": STUDENT, "teacher": TEACHER, "epoch": 3},
    "wrapped.pth": {"student": STUDENT, "teacher": under("module", TEACHER)},
    "flat.pth": {**under("student", STUDENT), **under("teacher", TEACHER)},
    "lightning.ckpt": {"state_dict": {**under("student", STUDENT), **under("teacher", TEACHER)}},
    "flat.safetensors": {**under("student", STUDENT), **under("teacher", TEACHER)},
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "net.py").write_text(CODE)
    for name, content in FILES.items():
        (save_file if name.endswith("safetensors") else torch.save)(content, tmp_path / name)
    torch.save({"state_dict": STUDENT, "state_dict_ema": TEACHER}, tmp_path / "timm.pth")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def loaded(name: str, **how: object) -> dict[str, Tensor]:
    return igcli.load_model("net.py:build", weights=name, device="cpu", size=16, **how).network.state_dict()


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(("key", "expected"), [("student", STUDENT), ("teacher", TEACHER)], ids=["student", "teacher"])
def test_the_network_of_that_name_is_loaded(name: str, key: str, expected: dict[str, Tensor]) -> None:
    found = loaded(name, weights_key=key)
    assert all(torch.equal(found[each], value) for each, value in expected.items())


@pytest.mark.parametrize(
    "content",
    [
        {"student": STUDENT, "teacher": TEACHER},
        {"student": STUDENT, "teacher": under("module", TEACHER)},
        {**under("left", STUDENT), **under("right", TEACHER)},
    ],
    ids=["nested", "wrapped", "flat"],
)
def test_without_it_the_message_names_the_option(content: dict[str, object], folder: Path) -> None:
    torch.save(content, folder / "two.pth")
    with pytest.raises(WeightsError, match=r"several networks.*--weights-key"):
        loaded("two.pth")


def test_the_moving_average_can_be_preferred_to_the_trained_network() -> None:
    with pytest.warns(UserWarning, match="ignored as no part of the network: state_dict_ema"):
        assert torch.equal(loaded("timm.pth")["2.weight"], STUDENT["2.weight"])
    assert torch.equal(loaded("timm.pth", weights_key="state_dict_ema")["2.weight"], TEACHER["2.weight"])


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(WeightsError, match="no weights under 'ema'; there are: student, teacher"):
        loaded("flat.pth", weights_key="ema")
    with pytest.raises(UsageError, match="give that, too"):
        igcli.load_model("net.py:build", weights_key="ema")


def test_another_network_of_the_same_file_is_another_run_and_a_model_file_holds_which(samples: Path) -> None:
    own = ["--model", "net.py:build", "--weights", "flat.pth", "--input-size", "16", "--device", "cpu"]
    explain = ["explain", str(samples / "coffee.jpg"), str(samples / "chelsea.jpg"), "--steps", "2", "-o", "maps"]
    run = CliRunner()
    assert run.invoke(ig, [*explain, *own, "--weights-key", "student"]).exit_code == 0
    other = run.invoke(ig, [*explain, *own, "--weights-key", "teacher"])
    assert other.exit_code == 2
    assert "flat.pth (student) there, flat.pth (teacher) now" in other.stderr
    described = run.invoke(ig, ["models", "describe", "net.py:build", *own[2:], "--weights-key", "teacher"])
    assert 'weights_key = "teacher"' in described.stdout
    Path("mine.toml").write_text(described.stdout)
    model = igcli.load_model("mine.toml", device="cpu", trust_model_file=True)
    assert torch.equal(model.network.state_dict()["2.weight"], TEACHER["2.weight"])
    with pytest.warns(UserWarning, match="ignored"):  # the key belongs to the model file's weights
        other = igcli.load_model("mine.toml", device="cpu", trust_model_file=True, weights="timm.pth")
    assert torch.equal(other.network.state_dict()["2.weight"], STUDENT["2.weight"])
