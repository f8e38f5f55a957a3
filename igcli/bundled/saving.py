"""Files of trainings: whole, or not there."""

from __future__ import annotations

from pathlib import Path

import torch


def save_whole(state: object, path: Path) -> None:
    """Save tensors so that the file is there either whole or not at all."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    partial.replace(path)
