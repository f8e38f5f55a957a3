"""A folder that was saved with its network's description, recognised by its ``config.json``.

transformers writes ``model_type`` and ``architectures`` into it, timm ``architecture`` and ``pretrained_cfg``.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from igcli.bounded import read_bounded
from igcli.errors import UsageError

CONFIG = "config.json"

LARGEST_CONFIG = 16 << 20
"""Bytes; the names of 22,000 classes, twice, take two million."""


def settings_in(folder: Path) -> dict[str, Any]:
    """What ``config.json`` of the folder holds; empty if there is no such file.

    Raises
    ------
    UsageError
        The file cannot be read, is not JSON, or holds something else than settings by name.
    """
    path = folder / CONFIG
    try:
        content = json.loads(read_bounded(path, limit=LARGEST_CONFIG))
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise UsageError(f"{path} cannot be read: {problem.strerror}.") from problem
    except (ValueError, RecursionError) as problem:
        raise UsageError(f"{path} is not JSON ({str(problem)[:200]}). Get the model's files again.") from problem
    if not isinstance(content, dict):
        raise UsageError(f"{path} holds no settings by name. Get the model's files again.")
    return content


def is_of_timm(settings: dict[str, Any]) -> bool:
    """Whether timm wrote these settings of a model."""
    return "architecture" in settings and "model_type" not in settings  # transformers wraps timm's under a type


def name_of_folder(folder: str) -> str:
    """The name, with a prefix, of the model in a folder.

    Raises
    ------
    UsageError
        It has no ``config.json``, or one that neither library wrote.
    """
    settings = settings_in(Path(folder).expanduser())
    if is_of_timm(settings):
        return f"timm:local-dir:{folder}"
    if isinstance(settings.get("model_type"), str):
        return f"hf:{folder}"
    lacking = "a config.json with the architecture (timm) or model_type (transformers)" if settings else "a config.json"
    raise UsageError(
        f"{folder} is a folder without {lacking}, by which the network in it is known. Name the network and its "
        "weights: --model NAME --weights FILE."
    )
