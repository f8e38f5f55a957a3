"""The main picture of a HEIC or HEIF file, by pillow-heif, which is used without being registered in Pillow.

Rotation and mirroring are part of such a file's structure and done by its decoder: an EXIF orientation that says the
same once more is left alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from igcli.images.frames import frames_note
from igcli.images.guard import check_size, pillow
from igcli.images.modes import not_windowed
from igcli.images.options import ReadOptions

if TYPE_CHECKING:
    from PIL import Image


def read_heif(data: bytes, options: ReadOptions, *, name: str, tolerant: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """The picture in 8 bits per sample, L, LA, RGB or RGBA, and notes on how it was read.

    Raises
    ------
    ImageError
        For a picture over ``options.max_pixels``.
    DamagedError
        For a file that cannot be read to its end.
    """
    import pillow_heif

    with pillow(name, max_pixels=options.max_pixels, tolerant=tolerant):
        file = pillow_heif.open_heif(data)
        main = file[file.primary_index]
        check_size(main.size, name, options.max_pixels)
        bits = int(str(main.info.get("bit_depth", 8)))
        image: Image.Image = main.to_pillow()
        check_size(image.size, name, options.max_pixels)
    several = (frames_note(len(file)),) if len(file) > 1 else ()
    deeper = (f"{bits}-bit read in 8",) if bits > 8 else ()
    return image, (*several, *deeper, *not_windowed(options))
