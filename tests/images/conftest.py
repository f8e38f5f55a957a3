"""Fixtures for the tests of ``igcli.images``."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from igcli.images import optional


@pytest.fixture
def saved(tmp_path: Path) -> Callable[..., Path]:
    """Writes bytes, or an image in the format of the name's ending, and gives back the path."""

    def save(name: str, content: bytes | Image.Image, **extra: object) -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            content.save(path, **extra)  # type: ignore[arg-type]
        return path

    return save


@pytest.fixture
def no_extras(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if no package of an extra were installed."""
    monkeypatch.setattr(optional, "has_package", lambda _package: False)
