"""``read_image``: from a path, or a :class:`Found`, to the Picture that the model sees.

The steps: from a file to bytes in ``opening``, from bytes to an image in ``decoding``, from any mode to RGB in
``modes``, to the model's square in ``fit``.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import ImageError
from igcli.images.decoding import decode
from igcli.images.fit import FITS
from igcli.images.guard import pillow
from igcli.images.levels import Caution
from igcli.images.modes import to_rgb
from igcli.images.opening import contents_of, is_stream
from igcli.images.options import ReadOptions, View
from igcli.images.picture import Picture
from igcli.images.source import Found, shown
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from PIL import Image

_LOG = logging.getLogger("igcli.images")


def read_image(
    path: str | os.PathLike[str] | Found,
    *,
    size: int | None = None,
    view: View | None = None,
    fit: str = "crop",
    options: ReadOptions | None = None,
    warn: bool = True,
) -> Picture:
    """Read a photo as a model sees it.

    Parameters
    ----------
    path
        A picture in one of the raster formats of ``decoding.FORMATS``; of several frames the first is read. For a
        member of an archive the :class:`Found`, not only its path.
    size
        The side of the model's square input, in place of a ``view`` with the usual 256 : 224 of resize to crop.
    view
        The input that the model was trained on; 224 pixels cut from 256 by default.
    fit
        A name in ``FITS``: how the photo is brought to a square.
    warn
        Whether notes that a person should see at once are logged as warnings too.

    Returns
    -------
    Picture
        ``pixels`` (3, H, W), or (1, H, W) for a one-channel view, float32 in [0, 1].

    Raises
    ------
    ImageError
        For a file that is missing or cannot be read, and for what is in it.
    """
    source, options, view = _source(path), options or ReadOptions(), view or View()
    if size is not None:
        view = replace(view, size=size, resize=round(size * 256 / 224))
    place, name = FITS[fit], shown(source.path)
    contents = contents_of(source)
    decoded = decode(contents.data, options, name=name)
    with pillow(name, max_pixels=None, tolerant=True):  # the limit was for the file; Pillow counts crops too
        upright, notes = to_rgb(decoded.image, options, name=name)
        seen, left, top = upright, 0, 0
        if source.crop is not None:
            left, top, right, bottom = source.crop.edges(upright.size)
            seen = upright.crop((left, top, right, bottom))
            notes = (*notes, f"cropped to the box {left}, {top}, {right}, {bottom}")
        square, placement = place(seen if view.channels == 3 else seen.convert("L"), view)
        placement = placement.moved(left, top)
    notes = (*decoded.notes, *notes)
    for note in notes if warn else ():
        if isinstance(note, Caution):
            _LOG.warning("%s: %s", name, note)
    return Picture(
        pixels=_pixels(square),
        path=source.path,
        sha256=hashlib.sha256(contents.data).hexdigest(),
        original_size=upright.size,
        placement=placement,
        notes=notes,
        options=options,
        source=path if isinstance(path, Found) else None,
        state=contents.state,
    )


def read_upright(
    path: str | os.PathLike[str] | Found, *, options: ReadOptions | None = None, sha256: str | None = None
) -> Image.Image:
    """The whole photo, upright and in RGB, onto which a result can be mapped back.

    Raises what :func:`read_image` does; and ``ImageError`` for a pipe, which gives a picture only once, and for other
    bytes than those of ``sha256``, if it is given.
    """
    source, options = _source(path), options or ReadOptions()
    name = shown(source.path)
    if source.member is None and source.path.is_fifo() and is_stream(source.path):
        raise ImageError(f"{name} is a pipe and is read once: save the picture to a file, to have it in its own size.")
    data = contents_of(source).data
    if sha256 is not None and hashlib.sha256(data).hexdigest() != sha256:
        raise ImageError(f"{name} has changed since it was explained; run again.")
    decoded = decode(data, options, name=name)
    with pillow(name, max_pixels=None, tolerant=True):
        return to_rgb(decoded.image, options, name=name)[0]


def _source(path: str | os.PathLike[str] | Found) -> Found:
    return path if isinstance(path, Found) else Found(Path(path), Path(Path(path).name))


def _pixels(square: Image.Image) -> torch.Tensor:
    """(C, H, W) float32 in [0, 1], the numbers of torchvision's ``ToTensor``."""
    values = np.array(square, dtype=np.uint8).reshape(square.height, square.width, -1)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous().float().div(255)
