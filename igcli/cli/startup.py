"""Settings of the whole process that make commands faster; only the command line and its worker processes use them.

The library changes nothing of this: whoever imports igcli in a server has settings of their own.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import ModuleType

from igcli import lazy

#: glibc's numbers for its settings (malloc.h).
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3

LARGEST = 1 << 30
"""Bytes; larger blocks still go back to the system at once."""

MOST_KEPT = (1 << 31) - 1
"""Bytes at the end of the heap that are kept though free: the largest number that the setting takes."""

_COMPILER = "torch._dynamo.utils"


def before_imports() -> None:
    """For the beginning of a command: before torch or torchvision are imported."""
    use_passive_waiting()
    import_torchvision_without_compiler()
    gc.disable()  # nothing that an import makes is garbage; after_loading enables it again


def after_loading(*, on_cpu: bool) -> None:
    """For the moment when a model is loaded: all imports are done."""
    if on_cpu:
        keep_freed_memory()
    if not gc.isenabled():
        gc.freeze()  # what was imported stays
        gc.enable()


def before_exit() -> None:
    """Keep Python from searching all that torch has made for garbage, half a second at the end of every command.

    Not if torch's compiler was loaded: Triton reports what is not cleared away as leaks on stderr.
    """
    if "triton._C.libtriton" in sys.modules:
        gc.unfreeze()
    else:
        gc.freeze()


def use_passive_waiting() -> None:
    """Let torch's threads wait for each other without occupying the cores that reading and drawing need.

    GNU's OpenMP spins for as long as another program holds a core: on a busy machine that made gradients several times
    slower. It reads its settings when torch is loaded; a user's own are kept.
    """
    if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
        os.environ["GOMP_SPINCOUNT"] = "10000"


def keep_freed_memory() -> bool:
    """Let this process's allocator keep freed memory for the next chunk; returns whether it now does. Never raises.

    glibc returns every block over 32 MiB to the system when it is freed; when it is requested again, the system clears
    it page by page. A network's activations are many such blocks, of the same sizes for every chunk. Kept, they make a
    gradient on a CPU 10 to 20 % faster; in return, the process holds the most memory it ever needed, up to a limit.

    Does nothing with another C library than glibc, or if the user has own settings in the environment: ``MALLOC_...``
    or ``GLIBC_TUNABLES``.
    """
    if "GLIBC_TUNABLES" in os.environ or any(name.startswith("MALLOC_") for name in os.environ):
        return False
    with suppress(AttributeError, OSError, ValueError):  # other systems have no such function or setting
        if (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc"):
            mallopt = ctypes.CDLL(None).mallopt
            return bool(mallopt(_MMAP_THRESHOLD, LARGEST) and mallopt(_TRIM_THRESHOLD, MOST_KEPT))
    return False


def import_torchvision_without_compiler() -> None:
    """From now on, :mod:`igcli.lazy` imports torchvision without torch's compiler (``torch._dynamo``).

    The compiler takes longer to import than all the rest, and torchvision uses one function of it, in its detectors.
    Code that needs the compiler later imports the real one.
    """
    lazy.IMPORTERS["torchvision"] = _without_compiler


def _without_compiler(name: str) -> ModuleType:
    if name in sys.modules:
        return importlib.import_module(name)
    with placeholder_for_compiler():
        return importlib.import_module(name)


@contextmanager
def placeholder_for_compiler() -> Iterator[None]:
    """Inside the block, a placeholder stands for torch's compiler, unless it was imported before."""
    importlib.import_module("torch")  # all of it, before a part is missing
    if "torch._dynamo" in sys.modules:
        yield
        return
    sys.modules[_COMPILER] = _Placeholder(_COMPILER)
    try:
        yield
    finally:
        _remove_placeholder()


class _Placeholder(ModuleType):
    """Offers the one function that torchvision imports; any other attribute imports the real module."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return _is_compile_supported if name == "is_compile_supported" else getattr(_real_compiler(), name)


def _is_compile_supported(device_type: object) -> object:
    return _real_compiler().is_compile_supported(device_type)


_is_compile_supported._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as torch marks its own


def _real_compiler() -> ModuleType:
    _remove_placeholder()
    return importlib.import_module(_COMPILER)


def _remove_placeholder() -> None:
    if isinstance(sys.modules.get(_COMPILER), _Placeholder):
        del sys.modules[_COMPILER]
