"""A network from a file that contains its program: torch.export's ``.pt2``, TorchScript, or a whole pickled network.

Of pickled networks there are those of YOLO's classifiers, which carry the names of their classes.

Such a file is a program: use only those of people whose programs you would run. TorchScript can read and write files
(``torch.from_file``, ``torch.save``), and ``.pt2`` files contain expressions that torch evaluates as Python. Pickled
Python objects, in files of any of these kinds, are loaded only with ``--trust-pickle``.
"""

from __future__ import annotations

import os
import pickle
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from igcli.errors import IgError, UsageError, WeightsError, first_line
from igcli.lazy import torch
from igcli.models.bounds import check_archive
from igcli.models.classifier import Classifier
from igcli.models.devices import resolve_device
from igcli.models.freezing import in_evaluation_mode
from igcli.models.model import Provenance
from igcli.models.user_code import importable
from igcli.models.weights import is_torchscript, sha256_of, unpickled

if TYPE_CHECKING:
    from igcli.models.exported import Exported
    from igcli.models.spec import LoadOptions

SUFFIXES = (".pt2", ".pt", ".pth", ".ts", ".torchscript", ".jit")


def load_program(name: str, options: LoadOptions) -> Classifier:
    """The network of a ``.pt2`` or TorchScript file, or of one that ``torch.save`` made of a whole network.

    Raises
    ------
    UsageError
        The file holds weights alone, was exported for training, or takes something else than pictures.
    WeightsError
        The file is missing or damaged, or holds Python objects and is not trusted.
    """
    path = Path(name).expanduser()
    if options.weights is not None or options.arguments:
        raise UsageError(f"{name} is a whole network, and takes neither --weights nor --model-arg.")
    sha256 = sha256_of(path)
    if zipfile.is_zipfile(path):
        check_archive(path)
    device = resolve_device(options.device)
    view = None
    if _is_exported(path):
        exported = _from_export(path, device, trust_pickle=options.trust_pickle)
        network: torch.nn.Module = exported
        view = exported.view
    elif is_torchscript(path):
        network = _from_torchscript(path, device)
    else:
        network = _whole(path, trust_pickle=options.trust_pickle).to(device)
    return Classifier(in_evaluation_mode(network), (), view=view, provenance=Provenance(path.name, path.name, sha256))


def _is_exported(path: Path) -> bool:
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        endings = ("serialized_exported_program.json", "models/model.json")
        return any(name.endswith(endings) for name in archive.namelist())


def _from_export(path: Path, device: torch.device, *, trust_pickle: bool) -> Exported:
    from igcli.models.exported import Exported

    try:
        with warnings.catch_warnings(), _pickles(allowed=trust_pickle):
            warnings.simplefilter("ignore")  # on the file's age
            return Exported(torch.export.load(path), device)
    except IgError:
        raise
    except pickle.UnpicklingError as problem:
        raise WeightsError(
            f"{path} holds pickled Python objects, which could run code, and was not loaded. If you would run a "
            "program of whoever made the file: --trust-pickle."
        ) from problem
    except Exception as problem:  # another version's file, or a damaged one, fails in any way
        raise WeightsError(
            f"{path} cannot be read by torch {torch.__version__} ({_first_line(problem)}). Export the network again."
        ) from problem


def _from_torchscript(path: Path, device: torch.device) -> torch.nn.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch announces that TorchScript is deprecated
            load: Callable[..., torch.nn.Module] = torch.jit.load
            network = load(str(path), map_location=device)
    except Exception as problem:
        raise WeightsError(
            f"{path} cannot be read as TorchScript ({_first_line(problem)}). Save it again."
        ) from problem
    return network


def _whole(path: Path, *, trust_pickle: bool) -> torch.nn.Module:
    with importable(Path.cwd()):
        content = unpickled(path, trust_pickle=trust_pickle)
    if isinstance(content, dict):  # YOLO's: the network, or only its moving average, in half precision
        held = [content.get(name) for name in ("model", "ema")]
        content = next((each.float() for each in held if isinstance(each, torch.nn.Module)), content)
    if not isinstance(content, torch.nn.Module):
        raise UsageError(
            f"{path} holds weights, not a network: say of which network with --model NAME --weights {path.name}. "
            "'ig models' lists the names; your own network is --model FILE.py:FUNCTION."
        )
    return content


@contextmanager
def _pickles(*, allowed: bool) -> Iterator[None]:
    """Keep ``torch.export.load`` from unpickling Python objects inside the block, unless they are allowed."""
    if allowed:
        yield
        return

    def refused(*_: object, **__: object) -> NoReturn:
        raise pickle.UnpicklingError("pickled Python objects are not loaded")

    forced, loads = os.environ.get("TORCH_FORCE_WEIGHTS_ONLY_LOAD"), pickle.loads
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    pickle.loads = refused
    try:
        yield
    finally:
        pickle.loads = loads
        if forced is None:
            del os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"]
        else:
            os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = forced


def _first_line(problem: Exception) -> str:
    return first_line(problem) or type(problem).__name__
