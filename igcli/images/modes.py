"""From any Pillow mode to plain 8-bit RGB, with a note on every conversion.

Pillow's own ``convert("RGB")`` clips 16-bit pictures to white and shows the colours hidden under transparency (PITFALLS
D2, D3); here the first are scaled (``levels``), the second put on a background. Embedded profiles of RGB photos are
ignored, as torchvision ignores them, so that a network gets the numbers it was evaluated with.
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from igcli.images.levels import FLOAT, Caution, Samples, to_levels, unsigned
from igcli.images.options import ReadOptions
from igcli.lazy import np


def to_rgb(image: Image.Image, options: ReadOptions, *, name: str = "picture") -> tuple[Image.Image, tuple[str, ...]]:
    """The picture in mode RGB, and notes on the conversions.

    Raises
    ------
    ImageError
        For floating-point pixels that are not finite.
    """
    if image.mode in DEEP_MODES:
        grey, done = to_levels(_samples(image), options, name=name)
        return grey.convert("RGB"), (*done, "greyscale")
    if image.mode == "CMYK":
        return _from_cmyk(image)
    if image.mode == "LAB":
        return _through_profile(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB"))), ("LAB converted",)
    if image.mode in ("HSV", "YCbCr"):
        return image.convert("RGB"), (f"{image.mode} converted",)
    notes = _KINDS.get(image.mode, ())
    if image.mode in _ALPHA or image.has_transparency_data:
        rgb, transparent = _on_background(image, options)
        return rgb, (*notes, *transparent)
    return image.convert("RGB"), notes


DEEP_MODES = ("I", "F", "I;16", "I;16B", "I;16L", "I;16N")
"""Pillow's modes of more than 8 bits per sample."""

_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_KINDS = {
    "1": ("greyscale",),
    "L": ("greyscale",),
    "LA": ("greyscale",),
    "La": ("greyscale",),
    "P": ("palette expanded",),
    "PA": ("palette expanded",),
}


def _samples(image: Image.Image) -> Samples:
    """The grey values of a mode that is deeper than 8 bits."""
    values = np.asarray(image)[:, :, None]
    if image.mode == "F":
        return Samples(values, "float", FLOAT)
    bits = 32 if image.mode == "I" else 16
    return Samples(values, f"{bits}-bit", unsigned(bits))


def not_windowed(options: ReadOptions) -> tuple[str, ...]:
    """A caution that ``--window``, if it is given, does nothing to a picture of 8 bits."""
    return (Caution("8 bits per sample: --window is for deeper pictures, not used"),) if options.windowed else ()


def _from_cmyk(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """CMYK to RGB: by the embedded profile if it is usable, else by Pillow's formula."""
    profile = image.info.get("icc_profile")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            return _through_profile(image, source), ("CMYK converted by its profile",)
        except (ImageCms.PyCMSError, ImportError, OSError, TypeError, ValueError):
            return image.convert("RGB"), ("CMYK converted, its profile is unusable",)
    return image.convert("RGB"), ("CMYK converted",)


def _through_profile(image: Image.Image, source: ImageCms.ImageCmsProfile) -> Image.Image:
    """From the colours of ``source`` to sRGB."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    converted = ImageCms.profileToProfile(image, source, srgb, outputMode="RGB")
    assert converted is not None  # noqa: S101  # only None when converting in place
    return converted


def _on_background(image: Image.Image, options: ReadOptions) -> tuple[Image.Image, tuple[str, ...]]:
    """Transparent pixels on the background colour; no note where all are opaque."""
    if image.mode == "La":  # Pillow knows no way from here to colour
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema()[0] == 255:
        return rgba.convert("RGB"), ()
    ground = Image.new("RGBA", rgba.size, (*options.colour(), 255))
    return Image.alpha_composite(ground, rgba).convert("RGB"), (f"transparency on {options.background}",)
