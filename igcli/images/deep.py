"""Pictures of which Pillow would keep 8 bits or read the wrong values: their samples, read here.

Which these are is seen from the header: TIFFs of unusual samples, PNGs of 16 bits, PNM files of two bytes a sample.
"""

from __future__ import annotations

from dataclasses import dataclass

from igcli.images import tiff as tag
from igcli.images.deep_formats import png_is_deep, png_samples, png_size, pnm_is_deep, pnm_samples, pnm_size
from igcli.images.guard import check_size, explained, pillow
from igcli.images.levels import Samples
from igcli.images.options import ReadOptions
from igcli.images.orientation import TAG
from igcli.images.tiff import read_directory, refuse_raw, refuse_unread
from igcli.images.tiff_samples import is_special, read_samples, weight


@dataclass(frozen=True)
class Deep:
    """Samples, and the EXIF orientation that they are still to be given."""

    samples: Samples
    orientation: int = 1


def read_deep(data: bytes, options: ReadOptions, *, name: str, tolerant: bool) -> Deep | None:
    """The samples of a picture that is to be read here; ``None`` for one that Pillow reads right.

    Raises
    ------
    ImageError
        For a camera's raw file, a kind of TIFF that is not read, and a picture over ``options.max_pixels``.
    DamagedError
        For a picture that is not whole; with ``tolerant`` what is missing is 0.
    """
    limit = options.max_pixels
    if png_is_deep(data):
        check_size(png_size(data), name, limit)
        with pillow(name, max_pixels=limit, tolerant=tolerant):
            return Deep(*png_samples(data))
    if pnm_is_deep(data):
        check_size(pnm_size(data), name, limit)
        with explained(name, max_pixels=limit, tolerant=tolerant):
            return Deep(pnm_samples(data, tolerant=tolerant))
    directory = read_directory(data)
    if directory is None:
        return None
    refuse_raw(directory, name)
    refuse_unread(directory, name)
    if not is_special(directory):
        return None
    check_size((directory.whole(tag.WIDTH), directory.whole(tag.HEIGHT)), name, limit, weight=weight(directory))
    with pillow(name, max_pixels=None, tolerant=tolerant):
        return Deep(read_samples(directory, name=name, tolerant=tolerant), directory.whole(TAG, 1))
