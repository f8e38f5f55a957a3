"""Which way up a photo is, by its EXIF data, and how it is turned."""

from __future__ import annotations

from PIL import Image

TAG = 0x0112
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def orientation_of(image: Image.Image) -> int:
    """The EXIF orientation, 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(TAG, 1)
    except Exception:  # the pixels are fine without their EXIF data
        return 1
    return value if isinstance(value, int) else 1


def upright(image: Image.Image, *, said: int, pending: int, rotate: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """The image, turned if that is wanted, and a note on it.

    ``said`` is the orientation in the file, ``pending`` what is left of it: Pillow turns some pictures by itself.
    """
    if rotate and pending in TURNS:
        image = image.transpose(TURNS[pending])
    if said not in TURNS and pending not in TURNS:
        return image, ()
    acted = rotate or pending not in TURNS
    return image, ("rotated by EXIF" if acted else "EXIF rotation ignored",)
