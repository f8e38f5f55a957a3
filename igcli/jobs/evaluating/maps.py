"""Maps on the disk: those that were made, kept for the next metric, and those of another tool."""

from __future__ import annotations

import hashlib
import io
import math
import tokenize
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from igcli.bounded import open_regular
from igcli.errors import ImageError, UsageError
from igcli.jobs.files import write_whole
from igcli.lazy import np

#: Bytes of the arrays in one file, and of the file; a map of 1,000 × 1,000 pixels takes 12 million.
LARGEST = 2**28

#: What reading arrays that anyone may have made can raise.
_UNREADABLE = (
    OSError,
    ValueError,
    EOFError,
    MemoryError,
    NotImplementedError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)

Maps = dict[str, "np.ndarray"]


def save_maps(path: Path, maps: Mapping[str, np.ndarray]) -> None:
    """Write maps, (C, H, W) float32 by name, as one ``.npz``."""
    buffer = io.BytesIO()
    arrays: dict[str, Any] = dict(maps)  # newer types of savez take the names to be those of its options
    np.savez(buffer, **arrays)
    write_whole(path, buffer.getvalue())


def load_maps(path: Path) -> Maps:
    """The maps in a file of :func:`save_maps`; none where it is missing or damaged."""
    try:
        return _read(path)
    except _UNREADABLE:
        return {}


def digest_of(maps: Mapping[str, np.ndarray]) -> str:
    """SHA-256 of names, types, shapes and values."""
    digest = hashlib.sha256()
    for name, values in sorted(maps.items()):
        digest.update(f"{name}:{values.dtype}:{values.shape}:".encode("utf-8", "replace"))
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


class OtherMaps:
    """The maps of another tool in a folder: ``.npz`` or ``.npy``, with the photos' names.

    An ``.npz`` holds maps under their methods' names; an ``.npy`` is one map, called as the folder.

    Raises
    ------
    UsageError
        For a folder without such files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        files = sorted(path for path in folder.rglob("*") if path.suffix in (".npz", ".npy")) if folder.is_dir() else []
        if not files:
            raise UsageError(f"{folder} has no .npz or .npy files in it: give the folder with the maps.")
        self._files = {path.relative_to(folder).with_suffix("").as_posix(): path for path in files}

    def of(self, relative: Path) -> Maps:
        """The maps of the photo at this path below its folder.

        Raises
        ------
        ImageError
            When there is no file for it, or one that cannot be read.
        """
        path = self._files.get(relative.with_suffix("").as_posix()) or self._files.get(relative.stem)
        if path is None:
            raise ImageError(f"{self._folder} has no map called {relative.stem}: name maps as their photos.")
        try:
            return _read(path, alone=self._folder.name)
        except _UNREADABLE as error:
            raise ImageError(f"{path} holds no maps that can be read ({error}): save them with numpy.") from error


def _read(path: Path, *, alone: str = "map") -> Maps:
    """All arrays in a file; the only one of an ``.npy`` is called ``alone``. A pickle in it is refused, never run.

    Raises
    ------
    OSError, ValueError, BadZipFile
        For what is no regular file, no arrays, or larger than ``LARGEST``, packed or unpacked.
    """
    with open_regular(path) as file:
        if file.read(2) != b"PK":
            file.seek(0)
            return {alone: _array(file.read(LARGEST + 1))}
        with zipfile.ZipFile(file) as archive:
            room, maps = LARGEST, {}
            for entry in archive.infolist():
                with archive.open(entry) as packed:
                    data = packed.read(room + 1)  # what the entry says of its size need not be true
                maps[entry.filename.removesuffix(".npy")] = _array(data, room)
                room -= len(data)
            return maps


def _array(data: bytes, limit: int | None = None) -> np.ndarray:
    """The array in the bytes of an ``.npy``, whose header may claim anything."""
    limit = LARGEST if limit is None else limit
    if len(data) > limit:
        raise ValueError(f"more than {LARGEST:,} bytes")
    buffer = io.BytesIO(data)
    version = np.lib.format.read_magic(buffer)
    if version not in ((1, 0), (2, 0)):
        raise ValueError("an .npy of another version than 1 or 2")
    header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
    try:
        shape, _, dtype = header(buffer)
    except (tokenize.TokenError, SyntaxError, TypeError, RecursionError, MemoryError) as error:  # of a damaged one
        raise ValueError("its header cannot be read") from error
    if math.prod(shape) * dtype.itemsize > len(data):
        raise ValueError("its header claims more numbers than there are")
    buffer.seek(0)
    return np.lib.format.read_array(buffer, allow_pickle=False)
