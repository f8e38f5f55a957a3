from __future__ import annotations

import argparse
import hashlib
import io
import os
import pickle
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torchvision.models import mnasnet0_5

from igcli.errors import WeightsError
from igcli.models.weights import read_state_dict, sha256_of

STATE = {"layer.weight": torch.arange(300.0), "layer.bias": torch.zeros(2)}


class Malicious:
    """Unpickling it creates a file."""

    def __init__(self, marker: Path) -> None:
        self.marker = marker

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.marker),)


def saved(state: object, *, zipped: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer, _use_new_zipfile_serialization=zipped)
    return buffer.getvalue()


def refusal(path: Path) -> str:
    """What reading the file is refused with."""
    with pytest.raises(WeightsError) as caught:
        read_state_dict(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.pth"


def assert_read(path: Path, expected: dict[str, Tensor]) -> None:
    state = read_state_dict(path)
    assert list(state) == list(expected)
    assert all(torch.equal(state[key], value) and state[key].dtype == value.dtype for key, value in expected.items())


@pytest.mark.parametrize("zipped", [True, False])
def test_tensors_come_back_as_they_were_saved(path: Path, zipped: bool) -> None:
    path.write_bytes(saved(STATE | {"half": torch.ones(3).half(), "count": torch.tensor(7)}, zipped=zipped))
    assert_read(path, STATE | {"half": torch.ones(3).half(), "count": torch.tensor(7)})


@pytest.mark.parametrize("key", ["state_dict", "model", "model_state_dict"])
def test_checkpoints_of_training_scripts_are_unwrapped(path: Path, key: str) -> None:
    path.write_bytes(saved({"epoch": 3, key: STATE, "optimizer": {"lr": 0.1}}))
    assert_read(path, STATE)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.", "module._orig_mod."])
def test_prefixes_of_wrapped_networks_are_stripped(path: Path, prefix: str) -> None:
    path.write_bytes(saved({prefix + key: value for key, value in STATE.items()}))
    assert_read(path, STATE)


def test_a_prefix_that_only_some_keys_have_is_a_name(path: Path) -> None:
    path.write_bytes(saved(STATE | {"module.weight": torch.ones(1)}))
    assert_read(path, STATE | {"module.weight": torch.ones(1)})


def test_a_missing_file_is_named(path: Path) -> None:
    assert "There is no file" in refusal(path)


def test_a_folder_is_no_file(path: Path) -> None:
    path.mkdir()
    assert "is a folder" in refusal(path)


def test_an_empty_file_is_called_empty(path: Path) -> None:
    path.touch()
    assert "is empty" in refusal(path)


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\n\n  <html>", b"\xef\xbb\xbf<?xml version='1.0'?>"])
def test_a_web_page_is_called_a_web_page(path: Path, page: bytes) -> None:
    path.write_bytes(page)
    assert "is a web page" in refusal(path)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickled_code_is_refused_and_not_executed(path: Path, tmp_path: Path, protocol: int) -> None:
    path.write_bytes(pickle.dumps(Malicious(tmp_path / "marker"), protocol=protocol))
    assert "could run code" in refusal(path)
    assert not (tmp_path / "marker").exists()


@pytest.mark.parametrize("zipped", [True, False])
def test_code_hidden_in_a_state_dict_is_refused_and_not_executed(path: Path, tmp_path: Path, zipped: bool) -> None:
    path.write_bytes(saved(STATE | {"extra": Malicious(tmp_path / "marker")}, zipped=zipped))
    assert "could run code" in refusal(path)
    assert not (tmp_path / "marker").exists()


def test_a_whole_pickled_network_is_refused_with_the_remedy(path: Path) -> None:
    path.write_bytes(saved(nn.Linear(2, 2)))
    assert "state_dict()" in refusal(path)


def test_a_trusted_network_gives_its_tensors(path: Path) -> None:
    network = nn.Linear(2, 2)
    path.write_bytes(saved(network))
    state = read_state_dict(path, trust_pickle=True)
    assert torch.equal(state["weight"], network.weight)


def test_trust_is_named_as_the_other_way(path: Path) -> None:
    path.write_bytes(saved(nn.Linear(2, 2)))
    assert "--trust-pickle" in refusal(path)


def test_a_trusted_file_whose_code_is_not_here_says_which(path: Path) -> None:
    path.write_bytes(b"cno_such_package\nNet\n.")
    with pytest.raises(WeightsError, match="no_such_package"):
        read_state_dict(path, trust_pickle=True)


def test_the_arguments_that_training_scripts_leave_beside_the_weights_are_no_hindrance(path: Path) -> None:
    path.write_bytes(saved({"model": STATE, "args": argparse.Namespace(lr=0.1, output=None)}))
    assert_read(path, STATE)


@pytest.mark.parametrize("wrap", [nn.Identity, nn.DataParallel])
def test_the_versions_by_which_torch_understands_old_files_are_kept(
    path: Path, wrap: Callable[[nn.Module], nn.Module]
) -> None:
    network = mnasnet0_5(num_classes=2)
    path.write_bytes(saved(wrap(network).state_dict() if wrap is nn.DataParallel else network.state_dict()))
    mnasnet0_5(num_classes=2).load_state_dict(read_state_dict(path))  # refuses what does not say its version


def test_a_torchscript_archive_is_sent_to_the_other_option(path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(nn.Linear(2, 2)), str(path))
    assert "--model weights.pth" in refusal(path)


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0.05, 0.3, 0.5, 0.9, 0.999])
def test_a_cut_file_is_refused(path: Path, zipped: bool, share: float) -> None:
    whole = saved(STATE, zipped=zipped)
    path.write_bytes(whole[: int(share * len(whole))])
    assert "cut short" in refusal(path)


@pytest.mark.parametrize("content", [b"hello world", b"\x89PNG\r\n\x1a\n0000", bytes(1000), b"version https://git-lfs"])
def test_anything_else_is_not_a_file_of_weights(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is not a file of PyTorch weights" in refusal(path)


def test_another_zip_is_no_file_of_weights(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "photos")
    assert "no file of PyTorch weights" in refusal(path)


@pytest.mark.parametrize("content", [[torch.ones(2)], torch.ones(2), {}, 3])
def test_what_holds_no_named_tensors_is_refused(path: Path, content: object) -> None:
    path.write_bytes(saved(content))
    assert "holds no named tensors" in refusal(path)


def test_a_stray_entry_is_named(path: Path) -> None:
    path.write_bytes(saved(STATE | {"epoch": 3}))
    assert "'epoch' is of type int" in refusal(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_the_first_key_that_is_not_finite_is_named(path: Path, value: float) -> None:
    path.write_bytes(saved(STATE | {"broken": torch.tensor([1.0, value]), "later": torch.tensor(value)}))
    assert "broken has values that are not finite" in refusal(path)


def test_hash_is_the_standard_librarys(path: Path) -> None:
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_hashing_a_missing_file_is_a_users_error(path: Path) -> None:
    with pytest.raises(WeightsError, match="There is no file"):
        sha256_of(path)
