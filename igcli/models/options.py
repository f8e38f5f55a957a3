"""What a loader is told: which weights, from where, onto which device. Nothing is loaded here."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def warn_python(message: str) -> None:
    """Say it through Python's own warnings."""
    warnings.warn(message, stacklevel=2)


@dataclass(frozen=True)
class LoadOptions:
    """How a model is to be loaded.

    ``weights`` is a local file to use instead of the model's own weights, and ``trust_pickle`` whether it may make
    Python objects, which can run anything; ``arguments`` are named values for the function that builds the network;
    ``offline`` forbids downloads; ``progress`` draws a bar on stderr while downloading; ``device`` is a name that
    :func:`~igcli.models.devices.resolve_device` knows; ``timeout`` is how long, in seconds, a server may take to begin
    its answer; ``warn`` is told, in one message, when another model than the first choice is used; ``outline`` asks,
    where the network's shapes are known without its weights, for these alone: nothing is fetched, and nothing can be
    computed.
    """

    weights: Path | None = None
    offline: bool = False
    progress: bool = False
    device: str = "auto"
    timeout: float = 15.0
    warn: Callable[[str], None] = warn_python
    arguments: tuple[tuple[str, Any], ...] = ()
    trust_pickle: bool = False
    outline: bool = False
