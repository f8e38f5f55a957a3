"""Reading a file of weights without running code in it; every fault becomes one sentence.

Only with ``trust_pickle`` are other objects than tensors unpickled, which can run any program. Which of the file's
tensors are a network's is decided in ``select_tensors``.
"""

from __future__ import annotations

import argparse
import hashlib
import pickle
import re
import warnings
import zipfile
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from igcli.bounded import open_regular
from igcli.errors import WeightsError
from igcli.lazy import torch
from igcli.models.bounds import COMPRESSED_ROOM, check_archive, check_bare_pickle
from igcli.models.named_tensors import named_tensors
from igcli.models.safetensors import is_safetensors, read_safetensors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import BinaryIO


ONNX = (
    "is an ONNX graph, of which torch takes no gradients: give the PyTorch network that it was exported from "
    "(--model FILE.py:FUNCTION --weights FILE.pth), or that network exported by torch.export to a .pt2 file."
)


def read_state_dict(
    path: Path, *, part: str | None = None, trust_pickle: bool = False, room: int = COMPRESSED_ROOM
) -> dict[str, torch.Tensor]:
    """All tensors of a file of weights, on the CPU, as they are stored.

    Parameters
    ----------
    path
        What ``torch.save`` wrote from a state dict, alone or in a checkpoint; or a ``.safetensors`` file.
    part
        Which of several networks in it, as :func:`~igcli.models.named_tensors.named_tensors` finds it.
    trust_pickle
        Let the file make Python objects other than tensors. Whoever wrote it can then run any program here.
    room
        Bytes that a compressed file may unpack to, at most.

    Raises
    ------
    WeightsError
        The file is missing, empty, a web page, cut short, not a weights file, or holds Python objects other than
        tensors; or reading it would take more memory or steps than weights need.
    """
    _check_file(path)
    if is_safetensors(path):
        return named_tensors(read_safetensors(path), path, part=part)
    return named_tensors(unpickled(path, trust_pickle=trust_pickle, room=room), path, part=part)


def unpickled(path: Path, *, trust_pickle: bool, room: int = COMPRESSED_ROOM) -> Any:
    """The content of a file of ``torch.save``: tensors and plain values, or any objects if it is trusted."""
    _check_file(path)
    try:
        if not trust_pickle:
            _check_bounds(path, room=room)
        # Not memory-mapped: a file that is overwritten while the network runs would change or crash it.
        # Training scripts save their arguments with the weights: a Namespace is a plain record, and runs nothing.
        with warnings.catch_warnings(), torch.serialization.safe_globals([argparse.Namespace, *_NOT_MADE]):
            warnings.simplefilter("ignore")  # torch's remarks on odd files: the errors below say more
            return torch.load(path, map_location="cpu", weights_only=not trust_pickle)
    except WeightsError:
        raise
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror or problem}.") from problem
    except Exception as problem:  # unpickling unknown bytes can fail in any way
        raise WeightsError(_why_unreadable(path, problem, trusted=trust_pickle)) from problem


class _NotMade:
    """Stands for a value that a training script stored next to the weights: nothing is made of it, and nothing runs."""

    def __new__(cls, *_: object) -> _NotMade:  # torch calls it with what the file gives
        return super().__new__(cls)

    def __setstate__(self, _: object) -> None:
        """Forget it."""


_NOT_MADE = [
    (_NotMade, f"{module}.{name}")
    for modules, names in (
        (("numpy.core.multiarray", "numpy._core.multiarray"), ("scalar", "_reconstruct")),
        (("numpy",), ("dtype", "ndarray")),
        (("pathlib", "pathlib._local"), ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")),
    )
    for module in modules
    for name in names
]
"""NumPy's numbers and arrays, such as the best accuracy, and paths: common in checkpoints, and no part of a network."""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with _opened(path) as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def is_web_page(head: bytes) -> bool:
    """Whether a file that begins like this is HTML or XML: what a proxy or a login page sends instead of weights."""
    # "<" alone can be the length at the head of a .safetensors file
    return re.match(rb"(\xef\xbb\xbf)?\s*<[a-zA-Z!?]", head) is not None


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """The file; whatever the system raises becomes a :class:`WeightsError`."""
    try:
        with open_regular(path) as file:
            yield file
    except FileNotFoundError:
        raise WeightsError(f"There is no file {path}. Check the path of the weights.") from None
    except IsADirectoryError:
        raise WeightsError(f"{path} is a folder. Give the file of weights in it.") from None
    except OSError as problem:
        raise WeightsError(f"{path} cannot be read: {problem.strerror}.") from problem


def _check_file(path: Path) -> None:
    with _opened(path) as file:
        head = file.read(512)
    if not head:
        raise WeightsError(f"{path} is empty. Get the weights again.")
    if path.suffix == ".onnx":
        raise WeightsError(f"{path} {ONNX}")
    if is_web_page(head):
        raise WeightsError(
            f"{path} is a web page, not weights. Download the file itself rather than the page about it."
        )


def _check_bounds(path: Path, *, room: int) -> None:
    with open_regular(path) as file:
        is_zip = file.read(4) == b"PK\3\4"  # by which torch decides
    if is_zip:
        check_archive(path, room=room)
    elif not check_bare_pickle(path):
        raise WeightsError(_why_unreadable(path, ValueError("no pickle"), trusted=False))


def _why_unreadable(path: Path, problem: Exception, *, trusted: bool) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    is_zip = head.startswith(b"PK")
    if is_zip and not zipfile.is_zipfile(path):
        return f"{path} is cut short. Get the weights again."
    if is_zip and is_torchscript(path):
        return f"{path} is a TorchScript program, not a file of weights. Give it as the model: --model {path.name}."
    if not (is_zip or check_bare_pickle(path)):
        return f"{path} is not a file of PyTorch weights. Give a file that torch.save wrote from a state dict."
    if trusted and isinstance(problem, (ImportError, AttributeError)):
        return (
            f"{path} needs code that is not here ({problem}). Run ig where that code can be imported, or save the "
            "network's state_dict() instead of the network."
        )
    if isinstance(problem, pickle.UnpicklingError) and not trusted:
        return (
            f"{path} holds Python objects other than tensors, which could run code, and was not loaded. "
            "Save the network's state_dict() instead of the network; or, if you would run a program of whoever made "
            "the file, --trust-pickle."
        )
    return f"{path} is damaged or cut short, or is not a file of PyTorch weights. Get the weights again."


def is_torchscript(path: Path) -> bool:
    """Whether the file is a whole zip archive with TorchScript's code in it."""
    if not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith("/constants.pkl") for name in archive.namelist())
    except (zipfile.BadZipFile, NotImplementedError, ValueError):  # its end is whole, its directory is not
        return False
