import gc
import math
import weakref

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from igcli.attribution.budget import Budget
from igcli.errors import OutOfMemory, UsageError
from igcli.models.devices import is_out_of_memory


def fails_above(limit: int, error: Exception):
    def work(start: int, stop: int) -> tuple[int, int]:
        if stop - start > limit:
            raise error
        return start, stop

    return work


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 9 GB)"),
        RuntimeError("[enforce fail at alloc_cpu.cpp] DefaultCPUAllocator: can't allocate memory"),
        MemoryError(),
    ],
)
def test_a_chunk_that_runs_out_of_memory_is_halved_and_redone_and_the_size_is_remembered(error):
    budget = Budget(16)
    spans = list(budget.chunks(21, fails_above(5, error)))
    assert spans == [(0, 5), (5, 9), (9, 13), (13, 17), (17, 21)]
    assert budget.size == 5


@given(count=st.integers(0, 300), size=st.integers(1, 64))
def test_chunks_are_as_few_as_the_size_allows_and_equally_large(count, size):
    spans = list(Budget(size).chunks(count, lambda start, stop: (start, stop)))
    lengths = [stop - start for start, stop in spans]
    assert [start for start, _ in spans] == [sum(lengths[:i]) for i in range(len(lengths))]
    assert sum(lengths) == count
    assert len(spans) == math.ceil(count / size)
    assert not lengths or (max(lengths) <= size and max(lengths) - min(lengths) <= 1)


def test_when_a_single_picture_does_not_fit_one_sentence_says_what_to_do():
    with pytest.raises(OutOfMemory, match="smaller network"):
        list(Budget(4).chunks(3, fails_above(0, MemoryError())))


def test_other_errors_are_not_taken_for_it():
    assert not is_out_of_memory(RuntimeError("shapes do not match"))
    with pytest.raises(ZeroDivisionError):
        list(Budget(4).chunks(3, fails_above(0, ZeroDivisionError())))


def test_the_failed_passs_tensors_are_free_before_the_next_try():
    kept = []

    def work(start: int, stop: int) -> int:
        if kept:
            gc.collect()
            assert kept[-1]() is None
        big = torch.zeros(10)
        kept.append(weakref.ref(big))
        if stop - start > 2:
            raise MemoryError
        return stop

    assert list(Budget(8).chunks(4, work)) == [2, 4]


def test_a_size_below_one_is_refused():
    with pytest.raises(UsageError, match="at least 1"):
        Budget(0)


@pytest.mark.parametrize(("device", "elsewhere"), [("cpu", False), ("mps", True)])
def test_the_advice_for_too_little_memory_is_what_helps_there(device, elsewhere, monkeypatch):
    monkeypatch.setattr(torch.mps, "empty_cache", lambda: None)

    def work(*_):
        raise RuntimeError("out of memory")

    with pytest.raises(OutOfMemory) as caught:
        list(Budget(4, device=torch.device(device)).chunks(1, work))
    said = str(caught.value)
    assert " --size" not in said
    assert "--input-size" in said
    assert ("--device cpu" in said) is elsewhere
