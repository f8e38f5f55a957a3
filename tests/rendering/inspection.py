"""Where a colour is in a plot, and which words are drawn."""

from __future__ import annotations

import html
import io
import re

import numpy as np
from PIL import Image


def pixels(png: bytes) -> np.ndarray:
    """(H, W, 3) uint8."""
    with Image.open(io.BytesIO(png)) as image:
        image.load()
        return np.asarray(image.convert("RGB"))


def places(picture: np.ndarray, colour: str) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the pixels of exactly this colour, ``"#rrggbb"``."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    rows, columns = np.nonzero((picture == wanted).all(axis=-1))
    return rows, columns


def centre(picture: np.ndarray, colour: str) -> tuple[float, float]:
    """The middle of all pixels of this colour: row and column."""
    rows, columns = places(picture, colour)
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


def words(svg: bytes) -> list[str]:
    """Each text of a plot; matplotlib draws letters as paths, and writes the text next to them as a comment."""
    return [html.unescape(text.strip()) for text in re.findall(r"<!--(.*?)-->", svg.decode(), re.DOTALL)]
