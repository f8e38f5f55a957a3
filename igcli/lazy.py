"""Heavy packages, imported at first use.

``from igcli.lazy import np, torch`` costs nothing until an attribute is touched. Registries can therefore be read,
and ``ig --help`` printed, without loading torch. Type checkers see the real modules.

torchvision is imported without torch's compiler (``torch._dynamo``), which takes longer than all of the rest and of
which it wants one function, for its detectors. Whoever uses the compiler afterwards gets it as ever.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch as torch
    import torchvision as torchvision
else:

    class _Later:
        """Stands for a module until one of its attributes is asked for."""

        def __init__(self, name: str) -> None:
            self._name, self._module = name, None

        def __getattr__(self, attribute: str) -> object:
            if self._module is None:
                self._module = load(self._name)
            return getattr(self._module, attribute)

    np = _Later("numpy")
    torch = _Later("torch")
    torchvision = _Later("torchvision")

__all__ = ["load", "np", "torch", "torchvision"]


def load(name: str) -> ModuleType:
    """Import a module, or wait until another thread has imported it."""
    if name != "torchvision" or name in sys.modules:
        return importlib.import_module(name)
    with _without_compiler():
        return importlib.import_module(name)


@contextmanager
def _without_compiler() -> Iterator[None]:
    """Inside the block torch's compiler is there by name alone, unless it was imported before."""
    importlib.import_module("torch")  # all of it, before a part is missing
    if "torch._dynamo" in sys.modules:
        yield
        return
    sys.modules[_COMPILER] = _NotYet(_COMPILER)
    try:
        yield
    finally:
        _dismiss()


_COMPILER = "torch._dynamo.utils"


class _NotYet(ModuleType):
    """Stands for a module of torch's compiler; whoever wants more of it than torchvision does gets the real one."""

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return _is_compile_supported if name == "is_compile_supported" else getattr(_compiler(), name)


def _is_compile_supported(device_type: object) -> object:
    return _compiler().is_compile_supported(device_type)


_is_compile_supported._dynamo_marked_constant = True  # type: ignore[attr-defined]  # as torch marks its own


def _compiler() -> ModuleType:
    _dismiss()
    return importlib.import_module(_COMPILER)


def _dismiss() -> None:
    """Leave the name to the real module."""
    if isinstance(sys.modules.get(_COMPILER), _NotYet):
        del sys.modules[_COMPILER]
