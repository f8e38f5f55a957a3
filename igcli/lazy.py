"""Heavy packages, imported at first use.

``from igcli.lazy import np, torch`` costs nothing until an attribute is touched. Registries can therefore be read,
and ``ig --help`` printed, without loading torch. Type checkers see the real modules.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import torch as torch
    import torchvision as torchvision
else:

    class _Later:
        """Stands for a module until one of its attributes is asked for."""

        def __init__(self, name: str) -> None:
            self._name = name

        def __getattr__(self, attribute: str) -> object:
            return getattr(importlib.import_module(self._name), attribute)

    np = _Later("numpy")
    torch = _Later("torch")
    torchvision = _Later("torchvision")

__all__ = ["np", "torch", "torchvision"]
