"""The View: how large a model's square input is, and how a photo is brought to it. No reading, no pixels."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """How a photo becomes this model's input: resize the shorter side, crop the middle (or as ``fit`` says).

    ``resize`` is the shorter side before the crop, ``size`` the side of the square input, in pixels.
    """

    size: int = 224
    resize: int = 256
    channels: int = 3
