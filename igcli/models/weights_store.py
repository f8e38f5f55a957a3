"""Files of published weights on this machine, in torchvision's own folder: a file that either fetched serves both.

A cached file is used only if its hash is right. Downloading is in ``download``, reading in ``weights``.
"""

from __future__ import annotations

import os
import re
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.models.download import LARGEST, download_file, ways_to_get
from igcli.models.weights import sha256_of

if TYPE_CHECKING:
    from igcli.models.spec import LoadOptions

REMEMBERED = 3600.0
"""Seconds for which a file that could not be fetched is not tried again."""

_out_of_reach: set[str] = set()
"""Addresses that this process could not fetch from, for where the folder cannot be written to."""


@dataclass(frozen=True)
class Source:
    """A published file of weights.

    Attributes
    ----------
    sha256_prefix
        How its SHA-256 begins, in hexadecimal.
    largest
        Bytes that it has at most.
    """

    url: str
    filename: str
    sha256_prefix: str
    largest: int = LARGEST

    @classmethod
    def at(cls, url: str, *, largest: int = LARGEST) -> Source:
        """The file at an address of torchvision's pattern, ``.../NAME-SHA256PREFIX.pth``."""
        filename = Path(urlsplit(url).path).name
        prefix = re.search(r"-([0-9a-f]{8,64})\.", filename)
        if prefix is None:
            raise ValueError(f"no hash in the name {filename!r}")
        return cls(url, filename, prefix[1], largest)

    @property
    def place(self) -> Path:
        """Where the file is in the cache, or would be."""
        return checkpoints_folder() / self.filename


def checkpoints_folder() -> Path:
    """The folder in which ``torch.hub`` keeps weights, found without importing torch."""
    if (hub := sys.modules.get("torch.hub")) is not None:
        return Path(hub.get_dir()) / "checkpoints"  # torch.hub.set_dir may have moved it
    home = os.environ.get("TORCH_HOME", Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")) / "torch")
    return Path(home).expanduser() / "hub" / "checkpoints"


def cached_files() -> frozenset[str]:
    """The names of all files in the cache, whole or not."""
    try:
        return frozenset(path.name for path in checkpoints_folder().iterdir())
    except OSError:
        return frozenset()


def cached_weights(source: Source) -> Path | None:
    """The cached file, or ``None`` if there is none.

    Raises
    ------
    WeightsError
        The file has another hash: it is damaged, or was cut short.
    """
    path = source.place
    if not path.is_file():
        return None
    sha256 = sha256_of(path)
    if not sha256.startswith(source.sha256_prefix):
        raise WeightsError(
            f"The cached weights {path} are damaged: their SHA-256 begins with {sha256[:8]}, not "
            f"{source.sha256_prefix}. Delete the file, and it will be fetched again."
        )
    return path


def is_whole(source: Source) -> bool | None:
    """Whether the cached file has the right hash; ``None`` if there is no such file."""
    try:
        return None if cached_weights(source) is None else True
    except WeightsError:
        return False


def fetch_weights(source: Source, *, progress: bool = False) -> bool:
    """Download the file into the cache, unless it is there and whole; returns whether it was downloaded.

    Raises
    ------
    NetworkUnavailable
        It cannot be fetched; a damaged file stays as it was.
    """
    if is_whole(source):
        return False
    download_file(
        source.url, source.place, sha256_prefix=source.sha256_prefix, progress=progress, largest=source.largest
    )
    return True


def resolve_weights(options: LoadOptions, source: Source, *, name: str) -> tuple[Path, str]:
    """The file to read and its SHA-256: the user's own, the cached one, or a new download.

    Raises
    ------
    NetworkUnavailable
        The weights are neither given nor cached, and cannot be fetched.
    WeightsError
        The file is damaged.
    """
    if options.weights is not None:
        return options.weights, _own_file_hash(options.weights, source)
    path = cached_weights(source)
    if path is None:
        if options.offline:
            ways = ways_to_get(source.url, source.place, sha256_prefix=source.sha256_prefix)
            raise NetworkUnavailable(f"The weights of {name} are not on this machine, and downloads are off.\n{ways}")
        path = download_file(
            source.url,
            source.place,
            sha256_prefix=source.sha256_prefix,
            timeout=options.timeout,
            progress=options.progress,
            largest=source.largest,
        )
    return path, sha256_of(path)


def _own_file_hash(path: Path, source: Source) -> str:
    """The SHA-256 of the user's file, which must be the published one if the file has the published name."""
    sha256 = sha256_of(path)
    if path.name == source.filename and not sha256.startswith(source.sha256_prefix):
        raise WeightsError(
            f"{path} is damaged: its SHA-256 begins with {sha256[:8]} where its name promises {source.sha256_prefix}. "
            f"Get it again from {source.url}."
        )
    return sha256


def note_out_of_reach(source: Source) -> None:
    """Remember, in the cache folder, that the file could not be fetched just now."""
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
