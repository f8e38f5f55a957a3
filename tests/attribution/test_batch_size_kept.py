import json
from copy import copy
from dataclasses import replace

import pytest
import torch
from toys import classifier, small_network

from igcli.attribution import batch_size
from igcli.attribution.batch_size import FILENAME, MOST, MOST_ENTRIES, keep_batch_size, measured_batch_size
from igcli.images.options import View
from igcli.models.model import Provenance


@pytest.fixture
def model(checkpoints):
    made = classifier(small_network(), classes=5)
    made.provenance = Provenance("small", "small.pt", "ab" * 32)
    return made


def test_what_was_kept_is_found_again(model, checkpoints):
    assert measured_batch_size(model) is None
    keep_batch_size(model, 24)
    assert measured_batch_size(model) == 24
    keep_batch_size(model, 8)
    assert measured_batch_size(model) == 8
    assert [path.name for path in checkpoints.iterdir()] == [FILENAME]


def other_weights(model, monkeypatch):
    model.provenance = replace(model.provenance, sha256="cd" * 32)


def other_size(model, monkeypatch):
    model.view = View(size=24, resize=24)


def other_precision(model, monkeypatch):
    model.network.double()


def other_products(model, monkeypatch):
    monkeypatch.setattr(torch, "get_float32_matmul_precision", lambda: "medium")


def other_threads(model, monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 77)


def other_processor(model, monkeypatch):
    monkeypatch.setattr(batch_size, "_processor", lambda: "abacus")


def other_torch(model, monkeypatch):
    monkeypatch.setattr(torch, "__version__", "9.9")


@pytest.mark.parametrize(
    "change",
    [other_weights, other_size, other_precision, other_products, other_threads, other_processor, other_torch],
)
def test_it_holds_for_what_it_was_measured_on_alone(model, monkeypatch, change):
    keep_batch_size(model, 24)
    other = copy(model)
    change(other, monkeypatch)
    assert measured_batch_size(other) is None


def test_a_network_whose_weights_have_no_name_is_not_remembered(model, checkpoints):
    model.provenance = Provenance("small")
    keep_batch_size(model, 24)
    assert measured_batch_size(model) is None
    assert not checkpoints.exists()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[1, 2]", b"7", b"\xff\xfe\x00", b"[" * 100_000, b" " * (1 << 20) + b"{}", b'{"a": {"b": 1}}'],
)
def test_a_damaged_file_is_as_none(model, checkpoints, content):
    checkpoints.mkdir(parents=True)
    (checkpoints / FILENAME).write_bytes(content)
    assert measured_batch_size(model) is None
    keep_batch_size(model, 24)
    assert measured_batch_size(model) == 24


@pytest.mark.parametrize("size", [0, -3, MOST + 1, 10**400, 1.5, True, "16", None, [16]])
def test_a_number_that_cannot_be_is_as_none(model, checkpoints, size):
    keep_batch_size(model, 24)
    file = checkpoints / FILENAME
    (key,) = json.loads(file.read_text())
    file.write_text(json.dumps({key: size}))
    assert measured_batch_size(model) is None


def test_a_file_of_any_length_is_read_to_a_limit_only(model, checkpoints):
    keep_batch_size(model, 24)
    file = checkpoints / FILENAME
    file.write_text(" " * (1 << 20) + file.read_text())
    assert measured_batch_size(model) is None


def test_the_file_is_written_whole_or_not_at_all(model, checkpoints, monkeypatch):
    keep_batch_size(model, 24)

    def half(path, content, **_):
        path.write_bytes(content.encode()[: len(content) // 2])
        raise OSError("no space left on device")

    monkeypatch.setattr(batch_size.Path, "write_text", half)
    keep_batch_size(model, 8)
    assert measured_batch_size(model) == 24
    assert [path.name for path in checkpoints.iterdir()] == [FILENAME]


def test_a_folder_that_cannot_be_written_to_is_no_error(model, checkpoints):
    checkpoints.parent.mkdir(parents=True)
    checkpoints.write_text("a file is in the way")
    keep_batch_size(model, 24)
    assert measured_batch_size(model) is None


def test_the_file_does_not_grow_without_end(model, checkpoints):
    checkpoints.mkdir(parents=True)
    (checkpoints / FILENAME).write_text(json.dumps({f"machine {i}": 8 for i in range(MOST_ENTRIES)}))
    keep_batch_size(model, 24)
    kept = json.loads((checkpoints / FILENAME).read_text())
    assert len(kept) == MOST_ENTRIES
    assert "machine 0" not in kept
    assert measured_batch_size(model) == 24
