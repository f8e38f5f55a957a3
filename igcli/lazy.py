"""Heavy packages, imported at first use.

``from igcli.lazy import np, torch`` costs nothing until an attribute is touched. Registries can therefore be read,
and ``ig --help`` printed, without loading torch. Type checkers see the real modules.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
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

__all__ = ["IMPORTERS", "load", "np", "torch", "torchvision"]


IMPORTERS: dict[str, Callable[[str], ModuleType]] = {}
"""How to import a package, by its name, where a program wants another way than Python's own."""


def load(name: str) -> ModuleType:
    """Import a module, or wait until another thread has imported it."""
    return IMPORTERS.get(name, importlib.import_module)(name)
