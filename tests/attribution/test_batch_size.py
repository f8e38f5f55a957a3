import json
from copy import copy
from dataclasses import replace

import pytest
import torch
from torch import nn
from toys import classifier, small_network

from igcli.attribution import batch_size
from igcli.attribution.batch_size import (
    CPU_SIZE,
    FILENAME,
    LIMIT,
    LONG,
    MOST,
    MOST_ENTRIES,
    SIZES,
    batch_size_for,
    calibrate,
    keep_batch_size,
    measured_batch_size,
)
from igcli.attribution.budget import Budget
from igcli.images.options import View
from igcli.models.model import Provenance


@pytest.fixture
def model(checkpoints):
    made = classifier(small_network(), classes=5)
    made.provenance = Provenance("small", "small.pt", "ab" * 32)
    return made


@pytest.fixture
def clock(monkeypatch):
    """A machine whose gradients take the seconds that a table says; a size that is not in it fails."""

    class Clock:
        now, table, tried = 0.0, dict[int, float](), list[int]()

        def seconds(self, model, size):
            self.tried.append(size)
            if size not in self.table:
                return None
            self.now += size * self.table[size]
            return self.table[size]

    own = Clock()
    own.tried = []
    monkeypatch.setattr(batch_size, "_seconds", own.seconds)
    monkeypatch.setattr(batch_size.time, "perf_counter", lambda: own.now)
    return own


@pytest.mark.parametrize(
    ("table", "best"),
    [
        ({6: 5, 12: 4, 24: 3, 48: 3}, 24),
        ({6: 5, 12: 4, 24: 3.5, 48: 3}, 48),
        ({6: 3.05, 12: 3.2, 24: 3, 48: 3.1}, 6),
        ({6: 3.2, 12: 3.05, 24: 3, 48: 2.97}, 12),
    ],
)
def test_the_smallest_of_the_sizes_that_are_close_to_the_best_is_taken_and_remembered(model, clock, table, best):
    clock.table = {1: 6e-3} | {size: each * 1e-3 for size, each in table.items()}
    assert calibrate(model) == best
    assert measured_batch_size(model) == best
    assert set(clock.tried) == {1, *SIZES["cpu"]}


def test_memory_that_runs_out_ends_the_search(model, clock):
    clock.table = {1: 6e-3, 6: 5e-3, 12: 4e-3, 24: 3e-3}
    assert calibrate(model) == 24
    clock.table = {1: 6e-3, 6: 5e-3}
    assert calibrate(model) == CPU_SIZE
    assert measured_batch_size(model) == 24  # as before: what suits best was not seen


def test_nothing_is_begun_that_would_take_longer_than_the_limit(model, clock):
    each = LIMIT["cpu"] / 100
    clock.table = dict.fromkeys((1, *SIZES["cpu"]), each)
    calibrate(model)
    assert clock.now <= LIMIT["cpu"]
    assert max(clock.tried) == 24
    clock.now, clock.tried = 0.0, []
    clock.table = dict.fromkeys((1, *SIZES["cpu"]), 10.0)
    assert calibrate(model) == CPU_SIZE
    assert clock.tried == [1]


def test_only_a_long_run_is_worth_measuring(model, clock):
    clock.table = {1: 6e-3, 6: 5e-3, 12: 4e-3, 24: 3e-3, 48: 3e-3}
    assert batch_size_for(model, gradients=LONG["cpu"] - 1) is None
    assert clock.tried == []
    assert batch_size_for(model, gradients=LONG["cpu"]) == 24
    tried = len(clock.tried)
    assert batch_size_for(model, gradients=1) == 24
    assert batch_size_for(model, gradients=LONG["cpu"]) == 24
    assert len(clock.tried) == tried


def test_a_budget_takes_what_was_asked_for_then_what_was_measured_then_the_default(model):
    assert Budget.of(model).size == CPU_SIZE
    keep_batch_size(model, 17)
    assert Budget.of(model).size == 17
    assert Budget.of(model, 3).size == 3


class Own(nn.Sequential):
    """Made of modules that are not known, and so measured as it is."""


@pytest.mark.parametrize("kind", [nn.Sequential, Own])
def test_measuring_leaves_no_traces(model, monkeypatch, kind):
    monkeypatch.setitem(LIMIT, "cpu", 600.0)
    model.network = kind(*small_network())
    model.network.train()
    torch.manual_seed(0)
    before = torch.rand(3)
    torch.manual_seed(0)
    statistics = model.network[1].running_mean.clone()
    with torch.inference_mode():
        assert calibrate(model) in SIZES["cpu"]
    assert measured_batch_size(model) in SIZES["cpu"]
    assert torch.equal(torch.rand(3), before)
    assert model.network.training
    assert torch.equal(model.network[1].running_mean, statistics)
    assert all(parameter.grad is None and parameter.requires_grad for parameter in model.network.parameters())


class Hungry(nn.Module):
    """Runs out of memory above so many pictures."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most, self.network = most, small_network()

    def forward(self, x):
        if len(x) > self.most:
            raise RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory")
        return self.network(x)


@pytest.mark.parametrize(("most", "sizes"), [(30, {6, 12, 24}), (3, {CPU_SIZE})])
def test_running_out_of_memory_is_survived(model, monkeypatch, most, sizes):
    monkeypatch.setitem(LIMIT, "cpu", 600.0)
    model.network = Hungry(most)
    assert calibrate(model) in sizes


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
    monkeypatch.setattr(batch_size, "processor_name", lambda: "abacus")


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


def test_forward_passes_have_a_size_of_their_own(model, clock, monkeypatch):
    clock.table = {1: 6e-3, 6: 5e-3, 12: 4e-3, 24: 3e-3, 48: 3e-3}
    assert calibrate(model) == 24
    monkeypatch.setattr(batch_size, "_seconds_of_passes", clock.seconds)
    clock.table = {1: 3e-3, 4: 1e-3, 8: 1.01e-3, 16: 2e-3, 24: 3e-3}
    assert batch_size_for(model, gradients=LONG["cpu"] - 1, forward_only=True) is None
    assert batch_size_for(model, gradients=LONG["cpu"], forward_only=True) == 4
    assert measured_batch_size(model) == 24
    assert measured_batch_size(model, forward_only=True) == 4
    assert (Budget.of(model).size, Budget.of_passes(model).size, Budget.of_passes(model, 3).size) == (24, 4, 3)


def test_what_is_measured_of_forward_passes_takes_no_gradient(model):
    seen = []
    model.network.register_forward_pre_hook(lambda _, __: seen.append(torch.is_grad_enabled()))
    calibrate(model, forward_only=True)
    assert seen
    assert not any(seen)
