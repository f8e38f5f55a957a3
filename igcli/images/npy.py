"""NumPy's ``.npy`` files: the array that the header announces, without pickles and without believing the header.

Source: NumPy's format description (numpy.lib.format). The header's length, types and shape are checked against the
bytes that are there, before any memory is taken for the array.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from igcli.errors import ImageError
from igcli.images.guard import DamagedError, check_size
from igcli.images.levels import Samples, opacity_levels, to_levels, type_range
from igcli.images.npy_header import npy_header
from igcli.images.options import ReadOptions
from igcli.lazy import np

if TYPE_CHECKING:
    from PIL import Image

KIND = "NPY"
"""Of these files, among the formats of ``signatures.picture_kind``."""

_COLOURS = (3, 1, 4, 2)


def read_npy(data: bytes, options: ReadOptions, *, name: str, tolerant: bool) -> tuple[Image.Image, tuple[str, ...]]:
    """An array (H, W), or with 1 to 4 channels in its last or first axis, as an 8-bit image, and notes on it.

    Two and four channels are grey and colour with opacity.

    Raises
    ------
    ImageError
        For an array that is none of these, of Python objects, larger than ``options.max_pixels``, or not whole.
    """
    samples = array_samples(npy_array(data, name=name, tolerant=tolerant), _COLOURS, options, name=name)
    values = samples.values
    if values.shape[2] in (2, 4):
        full = 1.0 if values.dtype.kind == "f" else float(np.iinfo(values.dtype).max)
        samples = replace(samples, values=values[:, :, :-1], alpha=opacity_levels(values[:, :, -1], full))
    return to_levels(samples, options, name=name)


def npy_array(data: bytes, *, name: str, tolerant: bool = False) -> np.ndarray:
    """The array in a file's bytes, which it shares; with ``tolerant``, values that are missing are 0.

    Raises
    ------
    ImageError
        For Python objects, which are never unpickled, and for values that are no numbers.
    DamagedError
        Where the header cannot be read, or fewer bytes follow than it announces.
    """
    file = io.BytesIO(data)
    try:
        shape, by_columns, kind = npy_header(file)
    except Exception as error:  # numpy lets through what its own parser raises
        raise DamagedError(
            f"{name} is a NumPy array whose header cannot be read; save it again with numpy.save."
        ) from error
    if kind.hasobject:
        raise ImageError(f"{name} holds Python objects, which could run any program; save an array of numbers.")
    if kind.kind not in "buif" or kind.itemsize > 8:
        raise ImageError(f"{name} holds values of the type {kind}, and a picture has whole or real numbers.")
    if not all(type(side) is int and side > 0 for side in shape):
        raise ImageError(f"{name} is an empty array of the shape {shape}; save it again.")
    size = math.prod(shape) * kind.itemsize
    body = memoryview(data)[file.tell() :]
    if len(body) < size:
        missing = size - len(body)
        if not tolerant or missing > len(data):  # what is made up is never more than what is there
            raise DamagedError(
                f"{name} is cut off: its header announces {size:,} bytes of values, and {missing:,} are missing; "
                "copy it again."
            )
        body = memoryview(bytes(body) + bytes(missing))
    found = np.frombuffer(body[:size], kind).reshape(shape, order="F" if by_columns else "C")
    return found.astype(kind.newbyteorder("="), copy=False)


def array_samples(array: np.ndarray, counts: Sequence[int], options: ReadOptions, *, name: str) -> Samples:
    """An array as samples (H, W, C), of which C is in ``counts``.

    An array of two axes is (H, W). Of three axes, the last one holds the channels if it has a length in ``counts``,
    and the first one if only that has: (H, W, C) before (C, H, W).

    Raises
    ------
    ImageError
        For other shapes, and more pixels than ``options.max_pixels``, each counted for every 8 bytes of float32.
    """
    if array.ndim == 2 and 1 in counts:
        values, order = array[:, :, None], "(H, W)"
    elif array.ndim == 3 and array.shape[2] in counts:
        values, order = array, "(H, W, C)"
    elif array.ndim == 3 and array.shape[0] in counts:
        values, order = array.transpose(1, 2, 0), "(C, H, W)"
    else:
        shape = "of " + " x ".join(map(str, array.shape)) if array.ndim else "without axes"
        wanted = str(counts[0]) if len(counts) == 1 else "1 to 4"
        raise ImageError(
            f"{name} is an array {shape}, and neither its last nor its first axis has {wanted} "
            f"channel{'s' * (wanted != '1')}; save one picture as (H, W, C) or (C, H, W), or say --channels."
        )
    height, width, channels = values.shape
    check_size((width, height), name, options.max_pixels, weight=-(-channels * 4 // 8))
    if values.dtype == np.bool_:
        return Samples(values.astype(np.uint8), "boolean", ((0.0, 1.0),), notes=(f"array {order}",))
    kind, nominal = type_range(values.dtype.kind, 8 * values.dtype.itemsize)
    return Samples(values, kind, nominal, notes=(f"array {order}",))
