import pytest
import torch
from torch import nn
from toys import classifier, small_network

from igcli.attribution import batch_size
from igcli.attribution.batch_size import (
    CPU_SIZE,
    LIMIT,
    LONG,
    SIZES,
    batch_size_for,
    calibrate,
    keep_batch_size,
    measured_batch_size,
)
from igcli.attribution.budget import Budget
from igcli.models.model import Provenance


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
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
