import os
import subprocess
import sys

import pytest

from igcli.models import zoo
from igcli.models.engine import memory

GLIBC = hasattr(os, "confstr") and "CS_GNU_LIBC_VERSION" in os.confstr_names

PROGRAM = """
import ctypes, os, sys
from igcli.models.engine.memory import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory()
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.malloc.argtypes, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
size = 256 << 20
block = libc.malloc(size)
ctypes.memset(block, 1, size)
libc.free(block)
pages = int(open("/proc/self/statm").read().split()[1])
print(pages * os.sysconf("SC_PAGE_SIZE") > size)
"""


def run(how: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how],
        capture_output=True,
        text=True,
        check=True,
        env={k: v for k, v in os.environ.items() if not k.startswith(("MALLOC_", "GLIBC_"))} | environment,
    )
    return done.stdout.strip()


@pytest.mark.skipif(not GLIBC, reason="another C library")
def test_freed_blocks_stay_with_the_process():
    assert run("leave") == "False"
    assert run("keep") == "True"


@pytest.fixture
def never(monkeypatch):
    """No environment of the machine's own, and an allocator that must not be touched."""
    for name in list(os.environ):
        if name.startswith(("MALLOC_", "GLIBC_")):
            monkeypatch.delenv(name)

    def touched(*_):
        raise AssertionError("the allocator was touched")

    monkeypatch.setattr(memory.ctypes, "CDLL", touched)


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_the_users_own_settings_go_first(never, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert memory.keep_freed_memory() is False


@pytest.mark.parametrize("answer", [ValueError("unrecognised"), AttributeError("no confstr"), None, "musl 1.2"])
def test_nothing_happens_with_another_c_library(never, monkeypatch, answer):
    def confstr(_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    assert memory.keep_freed_memory() is False


def test_loading_a_model_onto_the_cpu_sets_it(caltech_file, monkeypatch):
    called = []
    monkeypatch.setattr(zoo, "keep_freed_memory", lambda: called.append(True))
    zoo.load_model("caltech101", weights=caltech_file, device="cpu")
    assert called == [True]
