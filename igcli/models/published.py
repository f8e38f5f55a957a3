"""The file of a published network's weights: the user's own copy, the cached one, or a fresh download; its hash known.

Where files are kept is ``cache``'s concern, fetching them ``download``'s, reading them that of ``weights``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from igcli.errors import NetworkUnavailable, WeightsError
from igcli.models.cache import Source, cached_weights, checkpoints_folder
from igcli.models.catalogue import catalogue
from igcli.models.download import LARGEST, fetch, ways_to_get
from igcli.models.weights import sha256_of

if TYPE_CHECKING:
    from pathlib import Path

    from igcli.models.spec import LoadOptions


def weights_file(options: LoadOptions, source: Source, *, name: str) -> tuple[Path, str]:
    """The file to read and its SHA-256: the user's own, the cached one, or a fresh download.

    Raises
    ------
    NetworkUnavailable
        The weights are neither given nor cached, and cannot be fetched.
    WeightsError
        The file is damaged.
    """
    if options.weights is not None:
        return options.weights, _own_file_hash(options.weights, source)
    path = cached_weights(source.filename, source.sha256_prefix)
    if path is None:
        destination = checkpoints_folder() / source.filename
        if options.offline:
            ways = ways_to_get(source.url, destination, sha256_prefix=source.sha256_prefix)
            raise NetworkUnavailable(f"The weights of {name} are not on this machine, and downloads are off.\n{ways}")
        path = fetch(
            source.url,
            destination,
            sha256_prefix=source.sha256_prefix,
            timeout=options.timeout,
            progress=options.progress,
            largest=next((each.largest for each in catalogue() if each.filename == source.filename), LARGEST),
        )
    return path, sha256_of(path)


def _own_file_hash(path: Path, source: Source) -> str:
    """The SHA-256 of the user's file; only a file with the published name promises a certain one."""
    sha256 = sha256_of(path)
    if path.name == source.filename and not sha256.startswith(source.sha256_prefix):
        raise WeightsError(
            f"{path} is damaged: its SHA-256 begins with {sha256[:8]} where its name promises {source.sha256_prefix}. "
            f"Get it again from {source.url}."
        )
    return sha256
