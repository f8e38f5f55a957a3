"""xz, unpacked as ``lzma.open`` does it, but not in whatever amount of memory the file's header asks for."""

from __future__ import annotations

import io
import lzma
from typing import BinaryIO

MEMORY = 256 << 20
"""Bytes that unpacking may take; ``xz -9`` needs 65 MiB, a header can claim 4 GiB."""

_PIECE = 1 << 18


class XzReader(io.RawIOBase):
    """The bytes that ``packed`` unpacks to, its streams one after the other."""

    def __init__(self, packed: BinaryIO) -> None:
        self._packed = packed
        self._decoder = _decoder()

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill what it can of ``buffer``.

        Raises
        ------
        EOFError, lzma.LZMAError
            For data that is cut off or damaged, or that needs more than ``MEMORY``.
        """
        while True:
            piece = b""
            if self._decoder.eof:
                piece = (self._decoder.unused_data or self._packed.read(_PIECE)).lstrip(b"\0")  # zeros are padding
                if not piece:
                    return 0
                self._decoder = _decoder()
            elif self._decoder.needs_input:
                piece = self._packed.read(_PIECE)
                if not piece:
                    raise EOFError("the end-of-stream marker is missing")
            data = self._decoder.decompress(piece, len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)


def _decoder() -> lzma.LZMADecompressor:
    return lzma.LZMADecompressor(format=lzma.FORMAT_XZ, memlimit=MEMORY)
