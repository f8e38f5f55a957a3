"""What may not happen while a reader meets bytes that anyone could have written, and how bytes are damaged.

A reader writes no file, starts no program, opens no connection, runs no code that came with the data, and takes bounded
memory and time, whatever it is given.
"""

from __future__ import annotations

import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from igcli.errors import IgError

#: Of each property: few, small and the same ones each time. ``TESTS_FUZZ=2000`` tries so many, and others each time.
MANY = int(os.environ.get("TESTS_FUZZ", "0"))
FUZZ = settings(
    max_examples=MANY or 40, derandomize=not MANY, database=None, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
MOST_MEMORY = 400 << 20
"""Bytes by which the resident memory may grow while one input is read."""

MOST_SECONDS = 20.0
"""Of processor time; every input here is a few kilobytes."""

#: Python's audit events by which something outside the process is reached or changed.
_REACHING = {
    "os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.remove", "os.rename", "os.mkdir", "os.rmdir",
    "os.link", "os.symlink", "os.truncate", "os.chmod", "os.putenv", "pty.spawn", "subprocess.Popen", "socket.connect",
    "socket.getaddrinfo", "shutil.rmtree", "webbrowser.open",
}  # fmt: skip
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_watched: list[list[str]] = []


def _audit(event: str, arguments: tuple[object, ...]) -> None:
    if not _watched:
        return
    flags = arguments[2] if event == "open" and len(arguments) > 2 else 0
    if event in _REACHING or (isinstance(flags, int) and flags & _WRITING and arguments[0] != os.devnull):
        _watched[-1].append(f"{event} {arguments!r:.200}")


sys.addaudithook(_audit)


@contextmanager
def contained() -> Iterator[None]:
    """Let the block raise one of igcli's errors or none, and nothing else; watch what it does."""
    done: list[str] = []
    before = _peak_memory(reset=True)
    handler = signal.signal(signal.SIGVTALRM, _too_long)
    signal.setitimer(signal.ITIMER_VIRTUAL, MOST_SECONDS)
    _watched.append(done)
    try:
        yield
    except IgError as error:
        said = str(error)
        assert said.strip(), "an error without a sentence"
        assert len(said) < 20_000
    finally:
        _watched.pop()
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, handler)
    assert not done, done
    grown = _peak_memory() - before
    assert grown < MOST_MEMORY, f"{grown:,} bytes of memory"


def _too_long(_number: int, _frame: FrameType | None) -> None:
    raise AssertionError(f"took more than {MOST_SECONDS} s of the processor")


def _peak_memory(*, reset: bool = False) -> int:
    """The most bytes that were resident since the last reset; 0 where the system does not say."""
    try:
        if reset:
            Path("/proc/self/clear_refs").write_text("5")
        said = Path("/proc/self/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in said.splitlines() if line.startswith("VmHWM")), 0)


@st.composite
def damaged(draw: st.DrawFn, valid: list[bytes]) -> bytes:
    """One of some files, cut, with other bytes, with a part repeated, or with a part of another in it."""
    data = bytearray(draw(st.sampled_from(valid)))
    for _ in range(draw(st.integers(1, 6))):
        at = int(draw(st.floats(0, 1, exclude_max=True)) * draw(st.sampled_from([len(data), min(len(data), 200)])))
        how = draw(st.sampled_from(["byte", "number", "cut", "take out", "repeat", "insert"]))
        if how == "byte" and at < len(data):
            data[at] = draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]) | st.integers(0, 255))
        elif how == "number":
            data[at : at + 4] = draw(
                st.sampled_from([b"\xff\xff\xff\xff", b"\xff\xff\xff\x7f", b"\0\0\0\x80", bytes(4)])
            )
        elif how == "cut":
            del data[at:]
        elif how == "take out":
            del data[at : at + draw(st.integers(1, 40))]
        elif how == "repeat":
            data[at:at] = data[at : at + 60] * draw(st.integers(1, 5))
        else:
            data[at:at] = draw(
                st.binary(max_size=12) | st.sampled_from([b'"', b"\n", b"\0", b"{[", b"\xff\xfe", b"../"])
            )
    return bytes(data)


def read_in(folder: Path, name: str, data: bytes, read: Callable[[Path], object]) -> None:
    """Read ``data`` from a file of this name; afterwards the folder holds that file alone, unchanged."""
    with tempfile.TemporaryDirectory(dir=folder) as own:
        path = Path(own) / name
        path.write_bytes(data)
        with contained():
            read(path)
        assert [each.name for each in Path(own).iterdir()] == [name], "a file was made"
        assert path.read_bytes() == data, "the file was changed"
