"""The first frame of a DICOM file, by pydicom: to the values that the file means, and its own window on them.

Source: DICOM PS3.3, C.7.6.3 (pixels), C.11.1 (modality: slope and intercept, or a table) and C.11.2 (VOI: a window or
a table). Only elements that say how pixels are to be read are taken from the file, so that nothing of a patient can
reach a note or a record. ``dicom_header`` reads them within bounds.
"""

from __future__ import annotations

import logging
import struct
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from PIL import Image

from igcli.errors import ImageError
from igcli.images.dicom_header import PIXELS, header_of, number, one, whole_number
from igcli.images.frames import frames_note
from igcli.images.guard import DamagedError, check_size, pillow
from igcli.images.levels import Caution, Range, Samples, to_levels
from igcli.images.modes import not_windowed
from igcli.images.options import ReadOptions
from igcli.lazy import np

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

logging.getLogger("pydicom").addHandler(logging.NullHandler())  # else Python prints its complaints on stderr

_GREY = ("MONOCHROME1", "MONOCHROME2")
_COLOUR = ("RGB", "YBR_FULL", "YBR_FULL_422", "YBR_ICT", "YBR_RCT")
_PALETTE = "PALETTE COLOR"

#: What pydicom decodes compressed pixels with, by the beginnings of transfer syntaxes (PS3.5, section 10).
_DECODERS = (
    ("1.2.840.10008.1.2.4.8", "pyjpegls"),
    ("1.2.840.10008.1.2.4.9", "pylibjpeg pylibjpeg-openjpeg"),
    ("1.2.840.10008.1.2.4.20", "pylibjpeg pylibjpeg-openjpeg"),
    ("1.2.840.10008.1.2.4.10", ""),  # MPEG and HEVC
    ("1.2.840.10008.1.2.4.", "pylibjpeg pylibjpeg-libjpeg"),
)
_JPEG_12_BIT = "1.2.840.10008.1.2.4.51"
_RLE = "1.2.840.10008.1.2.5"


def read_dicom(data: bytes, options: ReadOptions, *, name: str, tolerant: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """The first frame as an 8-bit image, L or RGB, and notes on how it was read.

    Raises
    ------
    ImageError
        For a file without pixels, over ``options.max_pixels``, or encoded in a way that is not read here.
    DamagedError
        For one that is not whole; with ``tolerant`` what is missing of uncompressed pixels is 0.
    """
    try:
        import pydicom.pixels.decoders  # noqa: F401 - since 3.0
    except ImportError:
        raise ImageError(f"{name} is a DICOM file, and pydicom is too old: pip install -U pydicom.") from None
    with pillow(name, max_pixels=options.max_pixels, tolerant=tolerant):  # pydicom decodes JPEGs by Pillow
        header = header_of(data, name)
        check_size((whole_number(header, "Columns"), whole_number(header, "Rows")), name, options.max_pixels)
        _check_encoding(header, name)
        frames = max(1, whole_number(header, "NumberOfFrames", 1))
        values = _first_frame(header, name, frames, tolerant=tolerant)
        notes: tuple[str, ...] = (frames_note(frames),) if frames > 1 else ()
        if one(header, "BurnedInAnnotation") == "YES":
            notes += (Caution("the file says that its pixels hold text, perhaps a name: maps show it too"),)
        kind = one(header, "PhotometricInterpretation")
        if kind not in _GREY:
            return _coloured(header, values, options, name=name, notes=(*notes, f"DICOM {kind}"))
        samples = _grey(header, values, own_window=options.window == "file")
        image, done = to_levels(samples, options, name=name)
        return image, (*notes, *done, *(("MONOCHROME1 inverted",) if samples.inverted else ()))


def _check_encoding(header: Dataset, name: str) -> None:
    """Raise ``ImageError`` for pixels of a kind, or compressed in a way, that cannot be read here."""
    from pydicom.pixels.decoders.base import get_decoder

    kind, count = one(header, "PhotometricInterpretation"), whole_number(header, "SamplesPerPixel", 1)
    if kind not in (*_GREY, *_COLOUR, _PALETTE):
        said = f"states the colours {str(kind)[:30]!r}" if kind else "does not state its colours"
        raise ImageError(f"{name} {said}, which are not read; save it as MONOCHROME2 or RGB, or as a PNG.")
    if count != (3 if kind in _COLOUR else 1):
        raise ImageError(f"{name} contradicts itself ({kind}, {count} samples per pixel); export it again.")
    syntax = header.file_meta.TransferSyntaxUID
    packages = next((packages for start, packages in _DECODERS if syntax.startswith(start)), "")
    try:
        decoder = get_decoder(syntax)
    except NotImplementedError:
        step = (
            "take a frame out of it with ffmpeg"
            if "MPEG" in syntax.name or "HEVC" in syntax.name
            else "save it uncompressed, as with dcmdjpeg or gdcmconv -w"
        )
        raise ImageError(f"{name} is a DICOM file whose pixels are encoded as {syntax.name[:100]}; {step}.") from None
    deeper = syntax == _JPEG_12_BIT and whole_number(header, "BitsStored", 8) > 8
    if not decoder.is_available or (deeper and set(decoder.available_plugins) == {"pillow"}):
        raise ImageError(
            f"{name} is a DICOM file compressed as {syntax.name[:100]}, which takes another package: pip install "
            f"{packages}; or save it uncompressed."
        )


def _first_frame(header: Dataset, name: str, frames: int, *, tolerant: bool) -> np.ndarray:
    """(H, W) or (H, W, 3) stored values; colours as RGB."""
    from pydicom.encaps import get_frame
    from pydicom.pixels.utils import get_expected_length, pixel_array

    syntax = header.file_meta.TransferSyntaxUID
    if syntax.is_compressed and syntax.is_encapsulated:
        if syntax == _RLE:
            size = whole_number(header, "Rows") * whole_number(header, "Columns")
            _check_rle(get_frame(header.PixelData, 0, number_of_frames=frames), size, name)
        return np.asarray(pixel_array(header, index=0))
    header.NumberOfFrames = 1  # what the file states need not be true
    pixels = next(each for each in PIXELS if each in header)
    length, element = get_expected_length(header), header[pixels]
    content = element.value or b""
    if len(content) < length:
        if not tolerant:
            raise DamagedError(
                f"{name} is cut off: {length - len(content):,} bytes of its first frame are missing; copy it again, or "
                "use --allow-truncated to read the rest."
            )
        content += bytes(length - len(content))
    element.value = content[: length + length % 2].ljust(length + length % 2, b"\0")
    return np.asarray(pixel_array(header, index=0))


def _check_rle(frame: bytes, pixels: int, name: str) -> None:
    """Raise ``ImageError`` if a segment unpacks to far more than one byte per pixel (PS3.5, annex G)."""
    if len(frame) < 64:
        raise DamagedError(f"{name} is cut off or damaged (no RLE header); copy it again.")
    count, *offsets = struct.unpack("<16L", frame[:64])
    bounds = [*offsets[: min(count, 15)], len(frame)]
    for start, end in pairwise(bounds):
        size, at = 0, start
        while at < end and size <= 2 * pixels + 256:
            code = frame[at]
            size += code + 1 if code < 128 else (257 - code) % 129
            at += code + 2 if code < 128 else 2 if code > 128 else 1
        if at < end:
            raise ImageError(f"{name} unpacks to far more than its {pixels:,} pixels; export it again.")


def _coloured(
    header: Dataset, values: np.ndarray, options: ReadOptions, *, name: str, notes: tuple[str, ...]
) -> tuple[Image.Image, tuple[str, ...]]:
    """Colours that are there, or that a palette gives."""
    from pydicom.pixels.processing import apply_color_lut

    bits = whole_number(header, "BitsStored", 8)
    if one(header, "PhotometricInterpretation") == _PALETTE:
        values = apply_color_lut(values, header)[:, :, :3]
        bits = 8 * values.dtype.itemsize
    if values.dtype == np.uint8 and bits == 8:
        return Image.fromarray(values), (*notes, *not_windowed(options))
    image, done = to_levels(Samples(values, f"{bits}-bit", ((0.0, 2.0**bits - 1),)), options, name=name)
    return image, (*notes, *done)


def _grey(header: Dataset, values: np.ndarray, *, own_window: bool) -> Samples:
    """The values that the file means; with ``own_window`` its window on them, or the table that is in its place."""
    values, nominal = _modality(header, values)
    how: dict[str, Any] = {"inverted": one(header, "PhotometricInterpretation") == "MONOCHROME1"}
    kind = f"{whole_number(header, 'BitsStored', 16)}-bit DICOM" if "PixelData" in header else "float DICOM"
    if own_window and header.get("VOILUTSequence"):
        from pydicom.pixels.processing import apply_voi

        values = apply_voi(np.rint(values).astype(np.int32), header)
        top = 2.0 ** int(header.VOILUTSequence[0].LUTDescriptor[2]) - 1
        how |= {"window": (0.0, top), "notes": ("its table of values (VOI LUT) applied",)}
    elif own_window and (window := _window(header)) is not None:
        if one(header, "VOILUTFunction") == "SIGMOID":  # C.11.2.1.3.1
            centre, width = number(header, "WindowCenter"), number(header, "WindowWidth")
            values = 1 / (1 + np.exp(np.clip(-4 * (values.astype(np.float32) - centre) / width, -80, 80)))
            window, how["notes"] = (0.0, 1.0), (f"its sigmoid window applied, centre {centre:g}, width {width:g}",)
        how["window"] = window
    elif own_window and "WindowWidth" in header:
        how["notes"] = (Caution("the file's window is unusable (a width under 1, or no number) and not used"),)
    return Samples(values[:, :, None], kind, nominal, **how)


def _modality(header: Dataset, values: np.ndarray) -> tuple[np.ndarray, tuple[Range, ...]]:
    """The values by the file's slope and intercept or table, and the range that its stored bits have there."""
    if header.get("ModalityLUTSequence"):
        from pydicom.pixels.processing import apply_modality_lut

        descriptor = header.ModalityLUTSequence[0].LUTDescriptor
        bits, descriptor[2] = int(descriptor[2]), 8 if descriptor[2] <= 8 else 16  # pydicom takes it for a type
        return apply_modality_lut(values, header), ((0.0, 2.0**bits - 1),)
    slope, intercept = number(header, "RescaleSlope", 1.0), number(header, "RescaleIntercept", 0.0)
    bits = whole_number(header, "BitsStored", 16)
    low = -(2.0 ** (bits - 1)) if whole_number(header, "PixelRepresentation", 0) else 0.0
    ends = sorted((end * slope + intercept) for end in (low, low + 2.0**bits - 1))
    if (slope, intercept) != (1.0, 0.0):
        values = values.astype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
        values *= slope
        values += intercept
    wide = bits > 16 or "PixelData" not in header  # such types are wider than any picture: its own extremes are shown
    return values, () if wide else ((ends[0], ends[1]),)


def _window(header: Dataset) -> Range | None:
    """The values that become black and white (C.11.2.1.2); ``None`` without a usable window."""
    centre, width = number(header, "WindowCenter", np.nan), number(header, "WindowWidth", np.nan)
    exact = one(header, "VOILUTFunction") in ("LINEAR_EXACT", "SIGMOID")
    if not exact:
        centre, width = centre - 0.5, width - 1
    usable = np.isfinite(centre) and np.isfinite(width) and width > 0
    return (centre - width / 2, centre + width / 2) if usable else None
