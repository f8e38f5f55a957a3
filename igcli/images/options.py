"""How a photo is read: what a person chooses (:class:`ReadOptions`) and what a model's input needs (:class:`View`)."""

from __future__ import annotations

import math
from dataclasses import dataclass

from igcli.errors import UsageError
from igcli.images.extent import Extent, extent_of, extent_text, sides

WINDOWS = ("file", "full", "percentile")
"""The named windows; any other is two numbers."""

PILLOW_LIMIT = 178_956_970
"""Pixels above which Pillow itself refuses a picture."""

INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming")
"""Pillow's filters for resizing, by their names in lower case."""


@dataclass(frozen=True)
class View:
    """How a photo becomes this model's input: resize it, crop the middle (or as ``fit`` says).

    Attributes
    ----------
    size
        The side of the square input, or (width, height), in pixels; a text such as ``"512x256"`` is read too.
    resize
        Before the crop: the photo's shorter side, or the (width, height) that the photo just covers, in pixels. If not
        given, 256 for a square input, and for another its own size.
    channels
        1 for grey, 3 for colour; any other number are the bands of a TIFF or an array, as they are in the file.
    interpolation
        One of :data:`INTERPOLATIONS`, always with antialiasing.
    fit
        The name in ``FITS`` that the model was trained with.

    Raises
    ------
    UsageError
        For a size that is none.
    """

    size: Extent = 224
    resize: Extent = 0
    channels: int = 3
    interpolation: str = "bilinear"
    fit: str = "crop"

    def __post_init__(self) -> None:
        try:
            size, resize = extent_of(self.size), extent_of(self.resize)
        except ValueError as problem:
            raise UsageError(str(problem)) from None
        if min(*sides(size), *sides(resize or 1)) < 1:
            raise UsageError(
                f"A view of {extent_text(size)} pixels, from {extent_text(resize)}, is none: give sizes from 1."
            )
        object.__setattr__(self, "size", size)
        object.__setattr__(self, "resize", resize or (_RESIZE if isinstance(size, int) else size))

    @property
    def width(self) -> int:
        """Of the input, in pixels."""
        return sides(self.size)[0]

    @property
    def height(self) -> int:
        """Of the input, in pixels."""
        return sides(self.size)[1]


_RESIZE = 256


@dataclass(frozen=True)
class ReadOptions:
    """How to read what a file holds.

    Attributes
    ----------
    exif_rotate
        Make the photo upright by its EXIF orientation. If not, it is read as torchvision reads it.
    background
        The colour under transparent pixels: a name, or ``#rrggbb``.
    max_pixels
        Larger pictures are refused before they are decoded.
    allow_truncated
        Read the rest of a file that is cut off or damaged; the missing part is whatever the decoder fills in.
    window
        Which sample values become black and white in pictures of more than 8 bits per sample, and in grey DICOM files:
        ``"file"`` for the window that a DICOM file has, in others as ``"full"``; ``"full"`` for the range that the file
        states or its type has; ``"percentile"`` for the picture's own 0.5th to 99.5th percentile; or ``"LOW,HIGH"`` in
        the file's own values (of DICOM after slope and intercept, of JPEG 2000 in 16 bits). Other pictures of 8 bits,
        and what a decoder gives in 8, are read as they are.
    bands
        Which bands are drawn of pictures with other than 1 or 3 channels, counted from 1: three as red, green and
        blue, or one as grey. Without any the first three, or of two the first. Maps are of all bands.

    Raises
    ------
    UsageError
        For an unknown colour, a limit under one pixel, bands that are neither one nor three, or a window that is
        neither a name nor two rising numbers.
    """

    exif_rotate: bool = True
    background: str = "white"
    max_pixels: int = PILLOW_LIMIT
    allow_truncated: bool = False
    window: str = "file"
    bands: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.max_pixels < 1:
            raise UsageError(f"--max-pixels is {self.max_pixels}; give a number from 1 upwards.")
        self.colour()
        if self.bands and (len(self.bands) not in (1, 3) or min(self.bands) < 1):
            raise UsageError(
                f"--bands is {','.join(map(str, self.bands))}; give the bands that are drawn as red, green and blue, "
                "counted from 1, as in 4,3,2, or one of them."
            )
        if self.window not in WINDOWS:  # spelled in one way, since settings of runs are compared
            object.__setattr__(self, "window", ",".join(f"{end:.12g}" for end in _two_numbers(self.window)))

    def drawn(self, channels: int) -> tuple[int, ...]:
        """Which of a picture's channels are drawn, from 0: three as red, green and blue, or one as grey.

        Raises
        ------
        UsageError
            When the bands that were chosen are not among them, or there is nothing to choose.
        """
        if not self.bands:
            return (0,) if channels < 3 else (0, 1, 2)
        if channels in (1, 3):
            raise UsageError(
                f"--bands chooses what is drawn of pictures with other than 1 or 3 channels, and the network takes "
                f"{channels}: leave it out."
            )
        if max(self.bands) > channels:
            raise UsageError(f"--bands names band {max(self.bands)}, and the network's pictures have {channels}.")
        return tuple(band - 1 for band in self.bands)

    def drawing(self, channels: int) -> str:
        """Which bands of a picture of so many channels are drawn, in words; empty for grey and colour.

        Raises what :meth:`drawn` does.
        """
        if channels in (1, 3) and not self.bands:
            return ""
        bands = [str(band + 1) for band in self.drawn(channels)]
        colours = f"bands {', '.join(bands)} as red, green, blue" if len(bands) == 3 else f"band {bands[0]} as grey"
        return f"drawn: {colours}, of {channels}"

    @property
    def windowed(self) -> bool:
        """Whether a window was asked for, so that the type of the values does not say which are black and white."""
        return self.window not in ("file", "full")

    @property
    def limits(self) -> tuple[float, float] | None:
        """The window's two numbers; ``None`` for a named one."""
        return None if self.window in WINDOWS else _two_numbers(self.window)

    def colour(self) -> tuple[int, int, int]:
        """The background's red, green and blue, 0..255."""
        from PIL import ImageColor

        try:
            red, green, blue = ImageColor.getrgb(self.background)[:3]
        except ValueError:
            raise UsageError(
                f"{self.background!r} is not a colour; give a name like 'white' or a value like '#ffcc00'."
            ) from None
        return red, green, blue


def _two_numbers(window: str) -> tuple[float, float]:
    try:
        low, high = (float(end) for end in window.split(","))
    except ValueError:
        low = high = math.nan
    if not (low < high and math.isfinite(low) and math.isfinite(high)):
        raise UsageError(
            f"--window is {window!r}; give the values that become black and white, as in --window 0,4095, "
            f"or one of: {', '.join(WINDOWS)}."
        )
    return low, high
