"""Networks without weights are built without random numbers: torch would load its compiler to draw them for nobody.

This file needs torch; it is imported where that is in use.
"""

from __future__ import annotations

from typing import Any

import torch
from torch.overrides import TorchFunctionMode

_DRAWN = (torch.Tensor.normal_, torch.Tensor.uniform_)


class Unfilled(TorchFunctionMode):
    """Inside it, tensors without memory stay as they are when they are to be filled with random numbers."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Call ``func``, or leave it out."""
        if func in _DRAWN and args[0].is_meta:
            return args[0]
        return func(*args, **(kwargs or {}))
