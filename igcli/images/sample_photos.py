"""The photographs that the package brings for a first try; nothing is opened."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from igcli import bundled


@cache
def sample_photos() -> dict[str, Path]:
    """Their files, by name. Their source and licence: ``igcli/bundled/samples/README.md``."""
    folder = Path(bundled.__file__).with_name("samples")
    return {path.stem: path for path in sorted(folder.glob("*.jpg"))}
