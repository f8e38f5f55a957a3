"""Which pixels of a mask show the object, whatever kind of picture the mask is.

- Two levels: the object is the one that is not 0.
- Label maps, as a palette of colours (Pascal VOC), or as grey levels up to ``MOST_LABELS``: all but the background, 0,
  and the void around objects, 255 (VOC2012 development kit, §4.2). What is void is no object.
- Colours without a palette: what is not black; VOC's colour of the void is no object either.
- Other grey pictures: what is lighter than half.

What is transparent is no object; if nothing else is said, what is opaque is one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from igcli.images.decoding import decode
from igcli.images.guard import pillow
from igcli.images.modes import to_rgb
from igcli.images.opening import contents_of
from igcli.images.options import ReadOptions
from igcli.images.source import Found, shown
from igcli.lazy import np

if TYPE_CHECKING:
    from pathlib import Path

    from PIL import Image

VOID = 255
VOID_COLOUR = (224, 224, 192)
MOST_LABELS = 32
"""Levels above this are no labels of classes but shades."""
HALF = 127.5
"""A pixel, of 0..255, is light above this."""
_COLOURFUL = 32
"""Channels that differ by more than this are a colour; JPEG changes greys by less."""


@dataclass(frozen=True)
class MaskPixels:
    """The object (H, W) bool in a mask, upright, and the lightest of the mask's pixels, for messages."""

    object: np.ndarray
    lightest: int

    @property
    def size(self) -> tuple[int, int]:
        """(width, height)."""
        height, width = self.object.shape
        return width, height

    def image(self) -> Image.Image:
        """White where the object is, on black."""
        from PIL import Image

        return Image.fromarray(self.object.astype(np.uint8) * 255)


def read_mask(path: Path, options: ReadOptions) -> MaskPixels:
    """Read a mask."""
    name = shown(path)
    # Labels are small numbers at any depth: larger ones all count as 255.
    options = replace(options, window="0,255", background="black")
    image = decode(contents_of(Found(path, path)).data, options, name=name).image
    with pillow(name, max_pixels=None, tolerant=True):
        if image.mode in ("P", "PA") and not _is_grey(image):
            return _of_levels(np.asarray(image.getchannel(0) if image.mode == "PA" else image), labels=True)
        rgb = np.asarray(to_rgb(image, options, name=name)[0])
        clear = image.mode in ("LA", "La", "PA", "RGBA", "RGBa") or image.has_transparency_data
        opaque = (
            np.asarray(image.convert("LA" if image.mode == "La" else "RGBA").getchannel("A")) > HALF if clear else None
        )
    found = _of_colours(rgb)
    if not found.object.any() and opaque is not None and not opaque.all():
        return MaskPixels(opaque, int(opaque.any()) * VOID)
    return found


def _is_grey(image: Image.Image) -> bool:
    """Whether the colours that a picture of a palette uses are all shades of grey."""
    used = np.unique(np.asarray(image.getchannel(0) if image.mode == "PA" else image))
    palette = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    colours = palette[used[used < len(palette)]]
    return bool((colours == colours[:, :1]).all())


def _of_colours(rgb: np.ndarray) -> MaskPixels:
    lightest, darkest = rgb.max(axis=2), rgb.min(axis=2)
    if int((lightest - darkest).max()) <= _COLOURFUL:
        return _of_levels(lightest)
    void = (rgb == np.array(VOID_COLOUR, np.uint8)).all(axis=2)
    return MaskPixels((lightest > MOST_LABELS) & ~void, int(lightest.max()))


def _of_levels(values: np.ndarray, *, labels: bool = False) -> MaskPixels:
    """Of grey levels (H, W) uint8, or of labels if it is known that they are some."""
    used = np.flatnonzero(np.bincount(values.ravel(), minlength=VOID + 1))
    inner = used[(used > 0) & (used < VOID)]
    if labels or (len(inner) and inner.max() <= MOST_LABELS):
        found = (values > 0) & (values < VOID)
    elif len(used) <= 2 and 0 in used:
        found = values > 0
    else:
        found = values > HALF
    return MaskPixels(found, int(values.max()))
