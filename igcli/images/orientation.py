"""A photo's EXIF orientation, and the rotation or reflection that makes it upright."""

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
    """The EXIF orientation (1 to 8); 1 where there is none or it cannot be read."""
    try:
        value = image.getexif().get(TAG, 1)
    except Exception:  # the pixels are fine without their EXIF data
        return 1
    return value if isinstance(value, int) else 1


def upright(image: Image.Image, *, stated: int, pending: int, rotate: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """The image, made upright if ``rotate``, and a note on it.

    ``stated`` is the orientation in the file, ``pending`` the one that the image still needs: Pillow rotates some
    pictures itself.
    """
    if rotate and pending in TURNS:
        image = image.transpose(TURNS[pending])
    if stated not in TURNS and pending not in TURNS:
        return image, ()
    acted = rotate or pending not in TURNS
    return image, ("rotated by EXIF" if acted else "EXIF rotation ignored",)
