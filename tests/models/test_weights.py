from __future__ import annotations

import argparse
import hashlib
import io
import os
import pickle
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from igcli.errors import WeightsError
from igcli.models.weights import read_state_dict, sha256_of, unpickled

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


@pytest.mark.parametrize("zipped", [True, False])
def test_numbers_and_paths_that_training_scripts_leave_beside_the_weights_are_no_hindrance(
    path: Path, zipped: bool
) -> None:
    others = {"best": np.float64(0.9), "of each": np.array([0.5, 0.2]), "data": Path("train"), "byte": np.uint8(3)}
    path.write_bytes(saved({"model": STATE, **others}, zipped=zipped))
    assert_read(path, STATE)


@pytest.mark.parametrize("zipped", [True, False])
def test_nothing_of_numpy_is_made_from_a_file_of_weights(path: Path, zipped: bool) -> None:
    path.write_bytes(saved({"model": STATE, "best": np.array([0.5, 0.2]), "last": np.float32(3)}, zipped=zipped))
    content = unpickled(path, trust_pickle=False)
    assert not any(isinstance(content[name], (np.ndarray, np.generic)) for name in ("best", "last"))


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


@pytest.mark.parametrize(
    ("old", "new"), [(b"PK\1\2", b"PK\xff\xff"), (b"data.pkl", b"dat\x85.pkl"), (b"\x14\0", b"\xff\xff")]
)
def test_an_archive_whose_list_of_members_is_damaged_is_refused(path: Path, old: bytes, new: bytes) -> None:
    whole = saved(STATE, zipped=True)
    start = whole.index(b"PK\1\2")
    directory = bytearray(whole[start:].replace(old, new, 1))
    if old == b"data.pkl":
        directory[8:10] = b"\0\x08"  # names are UTF-8
    path.write_bytes(b"PK\3\xff" + whole[4:start] + directory)  # torch takes it for no archive, zipfile for one
    assert "Get the weights again" in refusal(path) or "not a file of PyTorch weights" in refusal(path)


@pytest.mark.parametrize("content", [b"hello world", b"\x89PNG\r\n\x1a\n0000", bytes(1000), b"version https://git-lfs"])
def test_anything_else_is_not_a_file_of_weights(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    assert "is not a file of PyTorch weights" in refusal(path)


def test_another_zip_is_no_file_of_weights(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "photos")
    assert "not a file of PyTorch weights" in refusal(path)


@pytest.mark.parametrize("content", [[torch.ones(2)], torch.ones(2), {}, 3])
def test_what_holds_no_named_tensors_is_refused(path: Path, content: object) -> None:
    path.write_bytes(saved(content))
    assert "holds no named tensors" in refusal(path)


def test_what_is_no_tensor_is_left_out_and_named(path: Path) -> None:
    path.write_bytes(saved(STATE | {"epoch": 3}))
    state = read_state_dict(path)
    assert (list(state), state.left_out) == (list(STATE), ("epoch",))


@pytest.mark.parametrize("key", ["model_ema", "ema", "net", "params", "my_classifier"])
def test_the_only_network_of_a_checkpoint_is_taken_whatever_it_is_called(path: Path, key: str) -> None:
    path.write_bytes(saved({"epoch": 3, key: STATE, "optimizer": {"state": {0: {"exp_avg": torch.ones(2)}}}}))
    assert_read(path, STATE)


def test_the_trained_network_goes_before_its_moving_average_which_is_named(path: Path) -> None:
    path.write_bytes(saved({"model_ema": {k: v + 1 for k, v in STATE.items()}, "model": STATE}))
    assert_read(path, STATE)
    assert read_state_dict(path).left_out == ("model_ema",)


def test_of_several_networks_none_is_guessed(path: Path) -> None:
    path.write_bytes(saved({"generator": STATE, "discriminator": STATE}))
    assert "several networks: generator, discriminator" in refusal(path)


def test_a_checkpoint_that_holds_itself_is_refused(path: Path) -> None:
    content: dict[str, object] = {}
    content["state_dict"] = content
    path.write_bytes(saved(content))
    assert "holds no named tensors" in refusal(path)


def pairs(levels: int, *, as_key: bool) -> bytes:
    """A pickle of a tuple with 2**levels ways to its innermost value, as a dictionary's key or in a list."""
    nested = b")q\x00" + b"".join(
        b"h" + bytes([n]) + b"h" + bytes([n]) + b"\x86q" + bytes([n + 1]) for n in range(levels)
    )
    return b"\x80\x02}" + nested + (b"K\x01s." if as_key else b".")


def zipped_pickle(path: Path, pickled: bytes, *, name: str = "archive/data.pkl") -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, pickled)
        archive.writestr("archive/version", "3")
    return path


@pytest.mark.parametrize("wrap", [Path.write_bytes, zipped_pickle])
def test_tuples_of_tuples_as_a_key_are_refused_before_they_are_hashed(
    path: Path, wrap: Callable[[Path, bytes], object]
) -> None:
    wrap(path, pairs(40, as_key=True))
    assert "more than 16,000,000 times over" in refusal(path)


def test_values_a_million_levels_deep_are_refused(path: Path) -> None:
    zipped_pickle(path, b"\x80\x02}" + b")" + b"\x85" * 1_000_000 + b"K\x01s.")
    assert "500 deep" in refusal(path)


def test_a_pickle_under_a_name_in_capitals_is_looked_at_too(path: Path) -> None:
    zipped_pickle(path, pairs(40, as_key=True), name="archive/DATA.PKL")
    assert "times over" in refusal(path)


def rewritten(path: Path, *, compression: int = zipfile.ZIP_STORED, extra: int = 0, twice: bool = False) -> Path:
    """The archive at ``path`` written again, with ``extra`` zeros in another file, or one file in it twice."""
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as archive:
        warnings.simplefilter("ignore")  # zipfile's own on the second file of one name
        for name, content in files.items():
            archive.writestr(name, content)
            if twice and name.endswith("data.pkl"):
                archive.writestr(name, content)
        if extra:
            archive.writestr("archive/data/9", bytes(extra))
    return path


def test_a_compressed_file_that_unpacks_to_more_than_the_network_needs_is_refused(path: Path) -> None:
    path.write_bytes(saved(STATE))
    rewritten(path, compression=zipfile.ZIP_DEFLATED, extra=3_000_000)
    assert path.stat().st_size < 10_000
    with pytest.raises(WeightsError, match=r"unpacks to 3,.* more than the 1,000,000"):
        read_state_dict(path, room=1_000_000)


def test_a_compressed_file_of_the_networks_size_is_read(path: Path) -> None:
    path.write_bytes(saved(STATE))
    assert_read(rewritten(path, compression=zipfile.ZIP_DEFLATED), STATE)


def test_large_numpy_arrays_in_place_of_tensors_are_refused_with_the_way_to_save_them(path: Path) -> None:
    torch.save({"weight": np.zeros((65 << 20,), np.uint8)}, path)
    assert "they may be NumPy arrays. Save tensors, made by torch.from_numpy(array)." in refusal(path)


def test_an_archive_with_two_files_of_one_name_is_refused(path: Path) -> None:
    path.write_bytes(saved(STATE))
    rewritten(path, twice=True)
    assert "two files of one name" in refusal(path)


def test_an_archive_that_claims_a_billion_files_is_refused(path: Path) -> None:
    content = bytearray(saved(STATE))
    record = content.rfind(b"PK\6\6")
    content[record + 32 : record + 40] = (10**9).to_bytes(8, "little")
    path.write_bytes(content)
    assert "1,000,000,000 files" in refusal(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names here")
def test_a_pipe_or_a_device_is_refused_and_not_waited_for(path: Path) -> None:
    os.mkfifo(path)
    for each in (path, Path("/dev/zero")):
        assert "pipe, a socket or a device" in refusal(each)
        with pytest.raises(WeightsError, match="pipe, a socket or a device"):
            sha256_of(each)


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (6 << 30, 6 << 30))
from pathlib import Path
from igcli.errors import WeightsError
from igcli.models.weights import read_state_dict
try:
    read_state_dict(Path(sys.argv[1]))
except WeightsError as refused:
    print("refused:", refused)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on memory here")
def test_with_little_memory_and_time_hostile_files_are_still_sentences(tmp_path: Path) -> None:
    torch.save({}, tmp_path / "bomb.pth")
    bomb = zipfile.ZipFile(tmp_path / "bomb.pth", "a", zipfile.ZIP_DEFLATED, compresslevel=1)
    with bomb, bomb.open("bomb/data/0", "w", force_zip64=True) as member:
        for _ in range(100):
            member.write(bytes(10 << 20))
    (tmp_path / "key.pth").write_bytes(pairs(40, as_key=True))
    for name in ("bomb.pth", "key.pth"):
        ran = subprocess.run(
            [sys.executable, "-c", LIMITED, str(tmp_path / name)],
            capture_output=True,
            text=True,
            timeout=300,
            check=True,
        )
        assert ran.stdout.startswith("refused:"), ran.stderr


def test_hash_is_the_standard_librarys(path: Path) -> None:
    content = bytes(range(256)) * 10_000
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()


def test_hashing_a_missing_file_is_a_users_error(path: Path) -> None:
    with pytest.raises(WeightsError, match="There is no file"):
        sha256_of(path)
