"""The View: how large a model's square input is, and how a photo is brought to it. No reading, no pixels."""

from __future__ import annotations

from dataclasses import dataclass

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
"""How pixels are made from other pixels when a photo is resized: Pillow's filters, by their names in small letters."""


@dataclass(frozen=True)
class View:
    """How a photo becomes this model's input: resize the shorter side, crop the middle (or as ``fit`` says).

    ``resize`` is the shorter side before the crop, ``size`` the side of the square input, in pixels;
    ``interpolation`` is one of :data:`INTERPOLATIONS`, always with antialiasing; ``fit`` is the name in ``FITS`` that
    the model was trained with.
    """

    size: int = 224
    resize: int = 256
    channels: int = 3
    interpolation: str = "bilinear"
    fit: str = "crop"
