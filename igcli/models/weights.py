"""Reading a file of weights without trusting it: whatever is wrong becomes one sentence, and no code in it runs.

Which file to read is decided elsewhere; whether its tensors fit a network is checked in ``assembly``.
"""

from __future__ import annotations

import hashlib
import pickle
import pickletools
import warnings
import zipfile
from collections.abc import Mapping
from typing import TYPE_CHECKING

from igcli.errors import WeightsError
from igcli.lazy import torch

if TYPE_CHECKING:
    from pathlib import Path

WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which training scripts keep the state dict among other things."""

PREFIXES = ("module.", "_orig_mod.")
"""What ``DataParallel`` and ``torch.compile`` put before every key."""


def read_state_dict(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a PyTorch weights file, on the CPU, as they are stored.

    Raises
    ------
    WeightsError
        When the file is missing, empty, a web page, cut short, not a weights file, holds Python objects other than
        tensors, or a value that is not finite.
    """
    _check_file(path)
    try:
        # Not memory-mapped: a file that is overwritten while the network runs would change or crash it.
        with warnings.catch_warnings():  # torch's remarks on odd files: the errors below say more
            warnings.simplefilter("ignore")
            content = torch.load(path, map_location="cpu", weights_only=True)
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    except Exception as problem:  # unpickling unknown bytes can fail in any way
        raise WeightsError(_why_unreadable(path, problem)) from problem
    state = _without_prefixes(_unwrapped(content, path))
    _check_finite(state, path)
    return state


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal.

    Raises
    ------
    WeightsError
        When the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror}. Check the path of the weights.") from problem
    return digest.hexdigest()


def is_web_page(head: bytes) -> bool:
    """Whether a file that begins like this is HTML or XML: what a proxy or a login page sends instead of weights."""
    return head.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<")


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise WeightsError(f"{path} is a folder. Give the file of weights in it.")
    try:
        with path.open("rb") as file:
            head = file.read(512)
    except FileNotFoundError:
        raise WeightsError(f"There is no file {path}. Check the path of the weights.") from None
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror}.") from problem
    if not head:
        raise WeightsError(f"{path} is empty. Get the weights again.")
    if is_web_page(head):
        raise WeightsError(
            f"{path} is a web page, not weights. Download the file itself rather than the page about it."
        )


def _why_unreadable(path: Path, problem: Exception) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    is_zip = head.startswith(b"PK")
    if is_zip and not zipfile.is_zipfile(path):
        return f"{path} is cut short. Get the weights again."
    if not (is_zip or _begins_with_a_pickle(path)):
        return f"{path} is not a file of PyTorch weights. Give a file that torch.save wrote from a state dict."
    if isinstance(problem, pickle.UnpicklingError):
        return (
            f"{path} holds Python objects other than tensors, which could run code, and was not loaded. "
            "Save the network's state_dict() instead of the network."
        )
    return f"{path} is damaged or cut short, or is no file of PyTorch weights. Get the weights again."


def _begins_with_a_pickle(path: Path) -> bool:
    """Whether the bytes can be taken apart as a pickle; nothing in it is executed."""
    with path.open("rb") as file:
        try:
            for _ in pickletools.genops(file):
                pass
        except Exception:  # pickletools promises ValueError, and raises others on odd bytes
            return False
    return True


def _unwrapped(content: object, path: Path) -> dict[str, torch.Tensor]:
    state = content
    while isinstance(state, Mapping) and (
        key := next((k for k in WRAPPERS if isinstance(state.get(k), Mapping)), None)
    ):
        state = state[key]
    if not isinstance(state, Mapping) or not state:
        raise WeightsError(f"{path} holds no named tensors. Save the network's state_dict().")
    strange = next((key for key, value in state.items() if not isinstance(value, torch.Tensor)), None)
    if strange is not None:
        kind = type(state[strange]).__name__
        raise WeightsError(
            f"{path} is no state dict: {strange!r} is of type {kind}, not a tensor. Save the state_dict() alone."
        )
    return {str(key): value for key, value in state.items()}


def _without_prefixes(state: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    while prefix := next((p for p in PREFIXES if all(key.startswith(p) for key in state)), None):
        state = {key.removeprefix(prefix): value for key, value in state.items()}
    return state


def _check_finite(state: Mapping[str, torch.Tensor], path: Path) -> None:
    for key, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise WeightsError(f"{path} is damaged: {key} has values that are not finite. Get the weights again.")
