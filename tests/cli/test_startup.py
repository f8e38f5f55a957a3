import os
import subprocess
import sys

import pytest

from igcli.cli import model_options, startup

GLIBC = hasattr(os, "confstr") and "CS_GNU_LIBC_VERSION" in os.confstr_names

PROGRAM = """
import ctypes, os, sys
from igcli.cli.startup import keep_freed_memory
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

    monkeypatch.setattr(startup.ctypes, "CDLL", touched)


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "MALLOC_TRIM_THRESHOLD_", "GLIBC_TUNABLES"])
def test_the_users_own_settings_go_first(never, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    assert startup.keep_freed_memory() is False


@pytest.mark.parametrize("answer", [ValueError("unrecognised"), AttributeError("no confstr"), None, "musl 1.2"])
def test_nothing_happens_with_another_c_library(never, monkeypatch, answer):
    def confstr(_):
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(os, "confstr", confstr, raising=False)
    assert startup.keep_freed_memory() is False


def test_a_chosen_model_on_the_cpu_sets_it(monkeypatch):
    called = []
    monkeypatch.setattr(startup, "keep_freed_memory", lambda: called.append(True))
    choice = model_options.ModelChoice("caltech101", device="cpu")
    model_options.load_chosen(choice, progress=False, warn=print)
    assert called == [True]


def test_the_library_changes_nothing_in_the_process_that_uses_it():
    program = """
import ctypes, gc, os, sys
import torch
def settings():
    own = {name: value for name, value in os.environ.items() if not name.startswith("TORCH")}  # torch sets some itself
    return gc.isenabled(), gc.get_freeze_count(), own, torch.get_num_threads(), torch.is_grad_enabled()
class Library(ctypes.CDLL):
    def __getattr__(self, name):
        assert name != "mallopt", "the allocator was touched"
        return super().__getattr__(name)
before = settings()
ctypes.CDLL = Library
import igcli
model = igcli.load_model("caltech101", device="cpu")
igcli.attribute(model, igcli.Picture(torch.rand(3, 64, 64)), method="integrated", steps=2)
print(settings() == before, "igcli.cli.startup" in sys.modules)
"""
    assert printed(program) == ["True False"]


def printed(program: str) -> list[str]:
    """What a process of its own prints: this one has imported too much to tell."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_torchvision_comes_without_torchs_compiler_and_leaves_no_trace_of_that():
    program = """
import sys
from igcli.cli.startup import import_torchvision_without_compiler
import_torchvision_without_compiler()
from igcli.lazy import torchvision
torchvision.models.resnet18
print([name for name in sys.modules if name.startswith("torch._dynamo")])
"""
    assert printed(program) == ["[]"]


def test_the_compiler_is_the_real_one_for_whoever_wants_it_afterwards():
    program = """
from igcli.cli.startup import import_torchvision_without_compiler
import_torchvision_without_compiler()
from igcli.lazy import torch, torchvision
asked = torchvision.ops.roi_align
import torch._dynamo.utils
print(torch._dynamo.utils.__file__ is not None)
from torchvision.ops.roi_align import is_compile_supported
print(is_compile_supported("cpu") is torch._dynamo.utils.is_compile_supported("cpu"))
print(is_compile_supported._dynamo_marked_constant)
"""
    assert printed(program) == ["True"] * 3


def test_what_torchvision_does_not_want_today_would_be_the_real_thing_too():
    program = """
import importlib, sys
from igcli.cli.startup import placeholder_for_compiler
with placeholder_for_compiler():
    from torch._dynamo.utils import counters
    print("torch._dynamo" in sys.modules, type(sys.modules["torch._dynamo.utils"]).__name__)
import torch
print(counters is torch._dynamo.utils.counters)
"""
    assert printed(program) == ["True module", "True"]


def test_a_compiler_that_is_there_already_is_left_alone():
    program = """
import torch._dynamo.utils as before
from igcli.cli.startup import import_torchvision_without_compiler
import_torchvision_without_compiler()
from igcli.lazy import torchvision
torchvision.models.resnet18
import torch._dynamo.utils as after
print(after is before, torchvision.ops.roi_align.__globals__["is_compile_supported"] is before.is_compile_supported)
"""
    assert printed(program) == ["True True"]


def test_a_deterministic_roi_align_works_without_the_compiler_and_with_it():
    program = """
from igcli.cli.startup import import_torchvision_without_compiler
import_torchvision_without_compiler()
from igcli.lazy import torch, torchvision
pixels, boxes = torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
print(torchvision.ops.roi_align(pixels, boxes, 2).shape == (1, 1, 2, 2))
"""
    assert printed(program) == ["True"]


@pytest.mark.parametrize("name", ["torchvision", "a_package_that_is_not_there"])
def test_a_package_that_cannot_be_imported_raises_its_own_error(name):
    program = f"""
import sys
from igcli.cli.startup import import_torchvision_without_compiler
from igcli.lazy import load
import_torchvision_without_compiler()
sys.modules["torchvision"] = None
try:
    load({name!r})
except ImportError as problem:
    print(type(problem).__name__, "torch._dynamo.utils" in sys.modules)
"""
    assert printed(program) == ["ModuleNotFoundError False"]
