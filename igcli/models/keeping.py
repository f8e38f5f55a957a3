"""The published weights on this machine: what is cached, and fetching, taking over and checking files of them.

By the catalogue alone, so that neither torch nor torchvision is imported.
"""

from __future__ import annotations

import hashlib
from difflib import get_close_matches
from pathlib import Path

from igcli.bounded import open_regular
from igcli.errors import UsageError, WeightsError
from igcli.models.cache import cached_weights, checkpoints_folder
from igcli.models.catalogue import Published, catalogue, find_published
from igcli.models.download import fetch
from igcli.models.partial_files import partial_file
from igcli.models.weights import sha256_of

BLOCK = 1 << 20


def published_entry(name: str) -> Published:
    """The catalogue's entry for ``NAME`` or ``NAME@WEIGHTS``.

    Raises
    ------
    UsageError
        When torchvision publishes none of that name.
    """
    entry = find_published(name)
    if entry is None:
        family = name.partition("@")[0]
        sets = [each.weights for each in catalogue() if each.name == family]
        near = get_close_matches(name, dict.fromkeys(each.name for each in catalogue()), n=1)
        hint = f"Its weights are: {', '.join(sets)}." if sets else "'ig models' lists those there are."
        hint = f"Did you mean {near[0]!r}? {hint}" if near and not sets else hint
        raise UsageError(f"torchvision publishes no weights called {name!r}. {hint}")
    return entry


def place_of(entry: Published) -> Path:
    """Where the file is, or would be, in the cache."""
    return checkpoints_folder() / entry.filename


def cached_files() -> frozenset[str]:
    """The names of all files in the cache; whether they are whole is another question."""
    try:
        return frozenset(path.name for path in checkpoints_folder().iterdir())
    except OSError:
        return frozenset()


def cached_entries() -> list[Published]:
    """The published weights of which the cache has a file."""
    here = cached_files()
    return [entry for entry in catalogue() if entry.filename in here]


def is_whole(entry: Published) -> bool | None:
    """Whether the cached file is what its hash promises; ``None`` where there is none."""
    try:
        return None if cached_weights(entry.filename, entry.source.sha256_prefix) is None else True
    except WeightsError:
        return False


def fetch_weights(entry: Published, *, progress: bool = False) -> bool:
    """Have the file in the cache, whole; returns whether it had to be downloaded.

    Raises
    ------
    NetworkUnavailable
        It cannot be fetched; a damaged file stays as it was.
    """
    if is_whole(entry):
        return False
    source = entry.source
    fetch(source.url, place_of(entry), sha256_prefix=source.sha256_prefix, progress=progress, largest=entry.largest)
    return True


def import_weights(file: Path) -> Published:
    """Take a copy of the file over into the cache, under the name by which its hash is published.

    Raises
    ------
    WeightsError
        The file cannot be read or copied, or is no published one.
    """
    sha256 = sha256_of(file)
    entry = next((each for each in catalogue() if sha256.startswith(each.source.sha256_prefix)), None)
    if entry is None:
        named = next((each for each in catalogue() if each.filename == file.name), None)
        if named is not None:
            raise WeightsError(
                f"{file} is damaged: its SHA-256 begins with {sha256[:8]}, not {named.source.sha256_prefix}. "
                "Get it again."
            )
        raise WeightsError(
            f"{file} is none of the published files (its SHA-256 begins with {sha256[:8]}). Weights of your own need "
            f"no import: --model NAME --weights {file}."
        )
    _copy(file, place_of(entry), sha256)
    return entry


def _copy(file: Path, destination: Path, sha256: str) -> None:
    """Copy ``file``, which had this hash when it was last looked at; whole, or not at all."""
    try:
        digest = hashlib.sha256()
        with open_regular(file) as source, partial_file(destination) as copy:
            while block := source.read(BLOCK):
                digest.update(block)
                copy.write(block)
            if digest.hexdigest() != sha256:
                raise WeightsError(f"{file} changed while it was copied. Import it again when it is still.")
    except OSError as problem:
        raise WeightsError(
            f"{file} could not be copied to {destination} ({problem.strerror or problem}). Make room or set TORCH_HOME."
        ) from problem
