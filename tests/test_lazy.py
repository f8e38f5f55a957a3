"""What is left out of imports for the sake of time is there as soon as somebody wants it."""

from __future__ import annotations

import subprocess
import sys

import pytest


def printed(program: str) -> list[str]:
    """What a process of its own prints: this one has imported too much to tell."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


def test_torchvision_comes_without_torchs_compiler_and_leaves_no_trace_of_that():
    program = """
import sys
from igcli.lazy import torchvision
torchvision.models.resnet18
print([name for name in sys.modules if name.startswith("torch._dynamo")])
"""
    assert printed(program) == ["[]"]


def test_the_compiler_is_the_real_one_for_whoever_wants_it_afterwards():
    program = """
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
from igcli import lazy
with lazy._without_compiler():
    from torch._dynamo.utils import counters
    print("torch._dynamo" in sys.modules, type(sys.modules["torch._dynamo.utils"]).__name__)
import torch
print(counters is torch._dynamo.utils.counters)
"""
    assert printed(program) == ["True module", "True"]


def test_a_compiler_that_is_there_already_is_left_alone():
    program = """
import torch._dynamo.utils as before
from igcli.lazy import torchvision
torchvision.models.resnet18
import torch._dynamo.utils as after
print(after is before, torchvision.ops.roi_align.__globals__["is_compile_supported"] is before.is_compile_supported)
"""
    assert printed(program) == ["True True"]


def test_a_deterministic_roi_align_works_without_the_compiler_and_with_it():
    program = """
from igcli.lazy import torch, torchvision
pixels, boxes = torch.rand(1, 1, 8, 8), torch.tensor([[0.0, 0.0, 0.0, 4.0, 4.0]])
print(torchvision.ops.roi_align(pixels, boxes, 2).shape == (1, 1, 2, 2))
"""
    assert printed(program) == ["True"]


@pytest.mark.parametrize("name", ["torchvision", "a_package_that_is_not_there"])
def test_a_package_that_cannot_be_imported_raises_its_own_error(name):
    program = f"""
import sys
from igcli.lazy import load
sys.modules["torchvision"] = None
try:
    load({name!r})
except ImportError as problem:
    print(type(problem).__name__, "torch._dynamo.utils" in sys.modules)
"""
    assert printed(program) == ["ModuleNotFoundError False"]
