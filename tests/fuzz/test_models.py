"""Property: weights, labels and model files are read or refused, run nothing and reach nothing."""

from __future__ import annotations

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path

import pytest
import torch
from fuzz.watching import FUZZ, damaged, read_in
from hypothesis import given
from hypothesis import strategies as st

from igcli.models.label_files import read_labels
from igcli.models.model_file import read_model_file
from igcli.models.safetensors import shapes_in
from igcli.models.weights import read_state_dict

STATE = {"weight": torch.arange(12.0).reshape(3, 4), "bias": torch.zeros(3), "n": torch.tensor(2)}


class _Harm:
    """Would make a folder if it were unpickled."""

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, ("canary",)


def _saved(content: object, *, archive: bool = True) -> bytes:
    file = io.BytesIO()
    torch.save(content, file, _use_new_zipfile_serialization=archive)
    return file.getvalue()


def _harmful_archive() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", pickle.dumps({"weight": _Harm()}, 2))
        archive.writestr("archive/version", "3\n")
    return file.getvalue()


def _safetensors() -> bytes:
    head = json.dumps({
        "__metadata__": {"format": "pt"},
        "weight": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "bias": {"dtype": "BF16", "shape": [2], "data_offsets": [16, 20]},
    }).encode()  # fmt: skip
    return struct.pack("<Q", len(head)) + head + bytes(20)


WEIGHTS = {
    "x.safetensors": [_safetensors()],
    "zip.pth": [_saved(STATE), _saved({"epoch": 3, "state_dict": STATE, "args": [1, "x"]}), _harmful_archive()],
    "pickle.pth": [_saved(STATE, archive=False), pickle.dumps(STATE["bias"].numpy()), pickle.dumps(_Harm())],
}


@pytest.mark.parametrize("name", WEIGHTS)
def test_damaged_weights_are_read_or_refused(tmp_path: Path, name: str) -> None:
    def read(path: Path) -> None:
        assert all(isinstance(each, torch.Tensor) for each in read_state_dict(path).values())

    @FUZZ
    @given(data=damaged(WEIGHTS[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, read)

    check()


@FUZZ
@given(
    head=st.recursive(
        st.none()
        | st.booleans()
        | st.integers(-(2**70), 2**70)
        | st.sampled_from(["F32", "F64", "I64", "U8", "BOOL", ""]),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "w"]), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_any_head_of_safetensors_is_read_or_refused(tmp_path: Path, head: object) -> None:
    packed = json.dumps({"w": head} if not isinstance(head, dict) else head).encode()
    data = struct.pack("<Q", len(packed)) + packed + bytes(64)
    read_in(tmp_path, "x.safetensors", data, read_state_dict)
    read_in(tmp_path, "x.safetensors", data, shapes_in)


LABELS = {
    "x.txt": [b"tench\ngoldfish\nshark\n", b"0: cat\n1: dog\n", b"n01440764 tench\nn01443537 goldfish\n"],
    "x.json": [
        b'["cat", "dog"]',
        b'{"0": ["n01440764", "tench"], "1": ["n01443537", "goldfish"]}',
        b'{"id2label": {"0": "cat", "1": "dog"}}',
        b"{0: 'cat', 1: 'dog'}",
        b'{"cat": 0, "dog": 1}',
    ],
    "x.csv": [b"index,name\n0,cat\n1,dog\n", b'"cat"\n"a ""dog"""\n'],
    "x.tsv": [b"0\tcat\n1\tdog\n"],
}


@pytest.mark.parametrize("name", LABELS)
def test_damaged_labels_are_read_or_refused(tmp_path: Path, name: str) -> None:
    def read(path: Path) -> None:
        labels = read_labels(path)
        assert labels
        assert all(isinstance(each, str) for each in labels)

    @FUZZ
    @given(data=damaged(LABELS[name]))
    def check(data: bytes) -> None:
        read_in(tmp_path, name, data, read)

    check()


MODEL_FILES = [
    b'model = "resnet18"\nweights = "best.pth"\nlabels = ["cat", "dog"]\n[arguments]\nwidth = 2\n'
    b"[input]\nsize = [32, 24]\nmean = [0.5]\nstd = [0.2, 0.2, 0.2]\n",
    b'model = "net.py:build"\noutputs = "logits"\n[input]\nsize = 224\nvalue_range = [0, 255]\n',
    b'model = "hf:../../somewhere"\nsha256 = "ab"\noutput_index = -1\n[input]\nchannels = 99999999999999999999\n',
]


@FUZZ
@given(data=damaged(MODEL_FILES))
def test_a_damaged_model_file_is_read_or_refused(tmp_path: Path, data: bytes) -> None:
    read_in(tmp_path, "x.toml", data, read_model_file)


def test_the_undamaged_ones_are_read(tmp_path: Path) -> None:
    for name, packed in {**WEIGHTS, **LABELS, "x.toml": MODEL_FILES}.items():
        path = tmp_path / name
        path.write_bytes(packed[0])
        read = read_model_file if name == "x.toml" else read_labels if name in LABELS else read_state_dict
        assert read(path)
