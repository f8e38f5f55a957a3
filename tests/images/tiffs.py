"""TIFFs written by hand from TIFF 6.0, also of layouts that no encoder offers."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence

import numpy as np

_WIDTHS = {"H": 3, "I": 4, "f": 11, "d": 12, "h": 8, "B": 1}


def tiff(
    width: int,
    height: int,
    strips: Sequence[bytes],
    *,
    bits: Sequence[int] = (8,),
    photometric: int = 1,
    sample_format: int = 1,
    order: str = "<",
    tags: Mapping[int, tuple[str, Sequence[float]]] | None = None,
    next_directory: int = 0,
) -> bytes:
    """A TIFF of one directory behind its strips; ``tags`` maps numbers to a ``struct`` letter and values.

    ``None`` for the values omits a tag.
    """
    body = b"".join(strips) + b"\0" * (sum(map(len, strips)) % 2)
    offsets = [8 + sum(map(len, strips[:i])) for i in range(len(strips))]
    entries: dict[int, tuple[str, Sequence[float]]] = {
        256: ("I", [width]),
        257: ("I", [height]),
        258: ("H", bits),
        259: ("H", [1]),
        262: ("H", [photometric]),
        273: ("I", offsets),
        277: ("H", [len(bits)]),
        278: ("I", [height]),
        279: ("I", [len(strip) for strip in strips]),
        339: ("H", [sample_format] * len(bits)),
        **(tags or {}),
    }
    entries = {tag: entry for tag, entry in entries.items() if len(entry[1])}
    start = 8 + len(body)
    behind = start + 2 + 12 * len(entries) + 4
    directory, extra = struct.pack(f"{order}H", len(entries)), b""
    for tag, (letter, values) in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}{letter}", *values)
        directory += struct.pack(f"{order}HHI", tag, _WIDTHS[letter], len(values))
        directory += packed.ljust(4, b"\0") if len(packed) <= 4 else struct.pack(f"{order}I", behind + len(extra))
        extra += packed + b"\0" * (len(packed) % 2) if len(packed) > 4 else b""
    mark = b"II" if order == "<" else b"MM"
    head = mark + struct.pack(f"{order}HI", 42, start)
    return head + body + directory + struct.pack(f"{order}I", next_directory) + extra


def of_array(values: np.ndarray, *, order: str = "<", **options: object) -> bytes:
    """An uncompressed TIFF of (H, W) or (H, W, C) values in one strip."""
    kinds = {"u": 1, "i": 2, "f": 3}
    bits = (8 * values.dtype.itemsize,) * (values.shape[2] if values.ndim == 3 else 1)
    data = values.astype(values.dtype.newbyteorder(order)).tobytes()
    height, width = values.shape[:2]
    settings: dict[str, object] = {"sample_format": kinds[values.dtype.kind], "order": order, **options}
    return tiff(width, height, [data], bits=bits, **settings)  # type: ignore[arg-type]
