"""The elements of a DICOM file that say how its pixels are to be read, and the pixels; within stated bounds.

Elements of a patient are skipped unread. What comes from a file need not have the type that the standard asks for:
:func:`number`, :func:`whole_number` and :func:`one` read values whatever is there.
"""

from __future__ import annotations

import io
import math
import zlib
from typing import TYPE_CHECKING, Any

from igcli.errors import ImageError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MOST_READS = 1_000_000
"""Reads from the file, about two for each element; a file of a gigabyte could hold a hundred million."""

MOST_INFLATED = 1 << 28
"""Bytes that a deflated file may unpack to."""

MOST_VALUE = 1 << 18
"""Bytes of a value that is read as numbers; the longest table has half of it."""

PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
"""The elements of which one holds the pixels."""

_START, _UNSTATED = 132, 0xFFFFFFFF
_KEYWORDS = (
    "Rows", "Columns", "SamplesPerPixel", "PhotometricInterpretation", "PlanarConfiguration", "NumberOfFrames",
    "BitsAllocated", "BitsStored", "HighBit", "PixelRepresentation", "BurnedInAnnotation", "PixelPresentation",
    "RescaleSlope", "RescaleIntercept", "ModalityLUTSequence", "WindowCenter", "WindowWidth", "VOILUTFunction",
    "VOILUTSequence", "RedPaletteColorLookupTableDescriptor", "GreenPaletteColorLookupTableDescriptor",
    "BluePaletteColorLookupTableDescriptor", "RedPaletteColorLookupTableData", "GreenPaletteColorLookupTableData",
    "BluePaletteColorLookupTableData", "SegmentedRedPaletteColorLookupTableData",
    "SegmentedGreenPaletteColorLookupTableData", "SegmentedBluePaletteColorLookupTableData",
    "SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence", "ExtendedOffsetTable",
    "ExtendedOffsetTableLengths", *PIXELS,
)  # fmt: skip


def header_of(data: bytes, name: str) -> Dataset:
    """What the file says of its pixels, with the pixels, and ``file_meta`` with the transfer syntax.

    Of an enhanced file, the settings of its first frame, else those that all frames share, are among its own.

    Raises
    ------
    ImageError
        For a file without pixels, without a transfer syntax, or with more elements than are read.
    """
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset
    from pydicom.tag import Tag
    from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

    stream = _CountedReads(data, name)
    stream.seek(_START)
    meta = read_dataset(stream, False, True, stop_when=lambda tag, _vr, _length: tag >> 16 != 2)  # noqa: FBT003
    syntax = meta.get("TransferSyntaxUID")
    if not syntax or not syntax.is_transfer_syntax:
        raise ImageError(f"{name} is a DICOM file that does not say how its pixels are encoded; export it again.")
    if syntax == DeflatedExplicitVRLittleEndian:
        stream = _CountedReads(_inflated(data[stream.tell() :], name), name)
        syntax = ExplicitVRLittleEndian
    implicit, little = syntax.is_implicit_VR, syntax.is_little_endian
    header = read_dataset(stream, implicit, little, specific_tags=[Tag(keyword) for keyword in _KEYWORDS])
    if not any(each in header for each in PIXELS):
        raise ImageError(f"{name} is a DICOM file without a picture (a report, a plan, a directory); leave it out.")
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = syntax
    header.set_original_encoding(implicit, little)
    _take_groups(header, name)
    _take_tables(header, name)
    _check_lengths(header, name)
    return header


class _CountedReads(io.BytesIO):
    """Bytes that are read a limited number of times."""

    def __init__(self, data: bytes, name: str) -> None:
        super().__init__(data)
        self._name, self._left = name, MOST_READS

    def read(self, size: int | None = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise ImageError(f"{self._name} has more elements than are read of a DICOM file; export its picture alone.")
        return super().read(size)


def _inflated(packed: bytes, name: str) -> bytes:
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    data = unpacking.decompress(packed, MOST_INFLATED)
    if unpacking.unconsumed_tail:
        raise ImageError(f"{name} unpacks to more than {MOST_INFLATED:,} bytes; save it without deflate.")
    return data


def _take_groups(header: Dataset, name: str) -> None:
    """Copy the settings of the first frame of an enhanced file to where others have them (PS3.3, C.7.6.16)."""
    for keyword in ("SharedFunctionalGroupsSequence", "PerFrameFunctionalGroupsSequence"):
        group = _first_item(header, keyword, name)
        for inner in ("PixelValueTransformationSequence", "FrameVOILUTSequence"):
            settings = _first_item(group, inner, name)
            header.update({tag: settings.get_item(tag) for tag in list(settings.keys()) if _keyword(tag) in _KEYWORDS})


def _take_tables(header: Dataset, name: str) -> None:
    """Reduce sequences of tables to their first ones."""
    from pydicom.sequence import Sequence

    for keyword in ("ModalityLUTSequence", "VOILUTSequence"):
        if keyword in header:
            item = _first_item(header, keyword, name)
            _check_lengths(item, name, also=("LUTData",))
            setattr(header, keyword, Sequence([item]))


def _first_item(header: Dataset, keyword: str, name: str) -> Dataset:
    """The first item of a sequence, empty where there is none; of a million others none is read, if lengths are stated.

    A sequence is bytes (PS3.5, section 7.5) until it is asked for; one that does not state its length is read already.
    """
    from pydicom.dataset import Dataset
    from pydicom.filereader import read_dataset

    sequence: Any = header.get_item(keyword) if keyword in header else None
    if sequence is None or not isinstance(sequence.value, bytes):
        return next(iter(() if sequence is None else sequence.value or ()), Dataset())
    little = bool(sequence.is_little_endian)
    length = int.from_bytes(sequence.value[4:8], "little" if little else "big")
    item = _CountedReads(sequence.value[8 : None if length == _UNSTATED else 8 + length], name)
    return read_dataset(item, sequence.is_implicit_VR, little)


def _check_lengths(header: Dataset, name: str, *, also: tuple[str, ...] = ()) -> None:
    """Raise ``ImageError`` for values that take far more memory as numbers than as bytes and are absurdly long."""
    for tag in list(header.keys()):
        value, keyword = header.get_item(tag).value, _keyword(tag)
        bulk = keyword.endswith(("Data", "Sequence", "Table", "Lengths")) and keyword not in also
        if isinstance(value, bytes) and len(value) > MOST_VALUE and not bulk:
            raise ImageError(f"{name} has {len(value):,} bytes under {keyword}, which is absurd; export it again.")


def _keyword(tag: Any) -> str:
    from pydicom.datadict import keyword_for_tag

    return keyword_for_tag(tag)


def one(header: Dataset, keyword: str) -> object:
    """The element's value, the first of several; ``None`` if it is missing or empty."""
    value = header.get(keyword)
    if value is not None and not isinstance(value, (str, bytes, int, float)):
        value = next(iter(value), None)
    return value


def number(header: Dataset, keyword: str, otherwise: float = math.nan) -> float:
    """The element's value, the first of several, as a number; ``otherwise`` if it is missing or empty."""
    try:
        value = one(header, keyword)
        return otherwise if value in (None, "") else float(str(value))
    except (ValueError, TypeError, OverflowError):
        return math.nan


def whole_number(header: Dataset, keyword: str, otherwise: int | None = None) -> int:
    """The element's value as a whole number; ``ValueError`` if it is none, or missing without ``otherwise``."""
    value = number(header, keyword, math.nan if otherwise is None else otherwise)
    if not math.isfinite(value) or value != int(value):
        raise ValueError(f"the value of {keyword} is missing or no number")
    return int(value)
