"""The bytes of an archive from its beginning to its end, unpacked on the way, forwards only and within a limit.

What packed them is seen from their first bytes, not from the file's name. What they mean is the business of ``tar``.
"""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from igcli.errors import IgError, ImageError
from igcli.images.source import FileState, shown

ALWAYS_UNPACKED = 256 << 20
"""Bytes that any compressed archive may unpack to, however small it is."""

UNPACKED_PER_BYTE = 100
"""Bytes that each of its own adds to that; photos are packed already and come to about one."""

_PIECE = 1 << 20


class ArchiveError(ImageError):
    """An archive that cannot be read, or not any further."""


class Stream:
    """An archive's bytes; every method raises :class:`ArchiveError` where it cannot go on.

    Attributes
    ----------
    name
        The archive's path, for messages.
    position
        Bytes read or skipped so far, counted as they are once unpacked.
    compressed
        Whether going forward means unpacking. Then no more is unpacked than ``ALWAYS_UNPACKED`` and
        ``UNPACKED_PER_BYTE`` allow.
    state
        Of the archive when it was opened.
    """

    def __init__(self, path: Path) -> None:
        self.name = shown(path)
        self.position = 0
        with self._explained():
            self._packed: BinaryIO = path.open("rb")
        try:
            with self._explained():
                self.state = FileState.of(os.fstat(self._packed.fileno()))
                unpacked = _unpacked(self._packed, self.name)
        except ArchiveError:
            self._packed.close()
            raise
        self.compressed = unpacked is not None
        self._file = unpacked or self._packed
        self._limit = ALWAYS_UNPACKED + UNPACKED_PER_BYTE * self.state.size if self.compressed else self.state.size

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only where the archive ends."""
        if self.compressed:
            self._check_limit(self.position + size)
        else:
            size = min(size, max(0, self._limit - self.position))  # what is not there takes no memory
        with self._explained():
            data = self._file.read(size)
        self.position += len(data)
        return data

    def skip_to(self, position: int) -> None:
        """Go forward to ``position``, which must lie within the archive."""
        if self.compressed:
            self._check_limit(position)
            while self.position < position:
                if not self.read(min(_PIECE, position - self.position)):
                    raise self.cut()
        elif position > self._limit:
            raise self.cut()
        else:
            with self._explained():
                self._packed.seek(position)
            self.position = position

    def check_unchanged(self, since: FileState | None = None) -> None:
        """Raise :class:`ArchiveError` if the archive was written to since it was opened, or was ``since`` then."""
        with self._explained():
            now = FileState.of(os.fstat(self._packed.fileno()))
        if not self.state == now == (since or now):
            raise ArchiveError(f"{self.name} has changed since it was listed; start again.")

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()
        self._packed.close()

    def cut(self) -> ArchiveError:
        """What to raise where the archive ends and should not."""
        return ArchiveError(f"{self.name} is cut off in the middle of a member; copy or download it again.")

    def _check_limit(self, position: int) -> None:
        if position > self._limit:
            raise ArchiveError(
                f"{self.name} unpacks, or claims to, to more than {self._limit:,} bytes, absurdly much for its size; "
                "if you trust it, unpack it yourself and name the folder."
            )

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except IgError:
            raise
        except FileNotFoundError:
            raise ArchiveError(f"{self.name} does not exist; check the spelling and the folder.") from None
        except PermissionError:
            raise ArchiveError(f"{self.name} may not be read; change its permissions, or copy it.") from None
        except MemoryError:
            raise ArchiveError(f"{self.name} does not fit into memory; make its pictures smaller.") from None
        except Exception as error:  # each way of packing has errors of its own
            reason = " ".join(str(error).split()) or type(error).__name__
            raise ArchiveError(f"{self.name} is cut off or damaged ({reason}); copy or download it again.") from error


def _unpacked(packed: BinaryIO, name: str) -> BinaryIO | None:
    """What unpacks ``packed``; ``None`` where nothing needs to."""
    start = packed.read(6)
    packed.seek(0)
    for signature, module, reader in _PACKINGS:
        if start.startswith(signature):
            try:
                file = getattr(importlib.import_module(module), reader)(packed)
            except ImportError:
                tool = module.rpartition(".")[2]
                raise ArchiveError(
                    f"{name} is packed with {tool}, which this Python cannot unpack (zstd needs Python 3.14); "
                    "unpack it yourself and name the folder."
                ) from None
            return cast("BinaryIO", io.BufferedReader(file) if isinstance(file, io.RawIOBase) else file)
    return None


_PACKINGS = (
    (b"\x1f\x8b", "gzip", "open"),
    (b"BZh", "bz2", "open"),
    (b"\xfd7zXZ\0", "igcli.images.xz", "XzReader"),
    (b"\x28\xb5\x2f\xfd", "compression.zstd", "open"),
)
"""The first bytes of what is packed, and who unpacks it; any of these can be missing from a Python."""
