"""The header of a ``.npy`` file: the shape and the type of its array, read without its values.

Source: NumPy's format description (numpy.lib.format).
"""

from __future__ import annotations

import io

from igcli.lazy import np

_LONGEST_HEADER = 10_000
LONGEST_HEAD = _LONGEST_HEADER + 12
"""Bytes from the beginning of a file in which a header that is read ends."""


def npy_header(file: io.BytesIO) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether columns follow one another, and type; numpy lets through what its own parser raises."""
    version = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    return read(file, max_header_size=_LONGEST_HEADER)


def has_picture_shape(head: bytes) -> bool:
    """Whether an array can be a picture by its header: numbers, on two or three axes, two of them longer than 1.

    Features, labels and boxes of single photos are mostly of other shapes. A header that cannot be read counts, so that
    the file is not passed over in silence.

    Parameters
    ----------
    head
        The first bytes of the file, at least ``LONGEST_HEAD`` where it has as many.
    """
    try:
        shape, _, kind = npy_header(io.BytesIO(head))
    except Exception:  # numpy lets through what its own parser raises
        return True
    return kind.kind in "buif" and len(shape) in (2, 3) and sum(side > 1 for side in shape) >= 2
