"""Limits on files of weights, checked before they are read: the size they unpack to, tensors' shapes, steps.

A file of weights may come from anyone. A zip archive of some megabytes can unpack to gigabytes; 200 bytes of pickle can
ask for 2**40 steps (tuples of tuples as a dictionary's key). Nothing here makes a tensor: ``weights`` does.
"""

from __future__ import annotations

import math
import struct
import zipfile
import zlib
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO

from igcli.bounded import open_regular
from igcli.errors import WeightsError
from igcli.models.pickle_steps import TooMuch, check_pickle

if TYPE_CHECKING:
    from pathlib import Path

MOST_TENSORS = 200_000
"""Tensors (and files in an archive); the largest of timm's networks has some thousands."""

LARGEST_PICKLE = 64 << 20
"""Bytes of the list of tensors in an archive, which holds no numbers."""

MOST_DIMENSIONS = 64
"""Dimensions of a tensor; torch itself can iterate over no more."""

COMPRESSED_ROOM = 256 << 20
"""Bytes that a compressed archive may unpack to, if the network's size is unknown."""


def check_archive(path: Path, *, room: int = COMPRESSED_ROOM) -> None:
    """Refuse a zip archive that unpacks to more than ``room`` bytes and more than its own size, or is not torch's.

    ``torch.save`` does not compress: what it writes always passes.

    Raises
    ------
    WeightsError
        With the reason; also for duplicate names, and for pickles that need too many steps.
    """
    with open_regular(path) as file:
        _check_directory(file, path)
        try:
            with zipfile.ZipFile(file) as archive:
                entries = archive.infolist()
                _check_entries(entries, path, room=max(room, file.seek(0, 2)))
                for entry in entries:
                    if _is_pickle(entry) and not _check_steps(BytesIO(archive.read(entry)), path):
                        raise WeightsError(f"{path} is damaged or cut short. Get the weights again.")
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, zlib.error) as problem:
            raise WeightsError(f"{path} is damaged or cut short ({problem}). Get the weights again.") from problem


def check_bare_pickle(path: Path) -> bool:
    """Refuse a file of pickles, as older versions of torch wrote, if they need too many steps.

    Returns
    -------
    bool
        Whether the file begins with a pickle.
    """
    with open_regular(path) as file:
        whole = [_check_steps(file, path) for _ in range(_PICKLES)]
    return whole[0]


_PICKLES = 5
"""Before the numbers: a magic number, the protocol, the system, the content, the storages' keys."""


def is_possible(shape: list[object]) -> bool:
    """Whether torch could make a tensor of such whole numbers; other values are checked elsewhere."""
    numbers = [number for number in shape if type(number) is int]
    return len(shape) <= MOST_DIMENSIONS and math.prod(max(number, 1) for number in numbers) < 2**59


def _check_entries(entries: list[zipfile.ZipInfo], path: Path, *, room: int) -> None:
    if len({entry.filename.lower() for entry in entries}) < len(entries):  # torch's reader ignores the case
        raise WeightsError(f"{path} holds two files of one name and was not read. Save the weights again.")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > room:
        raise WeightsError(
            f"{path} unpacks to {unpacked:,} bytes, more than the {room:,} that the network could need, and was not "
            "read. torch.save does not compress: save the state_dict() with it."
        )
    for entry in entries:
        if _is_pickle(entry) and entry.file_size > LARGEST_PICKLE:
            raise WeightsError(
                f"{path} has {entry.file_size:,} bytes beside its tensors and was not read: they may be NumPy arrays. "
                "Save tensors, made by torch.from_numpy(array)."
            )


def _is_pickle(entry: zipfile.ZipInfo) -> bool:
    return entry.filename.lower().endswith(".pkl")


def _check_directory(file: BinaryIO, path: Path) -> None:
    """The number of entries, before a reader makes an object of each; see APPNOTE.TXT, 4.3.14 to 4.3.16."""
    end = file.seek(0, 2)
    file.seek(max(0, end - 98))
    tail = file.read()
    if tail[-22:-18] != b"PK\5\6":
        raise WeightsError(f"{path} is cut short, or has something after its end. Get the weights again.")
    count, size = struct.unpack("<H", tail[-12:-10])[0], struct.unpack("<I", tail[-10:-6])[0]
    if tail[-42:-38] == b"PK\6\7":
        file.seek(min(struct.unpack("<Q", tail[-34:-26])[0], end))
        record = file.read(56)
        if len(record) == 56 and record[:4] == b"PK\6\6":
            count, size = struct.unpack("<QQ", record[32:48])
    if count > MOST_TENSORS or size > 1000 * MOST_TENSORS:
        raise WeightsError(f"{path} holds {count:,} files, more than the {MOST_TENSORS:,} that are read of an archive.")
    file.seek(0)


def _check_steps(stream: BinaryIO, path: Path) -> bool:
    """Whether the stream had a complete pickle."""
    try:
        return check_pickle(stream)
    except TooMuch as problem:
        raise WeightsError(f"{path} {problem} and was not read. Save the network's state_dict() again.") from problem
