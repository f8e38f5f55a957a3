"""Pictures made for the tests of this folder, and the two ways in which reading one may end."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from igcli.errors import ImageError
from igcli.images.options import ReadOptions
from igcli.images.reading import read_image

Save = Callable[..., Path]
RNG = np.random.default_rng(7)


def photo(width: int = 60, height: int = 40) -> Image.Image:
    """Smooth enough for JPEG, different in every corner."""
    x, y = np.meshgrid(np.linspace(0, 255, width), np.linspace(0, 255, height))
    return Image.fromarray(np.stack([x, y, (x + y) / 2], axis=2).astype(np.uint8))


def encoded(kind: str, image: Image.Image | None = None, **extra: object) -> bytes:
    file = io.BytesIO()
    (image or photo()).save(file, kind, **extra)  # type: ignore[arg-type]
    return file.getvalue()


def refusal(path: Path | str, **options: object) -> str:
    """The one sentence with which ``path`` is refused."""
    with pytest.raises(ImageError) as caught:
        read_image(path, options=ReadOptions(**options))  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    assert message.endswith(".")
    return message


def read_or_refuse(path: Path, data: bytes, *, lenient: bool) -> None:
    path.write_bytes(data)
    try:
        picture = read_image(path, size=16, options=ReadOptions(allow_truncated=lenient, max_pixels=1_000_000))
    except ImageError as error:
        assert str(path) in str(error)  # noqa: PT017  # either outcome is right; only the message is checked
        return
    assert picture.pixels.shape == (3, 16, 16)
    assert torch.isfinite(picture.pixels).all()
