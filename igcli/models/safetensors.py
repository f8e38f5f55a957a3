"""Reading ``.safetensors``: eight bytes with the length of a JSON header, the header, then the numbers, one by one.

The format (https://github.com/huggingface/safetensors, "Format") holds nothing that could run. This reader takes what
the format's own library takes, so that the library need not be installed: every length is checked before a byte is
read, and the tensors must fill the file without gap or overlap.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from igcli.errors import WeightsError
from igcli.lazy import torch

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path

LARGEST_HEADER = 100_000_000
"""Bytes; the format's own limit."""

_DTYPES = {
    "F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16", "F8_E4M3": "float8_e4m3fn",
    "F8_E5M2": "float8_e5m2", "I64": "int64", "I32": "int32", "I16": "int16", "I8": "int8", "U64": "uint64",
    "U32": "uint32", "U16": "uint16", "U8": "uint8", "BOOL": "bool", "C64": "complex64",
}  # fmt: skip


def is_safetensors(path: Path) -> bool:
    """Whether the file calls itself so, or begins like one whatever it is called."""
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return 2 <= length <= min(LARGEST_HEADER, path.stat().st_size - 8) and file.read(2) == b'{"'


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU, in the file's own types.

    Raises
    ------
    WeightsError
        When the file is cut short, or is not in the format.
    """
    try:
        with path.open("rb") as file:
            size = path.stat().st_size
            entries, start = _header(file, size)
            _check_filled(entries, size - start)
            return {entry.name: entry.read(file, start) for entry in entries}
    except _Fault as fault:
        raise WeightsError(f"{path} is not a whole .safetensors file: {fault}. Get the weights again.") from fault
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror or problem}.") from problem


class _Fault(Exception):
    """Ends the sentence that begins with the file's name."""


@dataclass(frozen=True)
class _Entry:
    """One tensor: where its bytes are, counted from the end of the header, and what they mean."""

    name: str
    dtype: torch.dtype
    shape: tuple[int, ...]
    begin: int
    end: int

    def read(self, file: BufferedReader, start: int) -> torch.Tensor:
        if self.end == self.begin:
            return torch.empty(self.shape, dtype=self.dtype)
        content = bytearray(self.end - self.begin)  # of its own, so that it is writable and aligned
        file.seek(start + self.begin)
        if file.readinto(content) != len(content):
            raise _Fault("it is cut short")
        return torch.frombuffer(content, dtype=self.dtype).reshape(self.shape)


def _header(file: BufferedReader, size: int) -> tuple[list[_Entry], int]:
    length = int.from_bytes(file.read(8), "little")
    if size < 8 or length > LARGEST_HEADER or 8 + length > size:
        raise _Fault("its header is cut short" if length <= LARGEST_HEADER else "it does not begin with a header")
    try:
        header = json.loads(file.read(length).decode("utf-8"), object_pairs_hook=_each_name_once)
    except (ValueError, RecursionError) as problem:
        raise _Fault("its header is no JSON") from problem
    if not isinstance(header, dict):
        raise _Fault("its header is no JSON object")
    return [_entry(name, value) for name, value in header.items() if name != "__metadata__"], 8 + length


def _each_name_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _Fault("its header names a tensor twice")
    return found


def _entry(name: str, value: object) -> _Entry:
    wanted = {"dtype", "shape", "data_offsets"}
    if not isinstance(value, dict) or set(value) != wanted:
        raise _Fault(f"the entry of {name!r} does not say dtype, shape and data_offsets")
    dtype = getattr(torch, _DTYPES.get(str(value["dtype"]), ""), None)
    if not isinstance(dtype, torch.dtype):
        raise _Fault(f"{name!r} is of a type that torch does not have, {value['dtype']!r}")
    shape, offsets = value["shape"], value["data_offsets"]
    for numbers in (shape, offsets):
        if not isinstance(numbers, list) or any(type(n) is not int or not 0 <= n < 2**63 for n in numbers):
            raise _Fault(f"the shape or the place of {name!r} is no list of whole numbers")
    if len(offsets) != 2 or offsets[1] - offsets[0] != math.prod(shape) * dtype.itemsize:
        raise _Fault(f"the place of {name!r} is not as long as its shape asks for")
    return _Entry(name, dtype, tuple(shape), *offsets)


def _check_filled(entries: list[_Entry], room: int) -> None:
    reached = 0
    for entry in sorted(entries, key=lambda entry: (entry.begin, entry.end)):
        if entry.begin != reached:
            raise _Fault("its tensors overlap or leave gaps")
        reached = entry.end
    if reached != room:
        raise _Fault("it is cut short" if reached > room else "bytes are left over at its end")
