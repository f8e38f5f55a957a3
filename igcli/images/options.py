"""The choices a person has about reading a photo. What they do is in ``reading``, ``decoding`` and ``modes``."""

from __future__ import annotations

from dataclasses import dataclass

from PIL import ImageColor

from igcli.errors import UsageError

PILLOW_LIMIT = 178_956_970
"""Pixels above which Pillow refuses a picture of its own accord."""


@dataclass(frozen=True)
class ReadOptions:
    """How to read what a file holds.

    Attributes
    ----------
    exif_rotate
        Turn the photo upright as its EXIF orientation says. Off, it is read as torchvision reads it.
    background
        The colour under transparent pixels: a name, or ``#rrggbb``.
    max_pixels
        Larger pictures are refused before they are decoded.
    allow_truncated
        Read what is left of a file that is cut off or damaged; the missing part is whatever the decoder fills in.

    Raises
    ------
    UsageError
        For a colour that is none, or a limit under one pixel.
    """

    exif_rotate: bool = True
    background: str = "white"
    max_pixels: int = PILLOW_LIMIT
    allow_truncated: bool = False

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise UsageError(f"--max-pixels is {self.max_pixels}; give a number from 1 upwards.")
        self.colour()

    def colour(self) -> tuple[int, int, int]:
        """The background's red, green and blue, 0..255."""
        try:
            red, green, blue = ImageColor.getrgb(self.background)[:3]
        except ValueError:
            raise UsageError(
                f"{self.background!r} is not a colour; give a name like 'white' or a value like '#ffcc00'."
            ) from None
        return red, green, blue
