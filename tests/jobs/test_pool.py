import os
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
import torch

from igcli.errors import OutOfMemory
from igcli.jobs.pool import Pool, PoolSize


def once_fatal(flag):
    """Kills its process the first time; ``flag`` is a file that remembers."""
    if not flag.exists():
        flag.write_text("")
        os.kill(os.getpid(), signal.SIGKILL)
    return "first"


def again(flag):
    return "again"


def always_fatal(flag):
    os.kill(os.getpid(), signal.SIGKILL)


def process_of(_):
    return os.getpid()


@pytest.fixture
def threads():
    """What the test does to the number of threads is undone."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_a_process_that_dies_is_replaced_and_its_work_done_again(tmp_path):
    with closing(Pool(PoolSize(1, processes=True))) as pool:
        dying = pool.write(once_fatal, tmp_path / "flag", retry=again)
        behind = pool.write(process_of, None, retry=process_of)
        assert pool.result(dying) == "again"
        assert pool.result(behind) != os.getpid()


def test_work_that_kills_every_process_ends_with_a_sentence(tmp_path):
    with closing(Pool(PoolSize(1, processes=True))) as pool, pytest.raises(OutOfMemory, match="fewer --workers"):
        pool.result(pool.write(always_fatal, tmp_path, retry=always_fatal))


def test_nobody_is_hired_where_none_are_wanted():
    with closing(Pool(PoolSize(0))) as pool:
        assert pool.result(pool.write(process_of, None, retry=process_of)) == os.getpid()
        assert pool.read(process_of, None).done()


def test_threads_compute_on_one_core_each_and_leave_the_others_as_they_were(threads):
    torch.set_num_threads(3)
    with closing(Pool(PoolSize(1))) as pool:
        assert pool.read(torch.get_num_threads).result() == 1
        drawn = pool.write(torch.get_num_threads, retry=torch.get_num_threads)
        assert pool.result(drawn) == 1
        assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == 3


def test_what_fails_is_raised_where_the_result_is_asked_for():
    with closing(Pool(PoolSize(2))) as pool:
        future = pool.write(int, "x", retry=int)
        with pytest.raises(ValueError, match="invalid literal"):
            pool.result(future)


def test_one_thread_next_to_a_cpu_and_processes_next_to_a_gpu(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert PoolSize.suited("cpu") == PoolSize(1, processes=False)
    assert PoolSize.suited("cuda:0") == PoolSize(8, processes=True)
    assert PoolSize.suited("cuda:0", 3) == PoolSize(3, processes=True)
