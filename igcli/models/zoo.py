"""A model's name -> a Classifier that is ready to use, by the loader of its kind of name.

How each network is built is in its own module.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any

from igcli.errors import UsageError, WeightsError
from igcli.images.source import FileState
from igcli.models.apply_spec import apply_spec
from igcli.models.classifier import OWN_NETWORK, Classifier
from igcli.models.devices import resolve_device
from igcli.models.folders import name_of_folder
from igcli.models.from_code import load_from_code
from igcli.models.from_program import load_program
from igcli.models.from_torchvision import load_torchvision
from igcli.models.model_file import read_model_file
from igcli.models.published_weights import classifier_names, is_torchvision
from igcli.models.sources import MODELS, Loader, NameKind, kind_of_name, load_from_source, source_of_name
from igcli.models.spec import LoadOptions, ModelSpec, warn_python
from igcli.models.weights import ONNX, sha256_of
from igcli.registry import load_plugins


def load_model(
    model: str | ModelSpec = "auto",
    *,
    progress: bool = False,
    warn: Callable[[str], None] | None = None,
    outline: bool = False,
    **how: Any,
) -> Classifier:
    """Load a model in evaluation mode and with its parameters frozen.

    Parameters
    ----------
    model
        A name in :data:`MODELS`; a torchvision classifier (``NAME`` or ``NAME@WEIGHTS``); ``PREFIX:NAME`` with
        a prefix in :data:`~igcli.models.sources.SOURCES`, as in ``timm:NAME``;
        ``package.module:factory`` or ``file.py:factory``; a ``.pt2`` or TorchScript file; a model file (``.toml``);
        a folder that transformers or timm saved, with its ``config.json``.
        Or a :class:`ModelSpec` with all settings.
    progress
        Draw a bar on stderr while weights are downloaded.
    warn
        Called with one message when ``auto`` falls back on the bundled network; :func:`warnings.warn` by default.
    outline
        Load only the shapes of a published network: nothing is fetched, and nothing can be computed.
    **how
        Names of :class:`ModelSpec` and :class:`InputSpec`: ``weights``, ``labels``, ``device``, ``size``, ...

    Raises
    ------
    UsageError
        No model has this name, the device is not available, or a setting does not fit the network.
    NetworkUnavailable
        The weights are not on this machine and could not be fetched.
    WeightsError
        The weights are damaged, unsafe, or made for another network.
    """
    if not isinstance(model, (str, ModelSpec)):
        raise UsageError(f"load_model() takes a name, or a ModelSpec, not {model!r:.60}. {OWN_NETWORK}")
    load_plugins()
    spec = whole(ModelSpec.of(model, **how) if isinstance(model, str) else model)
    loader = _loader(spec.model)
    if spec.weights_key is not None and spec.weights is None:
        raise UsageError(f"--weights-key {spec.weights_key} is a network in the file of --weights: give that, too.")
    resolve_device(spec.device)  # a wrong device is said before anything is downloaded
    file = _file_of(spec)
    if spec.sha256 is not None and file is not None and file.is_file():
        _check_hash(spec, sha256_of(file), file)  # before a byte of it is used
    options = LoadOptions(
        weights=spec.weights,
        weights_key=spec.weights_key,
        offline=spec.offline,
        progress=progress,
        device=spec.device,
        warn=warn or warn_python,
        arguments=spec.arguments,
        trust_pickle=spec.trust_pickle,
        outline=outline,
    )
    before = _state(file)
    loaded = loader(options)
    if _state(file) != before:  # its hash may be of other bytes than those that were loaded
        raise WeightsError(f"{file} has changed while it was loaded: run again when it is complete.")
    loaded.arguments = dict(spec.arguments)
    if spec.weights_key is not None:
        named = f"{loaded.provenance.weights} ({spec.weights_key})"  # another network of the same file is another one
        loaded.provenance = replace(loaded.provenance, weights=named)
    if outline:
        return loaded
    if spec.sha256 is not None:
        _check_hash(spec, loaded.provenance.sha256, loaded.provenance.weights)
    return apply_spec(loaded, spec, published=_is_published(spec.model))


def whole(spec: ModelSpec) -> ModelSpec:
    """The spec completed by its model file, if it names one, and a folder's name with the prefix of its library.

    The spec's own settings take precedence over the file's.
    """
    kind = kind_of_name(spec.model)
    if kind is NameKind.MODEL_FILE:
        return spec.over(read_model_file(Path(spec.model).expanduser(), trusted=spec.trust_model_file))
    return replace(spec, model=name_of_folder(spec.model)) if kind is NameKind.FOLDER else spec


def _loader(name: str) -> Loader:
    """The function that loads a model of this name."""
    kind = kind_of_name(name)
    if kind is NameKind.REGISTERED:
        return MODELS[name]
    if kind is NameKind.SOURCE:
        return partial(load_from_source, name)
    if kind is NameKind.PROGRAM:
        return partial(load_program, name)
    if kind is NameKind.CODE:
        return partial(load_from_code, name)
    if name.endswith(".py"):
        raise UsageError(f"Which function of {name} makes the network? Give --model {name}:FUNCTION.")
    if is_torchvision(name):
        return partial(load_torchvision, name)
    if name.endswith(".onnx"):
        raise UsageError(f"{name} {ONNX}")
    if Path(name).is_dir():
        name_of_folder(name)  # says what the folder lacks
    near = get_close_matches(name, dict.fromkeys([*MODELS, *classifier_names()]), n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise UsageError(
        f"There is no model called {name!r}.{hint} 'ig models' lists the names; your own network is FILE.py:FUNCTION, "
        "package.module:FUNCTION, a .pt2 or TorchScript file, a model file (.toml), or a folder with a config.json."
    )


def _is_published(name: str) -> bool:
    """Whether a network of this name is igcli's, torchvision's or of a published source, and not from own code."""
    kind = kind_of_name(name)
    if kind is NameKind.REGISTERED:
        return MODELS[name].__module__.startswith("igcli.")
    if kind is NameKind.SOURCE:
        return source_of_name(name).published
    return kind is NameKind.OTHER


def _file_of(spec: ModelSpec) -> Path | None:
    """The user's own file that holds the weights, if one does."""
    program = kind_of_name(spec.model) is NameKind.PROGRAM
    return spec.weights or (Path(spec.model).expanduser() if program else None)


def _state(file: Path | None) -> FileState | None:
    try:
        return FileState.of(file.stat()) if file is not None and file.is_file() else None
    except (OSError, ValueError):
        return None


def _check_hash(spec: ModelSpec, sha256: str | None, file: object) -> None:
    if spec.sha256 != sha256:
        raise WeightsError(
            f"{file} is not the file that the model file names: its SHA-256 begins with {str(sha256)[:8]}, not "
            f"{str(spec.sha256)[:8]}. Get the right one, or write the model file again with 'ig models describe'."
        )
