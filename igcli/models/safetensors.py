"""Reading ``.safetensors`` with the format's own package, within limits that are checked before.

A file is eight bytes with the length of a JSON header, the header, then the tensors' bytes
(https://github.com/huggingface/safetensors, "Format"). It holds nothing that could run, but a header can name millions
of empty tensors, or tensors of impossible shapes.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, BinaryIO

from igcli.bounded import open_regular
from igcli.errors import WeightsError
from igcli.models.bounds import MOST_TENSORS, is_possible

if TYPE_CHECKING:
    from pathlib import Path

    import torch

LARGEST_HEADER = 32 << 20
"""Bytes; about 200 per tensor."""


def is_safetensors(path: Path) -> bool:
    """Whether the file's name ends in ``.safetensors``, or its content begins with such a header."""
    if path.suffix == ".safetensors":
        return True
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return 2 <= length <= path.stat().st_size - 8 and file.read(2) == b'{"'


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors by name, on the CPU, in the file's own types.

    Raises
    ------
    WeightsError
        The file is cut short or not in the format, its header exceeds the limits, or the package is not installed.
    """
    try:
        from safetensors.torch import load
    except ImportError as problem:
        raise WeightsError(f"Reading {path} needs the package safetensors: pip install safetensors") from problem
    try:
        with open_regular(path) as file:
            _check_header(file, path)
            file.seek(0)
            return load(file.read())  # not memory-mapped: the file may be overwritten while the network runs
    except WeightsError:
        raise
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    except Exception as problem:  # the package's own error, and others for types that torch does not have
        reason = str(problem)[:200] or type(problem).__name__
        raise WeightsError(f"{path} is not a whole .safetensors file ({reason}). Get the weights again.") from problem


def shapes_in(path: Path) -> dict[str, tuple[int, ...]]:
    """The tensors' shapes by name; raises what :func:`read_safetensors` does for the header of the file."""
    try:
        with open_regular(path) as file:
            header = _check_header(file, path)
            return {name: tuple(entry["shape"]) for name, entry in header.items() if name != "__metadata__"}
    except (KeyError, TypeError) as problem:
        raise WeightsError(f"{path} is not a whole .safetensors file (its header lacks a shape).") from problem
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror or problem}.") from problem


def _check_header(file: BinaryIO, path: Path) -> dict[str, Any]:
    """The header; ``WeightsError`` for one that exceeds the limits, other faults are left to the package."""
    length = int.from_bytes(file.read(8), "little")
    size = file.seek(0, 2)
    if LARGEST_HEADER < length <= size:
        raise WeightsError(f"{path} has a header of {length:,} bytes, more than that of any network's weights.")
    if length > size:
        raise WeightsError(f"{path} is not a whole .safetensors file (its header is cut short). Get the weights again.")
    file.seek(8)
    try:
        header = json.loads(file.read(length))
    except (ValueError, RecursionError) as problem:
        raise WeightsError(f"{path} is not a whole .safetensors file (its header is not JSON).") from problem
    if not isinstance(header, dict):
        raise WeightsError(f"{path} is not a whole .safetensors file (its header is not a JSON object).")
    if len(header) > MOST_TENSORS:
        raise WeightsError(
            f"{path} names {len(header):,} tensors, more than the {MOST_TENSORS:,} that are read. Save the network's "
            "state_dict() alone."
        )
    for name, entry in header.items():
        shape = entry.get("shape") if isinstance(entry, dict) else None
        if isinstance(shape, list) and not is_possible(shape):
            raise WeightsError(f"{path} is not a file of weights: {name[:100]!r} has a shape that no tensor can have.")
    end = 8 + length + _bytes_of_tensors(header)
    if end != size:  # before all of it is read into memory
        reason = f"it should have {end:,} bytes and has {size:,}"
        raise WeightsError(f"{path} is not a whole .safetensors file ({reason}). Get the weights again.")
    return header


def _bytes_of_tensors(header: dict[str, Any]) -> int:
    """Where the last tensor ends, counted from the end of the header."""
    places = [entry.get("data_offsets") for entry in header.values() if isinstance(entry, dict)]
    pairs = [place for place in places if isinstance(place, list) and len(place) == 2]
    return max((end for _, end in pairs if isinstance(end, int)), default=0)
