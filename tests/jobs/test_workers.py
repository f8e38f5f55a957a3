import os
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from igcli.errors import OutOfMemory
from igcli.jobs.workers import Workers


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
    with Workers(1, processes=True).hired() as hands:
        dying = hands.leave(once_fatal, tmp_path / "flag", again=again)
        behind = hands.leave(process_of, None, again=process_of)
        assert hands.result(dying) == "again"
        assert hands.result(behind) != os.getpid()


def test_work_that_kills_every_process_ends_with_a_sentence(tmp_path):
    with Workers(1, processes=True).hired() as hands, pytest.raises(OutOfMemory, match="fewer --workers"):
        hands.result(hands.leave(always_fatal, tmp_path, again=always_fatal))


def test_nobody_is_hired_where_none_are_wanted():
    with Workers(0).hired() as hands:
        assert hands.result(hands.leave(process_of, None, again=process_of)) == os.getpid()
        assert hands.read(process_of, None).done()


def test_threads_compute_on_one_core_each_and_leave_the_others_as_they_were(threads):
    torch.set_num_threads(3)
    with Workers(1).hired() as hands:
        assert hands.read(torch.get_num_threads).result() == 1
        drawn = hands.leave(torch.get_num_threads, again=torch.get_num_threads)
        assert hands.result(drawn) == 1
        assert torch.get_num_threads() == 3
    with ThreadPoolExecutor(1) as later:
        assert later.submit(torch.get_num_threads).result() == 3


def test_what_fails_is_raised_where_the_result_is_asked_for():
    with Workers(2).hired() as hands:
        future = hands.leave(int, "x", again=int)
        with pytest.raises(ValueError, match="invalid literal"):
            hands.result(future)


def test_one_thread_beside_a_cpu_and_processes_beside_a_gpu(monkeypatch):
    monkeypatch.setattr(os, "cpu_count", lambda: 16)
    assert Workers.beside("cpu") == Workers(1, processes=False)
    assert Workers.beside("cuda:0") == Workers(8, processes=True)
    assert Workers.beside("cuda:0", 3) == Workers(3, processes=True)
