"""Pictures of any number of bands, for networks that take neither grey nor colour: read, scaled and placed exactly.

Bands come from TIFFs (samples of one page, or pages of one sample each), from NumPy arrays, and from pictures with
opacity, which is their last band. They are scaled to [0, 1] by one range for all of them, as ``levels`` finds it, and
resized band by band in float32: nothing is rounded to 8 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from PIL import Image

from igcli.errors import ImageError
from igcli.images import tiff as tag
from igcli.images.decoding import check_beginning, decode
from igcli.images.guard import DamagedError, check_size, pillow
from igcli.images.levels import Range, Samples, byte_levels, range_of, shares, unsigned
from igcli.images.npy import KIND, array_samples, npy_array
from igcli.images.options import ReadOptions
from igcli.images.orientation import TAG, TURNS, upright
from igcli.images.signatures import HEAD, picture_kind
from igcli.images.tiff import pages_of, refuse_raw, refuse_unread
from igcli.images.tiff_samples import read_every_sample
from igcli.images.tiff_strips import shape_of
from igcli.lazy import np, torch

if TYPE_CHECKING:
    from igcli.images.picture import Placement


@dataclass(frozen=True)
class Bands:
    """The bands of an upright picture.

    Attributes
    ----------
    samples
        ``values`` (H, W, C).
    limits
        The values that become 0 and 1.
    orientation
        The EXIF orientation by which each band is still to be turned.
    notes
        What was done.
    """

    samples: Samples
    limits: Range
    orientation: int = 1
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, upright."""
        height, width = self.samples.values.shape[:2]
        return (height, width) if self.orientation in _SIDEWAYS else (width, height)

    def pixels(self, place: Callable[[Image.Image], tuple[Image.Image, Placement]]) -> tuple[torch.Tensor, Placement]:
        """The pixels (C, H, W) float32 in [0, 1] that ``place`` makes of each band, and where they lie."""
        bands, values = [], self.samples.values
        for band in range(values.shape[2]):
            whole = shares(values[:, :, band], *self.limits, inverted=self.samples.inverted)
            seen, placement = place(self._turned(Image.fromarray(whole)))
            bands.append(np.asarray(seen).clip(0, 1))  # what bicubic filters add is cut, as of 8 bits
        return torch.from_numpy(np.stack(bands)), placement

    def image(self, drawn: tuple[int, ...]) -> Image.Image:
        """Three bands, or one, as an upright RGB image."""
        levels = byte_levels(self.samples.values[:, :, list(drawn)], *self.limits)
        if self.samples.inverted:
            levels = 255 - levels
        return self._turned(Image.fromarray(np.squeeze(levels, 2) if len(drawn) == 1 else levels).convert("RGB"))

    def _turned(self, image: Image.Image) -> Image.Image:
        return upright(image, stated=1, pending=self.orientation, rotate=True)[0]


_SIDEWAYS = (5, 6, 7, 8)
_RGB = 2


def decode_bands(data: bytes, channels: int, options: ReadOptions, *, name: str) -> Bands:
    """The bands of a picture file, as many as a network takes.

    Raises
    ------
    ImageError
        For a file that is no picture, is not whole, or has another number of bands.
    """
    check_beginning(data, name)
    try:
        return _decoded(data, channels, options, name, tolerant=False)
    except DamagedError:
        if not options.allow_truncated:
            raise
    found = _decoded(data, channels, options, name, tolerant=True)
    return replace(found, notes=("truncated, the missing part is filled in", *found.notes))


def _decoded(data: bytes, channels: int, options: ReadOptions, name: str, *, tolerant: bool) -> Bands:
    kind = picture_kind(data[:HEAD])
    if kind == KIND:
        array = npy_array(data, name=name, tolerant=tolerant)
        return scaled_bands(array_samples(array, (channels,), options, name=name), options, name=name)
    if kind == "TIFF":
        found = _of_tiff(data, channels, options, name, tolerant=tolerant)
        if found is not None:
            return found
    decoded = decode(data, options, name=name)
    return image_bands(decoded.image, decoded.notes, channels, options, name=name)


def image_bands(image: Image.Image, notes: tuple[str, ...], channels: int, options: ReadOptions, *, name: str) -> Bands:
    """The bands of an 8-bit image, the last of which is its opacity; ``notes`` are on how it was read."""
    count = len(image.getbands())
    if image.mode not in ("LA", "RGBA") or count != channels:
        raise _other_number(name, {"CMYK": 4}.get(image.mode, count), channels)
    values = np.asarray(image)
    found = scaled_bands(Samples(values, "8-bit", unsigned(8)), options, name=name)
    return replace(found, notes=(*notes, f"opacity as band {channels}"))


def scaled_bands(samples: Samples, options: ReadOptions, *, name: str, orientation: int = 1) -> Bands:
    """The samples with the range by which they are scaled.

    Raises
    ------
    ImageError
        For values that are not finite numbers.
    """
    chosen, notes = range_of(samples, options, name=name, to="0..1")
    turned = orientation if options.exif_rotate and orientation in TURNS else 1
    if orientation in TURNS:
        notes = (*notes, "rotated by EXIF" if turned != 1 else "EXIF rotation ignored")
    return Bands(samples, chosen, turned, notes)


def _of_tiff(data: bytes, channels: int, options: ReadOptions, name: str, *, tolerant: bool) -> Bands | None:
    """The samples of the first page, or of as many pages as the network has channels; ``None`` for other numbers."""
    pages = pages_of(data, most=channels + 1)
    if not pages:
        return None
    refuse_raw(pages[0], name)
    refuse_unread(pages[0], name)
    shapes = [shape_of(page) for page in pages]
    as_pages = shapes[0].count == 1 and len(pages) == channels
    if shapes[0].count != channels and not as_pages:
        usual = 4 if shapes[0].photometric == _RGB else 2
        if shapes[0].count > usual or (shapes[0].count == 1 and len(pages) > 1):
            number = shapes[0].count if shapes[0].count > 1 else len(pages)
            raise _other_number(name, number, channels, more=len(pages) > channels)
        return None
    if as_pages and len({(each.width, each.height, each.depths, each.formats) for each in shapes}) > 1:
        raise ImageError(f"{name} has pages of different sizes or types, which are no bands of one picture.")
    size = pages[0].whole(tag.WIDTH), pages[0].whole(tag.HEIGHT)
    bits = max(32, shapes[0].bits)
    check_size(size, name, options.max_pixels, weight=-(-channels * bits // 64))
    with pillow(name, max_pixels=None, tolerant=tolerant):
        read = pages if as_pages else pages[:1]
        samples = _joined([read_every_sample(page, name=name, tolerant=tolerant) for page in read])
    return scaled_bands(samples, options, name=name, orientation=pages[0].whole(TAG, 1))


def _joined(pages: list[Samples]) -> Samples:
    if len(pages) == 1:
        return pages[0]
    values = np.concatenate([page.values for page in pages], axis=2)
    return replace(pages[0], values=values, notes=(*pages[0].notes, f"{len(pages)} pages as bands"))


def _other_number(name: str, found: int, channels: int, *, more: bool = False) -> ImageError:
    """The error for a picture of another number of bands than the network takes."""
    count = f"{'more than ' if more else ''}{channels if more else found}"
    return ImageError(
        f"{name} has {count} band{'s' * (count != '1')}, and the network takes {channels}; give a TIFF or a .npy of "
        f"{channels}, or a network that takes such pictures."
    )
