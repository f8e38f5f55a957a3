"""Where downloaded weights are kept: torchvision's own folder, so that a file fetched by either serves both.

Finding a file, and distrusting it until its hash is right. Filling the cache is ``download``'s work.
"""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from igcli.errors import WeightsError
from igcli.models.weights import sha256_of


@dataclass(frozen=True)
class Source:
    """A published file of weights: its address, its name in the cache, and how its SHA-256 begins."""

    url: str
    filename: str
    sha256_prefix: str

    @classmethod
    def at(cls, url: str) -> Source:
        """The file at an address of torchvision's pattern, ``.../NAME-SHA256PREFIX.pth``."""
        filename = Path(urlsplit(url).path).name
        prefix = re.search(r"-([0-9a-f]{8,64})\.", filename)
        if prefix is None:
            raise ValueError(f"no hash in the name {filename!r}")
        return cls(url, filename, prefix[1])


def checkpoints_folder() -> Path:
    """The folder in which ``torch.hub`` keeps weights, found without importing torch."""
    if (hub := sys.modules.get("torch.hub")) is not None:
        return Path(hub.get_dir()) / "checkpoints"  # torch.hub.set_dir may have moved it
    home = os.environ.get("TORCH_HOME", Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def cached_weights(filename: str, sha256_prefix: str) -> Path | None:
    """The cached file of this name, or None when there is none.

    Raises
    ------
    WeightsError
        When the file is not what its hash promises: a cut download must not be trusted for ever.
    """
    path = checkpoints_folder() / filename
    if not path.is_file():
        return None
    sha256 = sha256_of(path)
    if not sha256.startswith(sha256_prefix):
        raise WeightsError(
            f"The cached weights {path} are damaged: their SHA-256 begins with {sha256[:8]}, not {sha256_prefix}. "
            "Delete the file, and it will be fetched again."
        )
    return path


REMEMBERED = 3600.0
"""Seconds for which a file that could not be fetched is taken to be out of reach still."""

_out_of_reach: set[str] = set()
"""Addresses that this process could not fetch from, for where the folder cannot be written to."""


def note_out_of_reach(source: Source) -> None:
    """Remember, beside the cached weights, that the file could not be fetched just now."""
    try:
        marker = _marker(source)
        marker.parent.mkdir(parents=True, exist_ok=True)
        marker.touch()
    except OSError:
        _out_of_reach.add(source.url)


def is_out_of_reach(source: Source) -> bool:
    """Whether the file could not be fetched within the last hour, by this process or another."""
    if source.url in _out_of_reach:
        return True
    try:
        age = time.time() - _marker(source).stat().st_mtime
    except OSError:
        return False
    return 0 <= age < REMEMBERED


def _marker(source: Source) -> Path:
    return checkpoints_folder() / f"{source.filename}.unreachable"
