"""The reader of .safetensors, on files written byte by byte after the published format."""

from __future__ import annotations

import contextlib
import json
import struct
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from igcli.errors import WeightsError
from igcli.models.safetensors import read_safetensors
from igcli.models.weights import read_state_dict

HEADER = {
    "__metadata__": {"format": "pt"},
    "weight": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]},
    "count": {"dtype": "I64", "shape": [], "data_offsets": [24, 32]},
    "half": {"dtype": "F16", "shape": [2], "data_offsets": [32, 36]},
    "brain": {"dtype": "BF16", "shape": [1], "data_offsets": [36, 38]},
    "none": {"dtype": "F32", "shape": [0, 3], "data_offsets": [38, 38]},
}
DATA = struct.pack("<6f", *range(6)) + struct.pack("<q", 7) + struct.pack("<2e", 0.5, -2) + b"\x80\x3f"


def written(path: Path, header: object, data: bytes = DATA, *, pad: int = 0) -> Path:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text += b" " * pad
    path.write_bytes(len(text).to_bytes(8, "little") + text + data)
    return path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "weights.safetensors"


@pytest.mark.parametrize("name", ["weights.safetensors", "weights.pth"])
def test_values_types_and_shapes_are_those_of_the_bytes_whatever_the_file_is_called(name: str, tmp_path: Path) -> None:
    state = read_state_dict(written(tmp_path / name, HEADER))
    assert state["weight"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert state["count"].item() == 7
    assert state["half"].dtype == torch.float16
    assert state["half"].tolist() == [0.5, -2]
    assert state["brain"].tolist() == [1.0]
    assert state["none"].shape == (0, 3)


@pytest.mark.parametrize("pad", [0, 1, 15392 - len(json.dumps(HEADER))])  # 15392 begins with " <", as a page might
def test_a_header_of_any_length_is_no_web_page(pad: int, path: Path) -> None:
    assert set(read_state_dict(written(path, HEADER, pad=pad))) == set(HEADER) - {"__metadata__"}


def test_without_the_package_a_sentence_says_how_to_install_it(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "safetensors.torch", None)
    with pytest.raises(WeightsError, match="pip install safetensors"):
        read_state_dict(written(path, HEADER))


def one(**change: object) -> dict[str, object]:
    return {"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]} | change}


@pytest.mark.parametrize(
    ("header", "data"),
    [
        (HEADER, DATA[:-1]),
        (HEADER, DATA + b"!"),
        (b'{"a": ', b""),
        (b"[]", b""),
        (b'{"a": 1, "a": 2}', b""),
        (b"\xff\xfe", b""),
        (b"[" * 100_000, b""),
        ({"a": 3}, b""),
        (one(dtype="F31"), bytes(8)),
        (one(dtype=["F32"]), bytes(8)),
        (one(shape=[-2]), bytes(8)),
        (one(shape=[2.0]), bytes(8)),
        (one(shape=[True, 2]), bytes(8)),
        (one(data_offsets=[0, 8, 8]), bytes(8)),
        (one(data_offsets=[8, 0]), bytes(8)),
        (one(data_offsets=[0, 12]), bytes(12)),
        (one(data_offsets=[4, 12]), bytes(12)),
        (one() | {"b": {"dtype": "F32", "shape": [2], "data_offsets": [4, 12]}}, bytes(12)),
    ],
)
def test_a_file_that_is_not_whole_is_refused(header: object, data: bytes, path: Path) -> None:
    with pytest.raises(WeightsError, match=r"is not a whole \.safetensors file") as caught:
        read_safetensors(written(path, header, data))
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("shape", [[1] * 5000, [2**62, 2**62], [0, 2**62, 2**62], [2**62, 0], [0, 2**60]])
def test_a_shape_that_no_tensor_can_have_is_refused(shape: list[int], path: Path) -> None:
    size = 4 if set(shape) == {1} else 0
    with pytest.raises(WeightsError, match="a shape that no tensor can have"):
        read_state_dict(written(path, one(shape=shape, data_offsets=[0, size]), bytes(size)))


def test_a_header_of_very_many_tensors_is_refused(path: Path) -> None:
    empty = {"dtype": "F32", "shape": [0], "data_offsets": [0, 0]}
    with pytest.raises(WeightsError, match="250,000 tensors, more than the 200,000"):
        read_state_dict(written(path, dict.fromkeys(map(str, range(250_000)), empty), b""))
    with pytest.raises(WeightsError, match="header of 40,000,000 bytes"):
        read_state_dict(written(path, b"{" + b" " * 39_999_999, b""))


@pytest.mark.parametrize("content", [b"\x01", b"\xff" * 8, (2**40).to_bytes(8, "little") + b"{}", bytes(8)])
def test_a_length_that_cannot_be_is_refused_before_anything_is_read(content: bytes, path: Path) -> None:
    path.write_bytes(content)
    with pytest.raises(WeightsError, match="header"):
        read_safetensors(path)


def test_a_file_far_larger_than_its_header_says_is_not_read_into_memory(path: Path) -> None:
    with written(path, HEADER).open("r+b") as file:
        file.truncate(1 << 43)  # a hole, which takes no room
    with pytest.raises(WeightsError, match="should have"):
        read_safetensors(path)


def test_a_web_page_and_an_empty_file_are_called_what_they_are(path: Path) -> None:
    path.write_bytes(b"<!DOCTYPE html><html>")
    with pytest.raises(WeightsError, match="web page"):
        read_state_dict(path)
    path.write_bytes(b"")
    with pytest.raises(WeightsError, match="empty"):
        read_state_dict(path)


@given(st.binary(max_size=200), st.integers(0, 300))
def test_no_damage_leads_to_anything_but_a_sentence_or_tensors(tmp_path_factory, noise: bytes, place: int) -> None:
    path = written(tmp_path_factory.getbasetemp() / "noise.safetensors", HEADER)
    whole = path.read_bytes()
    path.write_bytes(whole[:place] + noise + whole[place + len(noise) :])
    with contextlib.suppress(WeightsError):
        assert all(isinstance(value, torch.Tensor) for value in read_safetensors(path).values())
