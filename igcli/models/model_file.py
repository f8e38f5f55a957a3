"""The model file: everything about a model in a small TOML file that a team shares (``--model mymodel.toml``).

    model = "resnet18"
    weights = "best.pth"            # relative to this file
    labels = ["cat", "dog"]         # or the path of a file of labels

    [arguments]                     # for the function that builds the network
    [input]
    size = 224                      # or [512, 256], its width and height
    mean = [0.485, 0.456, 0.406]

The names are those of :class:`~igcli.models.spec.ModelSpec` and :class:`~igcli.models.spec.InputSpec`. Settings of a
machine, and decisions to trust a file, are not allowed in it.

The file is data: it names networks that are built in or installed (torchvision's, plug-ins', those of a prefix whose
source is ``data_only``). One that names code (``net.py:build``, ``package:factory``, a ``.pt2`` or TorchScript file) is
a program, and needs ``--trust-model-file``.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from igcli.bounded import read_bounded
from igcli.errors import UsageError
from igcli.models.folders import name_of_folder
from igcli.models.sources import SOURCES, NameKind, is_model_folder, kind_of_name, source_of_name
from igcli.models.spec import InputSpec, ModelSpec

PERSONAL = ("trust_pickle", "trust_model_file", "device", "offline")
"""Fields of a spec that every user decides, and no model file."""


LARGEST_FILE = 4 << 20
"""Bytes; the names of 22,000 classes take a quarter of it."""

DEEPEST = 20
"""Levels of nested lists and tables."""


def read_model_file(path: Path, *, trusted: bool = False) -> ModelSpec:
    """The spec in the file; its relative paths begin at the file's folder.

    Parameters
    ----------
    trusted
        The file may name code, which will be run.

    Raises
    ------
    UsageError
        The file cannot be read, is not TOML, has an unknown key or invalid value, or names code and is not trusted.
    """
    content = _parsed(path)
    for name in PERSONAL:
        if name in content:
            raise UsageError(f"{path}: {name} is not for a file to decide; give it on the command line.")
    tables: dict[str, Any] = {"arguments": {}, "input": {}} | {
        k: v for k, v in content.items() if isinstance(v, Mapping)
    }
    flat = {key: value for key, value in content.items() if key not in tables}
    strange = tables.keys() - {"arguments", "input"} or flat.keys() & {each.name for each in fields(InputSpec)}
    if strange:
        raise UsageError(
            f"{path}: {strange.pop()!r} is in the wrong place; size, mean and the like stand under [input]."
        )
    model = flat.pop("model", None)
    if not isinstance(model, str) or kind_of_name(model) is NameKind.MODEL_FILE:
        raise UsageError(f'{path} does not say which model: it needs a line like model = "resnet18".')
    if not trusted:
        _check_data(path, model, tables["arguments"])
    try:
        spec = ModelSpec.of(_model_in(model, path.parent), **flat, **tables["input"], arguments=tables["arguments"])
    except UsageError as problem:
        raise UsageError(f"{path}: {problem}") from problem
    weights, labels = spec.weights, spec.labels
    return replace(
        spec,
        weights=None if weights is None else path.parent / weights,
        labels=path.parent / labels if isinstance(labels, Path) else labels,
    )


def model_file(spec: ModelSpec, *, folder: Path) -> str:
    """The text of a model file in ``folder``; paths of files below that are relative to it."""
    head = {
        "model": _relative_model(spec.model, folder),
        "weights": None if spec.weights is None else _relative(spec.weights, folder),
        "weights_key": spec.weights_key,
        "sha256": spec.sha256,
        "labels": _relative(spec.labels, folder) if isinstance(spec.labels, Path) else spec.labels,
        "outputs": spec.outputs,
        "output_index": spec.output_index,
    }
    own = {each.name: getattr(spec.input, each.name) for each in fields(InputSpec)}
    parts = [_lines(head), _table("arguments", dict(spec.arguments)), _table("input", own)]
    return "\n".join(part for part in parts if part)


def _check_data(path: Path, model: str, arguments: Mapping[str, Any]) -> None:
    """Raise ``UsageError`` if the file names code, or arguments that read other files."""
    kind, named = kind_of_name(model), list[str]()
    code = kind in (NameKind.PROGRAM, NameKind.CODE)
    if kind is NameKind.SOURCE:
        source = source_of_name(model)
        code, named = not source.data_only, [name for name in source.fetching if name in arguments]
    if code or named:
        prefixes = "".join(f"{prefix}:, " for prefix, source in SOURCES.items() if source.data_only)
        what = f"names code that would be run, {model[:100]!r}" if code else f"sets {named[0]}, which reads other files"
        raise UsageError(
            f"{path} {what}. If you would run a program of whoever wrote the file: --trust-model-file. Names "
            f"that begin with {prefixes}and those that 'ig models' lists, need no trust."
        )


def _parsed(path: Path) -> dict[str, Any]:
    try:
        content = tomllib.loads(read_bounded(path, limit=LARGEST_FILE).decode())
    except FileNotFoundError:
        raise UsageError(f"There is no model file {path}. 'ig models describe' writes one.") from None
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}. Check the path.") from problem
    except (ValueError, RecursionError) as problem:
        reason = str(problem)[:200]
        raise UsageError(f"{path} is not TOML ({reason}). 'ig models describe' shows the format.") from problem
    _check_values(content, path)
    return content


def _check_values(content: dict[str, Any], path: Path) -> None:
    """Raise ``UsageError`` for values in more levels than a model needs, and for NUL, which no path can have."""
    level: list[object] = [content]
    for _ in range(DEEPEST):
        inner: list[object] = []
        for value in level:
            if isinstance(value, str) and "\0" in value:
                raise UsageError(f"{path} has a NUL character in {value[:40]!r}. Take it out.")
            if isinstance(value, dict):
                inner += [*value.keys(), *value.values()]
            elif isinstance(value, list):
                inner += value
        level = inner
    if level:
        raise UsageError(f"{path} nests its values more than {DEEPEST} deep. 'ig models describe' shows the format.")


def _path_in(model: str) -> str:
    """The path that a model's name begins with: all of a program's, ``net.py`` of ``net.py:build``, else nothing."""
    kind, where = kind_of_name(model), model.rpartition(":")[0]
    if kind is NameKind.PROGRAM:
        return model
    return where if kind is NameKind.CODE and where.endswith(".py") else ""


def _model_in(model: str, folder: Path) -> str:
    if prefix := _prefix_of_folder(model):
        inner = folder / Path(model.removeprefix(prefix)).expanduser()
        return f"{prefix}{inner}" if inner.is_dir() else model  # else it is an id
    if kind_of_name(model) in (NameKind.OTHER, NameKind.FOLDER) and is_model_folder(str(folder / model)):
        return name_of_folder(str(folder / model))
    return str(folder / Path(model).expanduser()) if _path_in(model) else model


def _relative_model(model: str, folder: Path) -> str:
    if prefix := _prefix_of_folder(model):
        inner = Path(model.removeprefix(prefix)).expanduser()
        return f"{prefix}{_relative(inner, folder)}" if inner.is_dir() else model
    path = _path_in(model)
    return _relative(Path(path), folder) + model[len(path) :] if path else model


def _prefix_of_folder(model: str) -> str:
    """The part of a name before what can be a folder; empty for names of other kinds."""
    return next((prefix for prefix in ("hf:", "timm:local-dir:") if model.startswith(prefix)), "")


def _relative(path: Path, folder: Path) -> str:
    whole, base = path.expanduser().resolve(), folder.resolve()
    return (whole.relative_to(base) if whole.is_relative_to(base) else whole).as_posix()


def _table(name: str, content: Mapping[str, Any]) -> str:
    lines = _lines(content)
    return f"[{name}]\n{lines}" if lines else ""


def _lines(content: Mapping[str, Any]) -> str:
    return "".join(f"{_key(key)} = {_value(value)}\n" for key, value in content.items() if value is not None)


def _key(key: str) -> str:
    plain = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if plain else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if value == value and abs(value) != float("inf") else str(value)
    if isinstance(value, str):
        # JSON's escapes are TOML's, except for the one control character that JSON does not escape
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, Mapping):
        return f"{{ {', '.join(f'{_key(key)} = {_value(item)}' for key, item in value.items())} }}"
    raise UsageError(f"A model file cannot hold {value!r}: it takes numbers, text, true and false, and lists of them.")
