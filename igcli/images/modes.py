"""Any Pillow mode to plain 8-bit RGB, with a note for everything that was done on the way.

Pillow's own ``convert("RGB")`` clips 16-bit pictures to white and uncovers the colours hidden under transparency
(PITFALLS D2, D3); here they are scaled, and laid on a background. Embedded profiles of RGB photos are left alone, as
torchvision leaves them, so that a network sees the numbers it was evaluated with. Opening files is in ``decoding``.
"""

from __future__ import annotations

import io

from PIL import Image, ImageCms

from igcli.errors import ImageError
from igcli.images.options import ReadOptions
from igcli.lazy import np


def to_rgb(image: Image.Image, options: ReadOptions, *, name: str = "picture") -> tuple[Image.Image, tuple[str, ...]]:
    """The picture in mode RGB, and notes on what that took.

    Raises
    ------
    ImageError
        For floating-point pixels that are not finite.
    """
    if image.mode.startswith("I;16"):
        grey = _byte_levels(np.asarray(image), 0.0, 65535.0)
        return grey.convert("RGB"), ("16-bit scaled to 8", "greyscale")
    if image.mode in ("I", "F"):
        grey, note = _stretched(image, name)
        return grey.convert("RGB"), (note, "greyscale")
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


_ALPHA = ("LA", "La", "PA", "RGBA", "RGBa")
_KINDS = {
    "1": ("greyscale",),
    "L": ("greyscale",),
    "LA": ("greyscale",),
    "La": ("greyscale",),
    "P": ("palette expanded",),
    "PA": ("palette expanded",),
}


def _stretched(image: Image.Image, name: str) -> tuple[Image.Image, str]:
    """32-bit integers or floats, which carry no scale of their own, as 8-bit grey."""
    values = np.asarray(image)
    if not np.isfinite(values).all():
        raise ImageError(f"{name} has pixels that are not finite numbers; save it again with finite values.")
    low, high = float(values.min()), float(values.max())
    kind, full = ("32-bit", 65535.0) if image.mode == "I" else ("float", 1.0)
    if low >= 0 and high <= full:
        return _byte_levels(values, 0.0, full), f"{kind} scaled to 8"
    return _byte_levels(values, low, high), f"{kind} stretched from {low:g}..{high:g}"


def _byte_levels(values: np.ndarray, low: float, high: float) -> Image.Image:
    """``low``..``high`` as 0..255, rounded; a flat picture becomes black."""
    levels = values.astype(np.float64)
    levels -= low
    levels *= 255 / ((high - low) or 1.0)
    return Image.fromarray(np.rint(levels, out=levels).astype(np.uint8))


def _from_cmyk(image: Image.Image) -> tuple[Image.Image, tuple[str, ...]]:
    """Inks to light: by the embedded profile where it can be used, else by Pillow's formula."""
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
    """Transparent pixels laid on the stated colour; no note where all is opaque."""
    if image.mode == "La":  # Pillow knows no way from here to colour
        image = image.convert("LA")
    rgba = image.convert("RGBA")
    if rgba.getchannel("A").getextrema()[0] == 255:
        return rgba.convert("RGB"), ()
    ground = Image.new("RGBA", rgba.size, (*options.colour(), 255))
    return Image.alpha_composite(ground, rgba).convert("RGB"), (f"transparency on {options.background}",)
