"""That the watch sees what it is there to see."""

from __future__ import annotations

import itertools
import mmap
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz import watching
from fuzz.watching import contained

from igcli.errors import ImageError


def test_one_of_our_errors_is_let_pass() -> None:
    with contained():
        raise ImageError("It is no picture; save it again.")


def test_another_error_is_not() -> None:
    with pytest.raises(KeyError), contained():
        raise KeyError("x")


def test_a_written_file_a_program_and_a_removed_file_are_seen(tmp_path: Path) -> None:
    (tmp_path / "there").touch()
    with pytest.raises(AssertionError, match="open"), contained():
        (tmp_path / "canary").write_text("x")
    with pytest.raises(AssertionError, match="Popen"), contained():
        subprocess.run([sys.executable, "-c", ""], check=True)
    with pytest.raises(AssertionError, match="remove"), contained():
        (tmp_path / "there").unlink()


@pytest.mark.skipif(not watching._peak_memory(reset=True), reason="the system does not say how much memory is used")
def test_much_memory_is_seen() -> None:
    size = watching.MOST_MEMORY + (1 << 20)
    # from the system: the allocator of a large process may have as much that was freed before
    with pytest.raises(AssertionError), contained(), mmap.mmap(-1, size) as block:
        block[:: mmap.PAGESIZE] = b"x" * len(range(0, size, mmap.PAGESIZE))


def test_endless_work_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watching, "MOST_SECONDS", 0.05)
    with pytest.raises(AssertionError, match="processor"), contained():
        any(number < 0 for number in itertools.count())
