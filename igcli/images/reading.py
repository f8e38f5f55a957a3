"""``read_image``: from a path, a :class:`Found`, or what is in memory, to the Picture that the model sees.

The steps: from a file to bytes in ``opening``, from bytes to an image in ``decoding``, from what is in memory to an
image in ``given``, from any mode to RGB in ``modes``, to the shape of the model's input in ``fit``.
"""

from __future__ import annotations

import hashlib
import logging
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from igcli.errors import ImageError
from igcli.images.addresses import address_of, found_at, is_address
from igcli.images.bands import Bands, decode_bands, image_bands, scaled_bands
from igcli.images.decoding import decode
from igcli.images.extent import Extent, extent_of, sides
from igcli.images.fit import FITS
from igcli.images.given import Given, given_contents, given_image, given_path, given_pixels, numbers_of
from igcli.images.guard import explained, pillow
from igcli.images.levels import Caution
from igcli.images.modes import to_rgb
from igcli.images.npy import array_samples
from igcli.images.opening import contents_of, is_stream
from igcli.images.options import ReadOptions, View
from igcli.images.picture import Picture, Placement
from igcli.images.source import Found, shown
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from PIL import Image

_LOG = logging.getLogger("igcli.images")


def read_image(
    source: str | os.PathLike[str] | Found | Given,
    *,
    size: Extent | None = None,
    view: View | None = None,
    fit: str = "crop",
    options: ReadOptions | None = None,
    warn: bool = True,
) -> Picture:
    """Read a photo as a model sees it.

    Parameters
    ----------
    source
        The path or address of a picture in one of the raster formats of ``decoding.FORMATS``, such a file's bytes, or a
        file object; of several frames the first is read. For a member of an archive the :class:`Found`, not only its
        path.
        Or a PIL image; an array (H, W) or (H, W, C), its channels in the order red, green, blue; a tensor (C, H, W).
        The values of the last two are 0..255 or 0..65535 by their type, and 0..1 if they are floats; where that is
        not so, the range is guessed, and a warning says so, or refused (:func:`igcli.images.given.value_range`).
        A tensor of the ``view``'s own size and channels is not resized, cropped or rounded. For a view of other than 1
        or 3 channels a TIFF, a ``.npy`` file, an array or a tensor with so many, in its last or first axis.
    size
        The side of the model's square input, or its (width, height), in place of a ``view`` with the usual 256 : 224
        of resize to crop.
    view
        The input that the model was trained on; 224 pixels cut from 256 by default.
    fit
        A name in ``FITS``: how the photo is brought to the input's shape.
    options
        How its values are read; ``ReadOptions(window="LOW,HIGH")`` says which ones are black and white.
    warn
        Whether notes that a person should see at once are logged as warnings too.

    Returns
    -------
    Picture
        ``pixels`` (C, H, W) for a view of C channels, float32 in [0, 1].

    Raises
    ------
    ImageError
        For a file that is missing or cannot be read, and for what is in it; for values that fit no range.
    UsageError
        For what is no picture, such as a batch.
    """
    options, view = options or ReadOptions(), view or View()
    if size is not None:
        width, height = (round(side * 256 / 224) for side in sides(extent_of(size)))
        view = replace(view, size=size, resize=(width, height))
    place, found = FITS[fit], _source(source) if isinstance(source, str | os.PathLike | Found) else None
    path = given_path(source) if found is None else found.path
    name = "The picture" if path is None else shown(path)
    contents = given_contents(source, name) if found is None else contents_of(found)
    whole = given_pixels(source, view, options, name=name) if contents is None else None
    crop, box = None if found is None else found.crop, None
    if whole is not None:
        pixels, notes = whole
        original = pixels.shape[2], pixels.shape[1]
        placement = Placement("squash", (0.0, 0.0, float(original[0]), float(original[1])))
    elif view.channels not in (1, 3):
        with explained(name, max_pixels=None, tolerant=True):
            bands = _bands(source if contents is None else contents.data, view.channels, options, name=name)
            box = None if crop is None else crop.edges(bands.size)
            pixels, placement = bands.pixels(lambda band: place(band if box is None else band.crop(box), view))
        notes, original = (*bands.notes, options.drawing(view.channels)), bands.size
    else:
        if contents is None:
            image = given_image(source, options, name=name)
        else:
            image = decode(contents.data, options, name=name)
        with pillow(name, max_pixels=None, tolerant=True):  # the limit was for the file; Pillow counts crops too
            upright, notes = to_rgb(image.image, options, name=name)
            box = None if crop is None else crop.edges(upright.size)
            seen = upright if box is None else upright.crop(box)
            seen, placement = place(seen if view.channels == 3 else seen.convert("L"), view)
        pixels, notes, original = _pixels(seen), (*image.notes, *notes), upright.size
    if box is not None:
        placement = placement.moved(*box[:2])
        notes = (*notes, f"cropped to the box {', '.join(map(str, box))}")
    for note in notes if warn else ():
        if isinstance(note, Caution):
            _LOG.warning("%s: %s", name, note)
    return Picture(
        pixels=pixels,
        path=path,
        sha256=None if contents is None else hashlib.sha256(contents.data).hexdigest(),
        original_size=original,
        placement=placement,
        notes=notes,
        options=options,
        source=source if isinstance(source, Found) else None,
        state=None if contents is None else contents.state,
    )


def _bands(source: object, channels: int, options: ReadOptions, *, name: str) -> Bands:
    """The bands of a file's bytes, of an array or tensor, or of an image in memory."""
    if isinstance(source, bytes):
        return decode_bands(source, channels, options, name=name)
    if isinstance(source, np.ndarray | torch.Tensor):
        return scaled_bands(array_samples(numbers_of(source), (channels,), options, name=name), options, name=name)
    image = given_image(source, options, name=name)
    return image_bands(image.image, image.notes, channels, options, name=name)


def read_upright(
    path: str | os.PathLike[str] | Found,
    *,
    options: ReadOptions | None = None,
    sha256: str | None = None,
    channels: int = 3,
) -> Image.Image:
    """The whole photo, upright and in RGB, onto which a result can be mapped back.

    Of ``channels`` other than 1 or 3, those of the picture, the bands that ``options.drawn`` names are shown.

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
    if channels not in (1, 3):
        with explained(name, max_pixels=None, tolerant=True):
            return decode_bands(data, channels, options, name=name).image(options.drawn(channels))
    decoded = decode(data, options, name=name)
    with pillow(name, max_pixels=None, tolerant=True):
        return to_rgb(decoded.image, options, name=name)[0]


def _source(path: str | os.PathLike[str] | Found) -> Found:
    """The picture at a path, or at an address."""
    if isinstance(path, Found):
        return path
    if isinstance(path, str) and is_address(path):
        try:
            return found_at(path)
        except ValueError as error:
            raise ImageError(f"{shown(address_of(path))} {error}") from None
    return Found(Path(path), Path(Path(path).name))


def _pixels(image: Image.Image) -> torch.Tensor:
    """(C, H, W) float32 in [0, 1], the numbers of torchvision's ``ToTensor``."""
    values = np.array(image, dtype=np.uint8).reshape(image.height, image.width, -1)
    return torch.from_numpy(values).permute(2, 0, 1).contiguous().float().div(255)
