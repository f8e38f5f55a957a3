"""One run at a time, whatever became of the one before."""

import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import filelock
import pytest

from igcli.errors import OutputError
from igcli.jobs.files import FOLDER
from igcli.jobs.runs.lock import RunLock, lock_of_photo

HOLDER = """
import sys, time
from pathlib import Path
from igcli.jobs.runs.lock import RunLock
lock = RunLock(Path(sys.argv[1]), "explain", keep=True)
print("held", flush=True)
time.sleep(600)
"""


def test_a_second_run_is_refused_at_once_and_let_in_afterwards(tmp_path):
    with RunLock(tmp_path, "explain"):
        with pytest.raises(OutputError, match=f"Another run is writing to {tmp_path}"):
            RunLock(tmp_path, "explain")
        RunLock(tmp_path, "interior").release()  # under another name they share the folder
    RunLock(tmp_path, "explain").release()


def test_a_process_that_was_killed_keeps_nobody_out(tmp_path):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"held\n"
    with pytest.raises(OutputError, match="Another run"):
        RunLock(tmp_path, "explain", keep=True)
    holder.send_signal(signal.SIGKILL)
    holder.wait()
    holder.stdout.close()
    assert (tmp_path / FOLDER / "explain.lock").exists()
    RunLock(tmp_path, "explain", keep=True).release()


def test_nothing_is_left_where_nothing_else_was(tmp_path):
    with lock_of_photo(tmp_path, Path("sub/photo"), kind="compare"):
        assert (tmp_path / FOLDER).is_dir()
    assert list(tmp_path.iterdir()) == []
    RunLock(tmp_path, "explain", keep=True).release()
    with lock_of_photo(tmp_path, Path("photo"), kind="compare"):
        pass
    assert [path.name for path in (tmp_path / FOLDER).iterdir()] == ["explain.lock"]


def test_of_many_that_come_and_go_never_two_are_in(tmp_path):
    inside, most, refused = [], [], []

    def come_and_go(number):
        for _ in range(60):
            try:
                with RunLock(tmp_path, "x"):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
            except OutputError as error:
                refused.append(str(error))

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(come_and_go, range(4)))
    assert max(most) == 1
    assert {said for said in refused if "Another run" not in said} == set()


@pytest.mark.parametrize("kind", [FileNotFoundError, FileExistsError])
def test_a_folder_that_another_run_removes_meanwhile_is_made_again(tmp_path, monkeypatch, kind):
    errors, acquire = [kind()], filelock.BaseFileLock.acquire

    def removed_at_first(self, *arguments, **named):
        if errors:
            raise errors.pop()
        return acquire(self, *arguments, **named)

    monkeypatch.setattr(filelock.BaseFileLock, "acquire", removed_at_first)
    with RunLock(tmp_path, "x") as lock:
        assert not lock.warning


@pytest.mark.skipif(os.name != "posix", reason="links and pipes as POSIX has them")
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.hardlink_to(path.parents[1] / "victim")])
def test_a_lock_that_is_no_file_of_the_folder_is_refused_unwritten(tmp_path, make):
    (tmp_path / "victim").write_text("mine")
    (tmp_path / FOLDER).mkdir()
    make(tmp_path / FOLDER / "explain.lock")
    with pytest.raises(OutputError, match=r"remove it|replace it"):
        RunLock(tmp_path, "explain")
    assert (tmp_path / "victim").read_text() == "mine"
