"""The files that all photos of a run share, which are baselines, references and code: their bytes are settings too."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.attribution.baselines import is_folder, is_list, split_baselines
from igcli.attribution.paths.kind import is_code
from igcli.attribution.wanted import Wanted
from igcli.errors import ImageError, OutputError
from igcli.images.baseline_folder import baseline_files
from igcli.images.opening import contents_of
from igcli.images.references import reference_files
from igcli.images.source import FileState, Found
from igcli.models.weights import sha256_of
from igcli.sample import BASELINES

#: The name of these hashes among a run's settings.
FILES = "files"


@dataclass(frozen=True)
class SharedFiles:
    """The files that all photos of a run share: by path, SHA-256 and state at the beginning of the run."""

    hashes: dict[str, str]
    states: dict[str, FileState | None]

    @classmethod
    def of(cls, wanted: Wanted) -> SharedFiles:
        """Read the files once.

        Raises
        ------
        ImageError
            When one cannot be read.
        """
        hashes: dict[str, str] = {}
        states: dict[str, FileState | None] = {}
        for part in split_baselines(wanted.settings.baseline):
            path = Path(part)
            if is_folder(part):
                files = baseline_files(path, seed=wanted.settings.seed)
                hashes[part], of_files = _digest(files)
                states |= of_files
            elif is_list(part):
                hashes[part], states[part] = sha256_of(path), FileState.of(path.stat())
            elif part not in BASELINES and path.is_file():
                contents = contents_of(Found(path, Path(path.name)))
                hashes[part], states[part] = hashlib.sha256(contents.data).hexdigest(), contents.state
        if is_code(wanted.settings.path):
            name = wanted.settings.path.rpartition(":")[0]
            if (code := Path(name).expanduser()).is_file():
                hashes[name], states[name] = hashlib.sha256(code.read_bytes()).hexdigest(), FileState.of(code.stat())
        folder = wanted.settings.references
        for found in [] if folder is None else reference_files(folder):
            contents, name = contents_of(found), str(found.path)
            hashes[name], states[name] = hashlib.sha256(contents.data).hexdigest(), contents.state
        return cls(hashes, states)

    @property
    def settings(self) -> dict[str, dict[str, str]]:
        """Their entry in a run's settings; empty without files."""
        return {FILES: self.hashes} if self.hashes else {}

    def check(self) -> None:
        """Raise ``OutputError`` if one was written to since: which bytes a map was made from is not known."""
        for name, state in self.states.items():
            try:
                now = FileState.of(Path(name).expanduser().stat())
            except OSError:
                now = None
            if now != state:
                raise OutputError(
                    f"{name} has changed while the run went on: put it back and run again, or redo all with "
                    "--overwrite."
                )


def _digest(files: Sequence[Found]) -> tuple[str, dict[str, FileState | None]]:
    """The SHA-256 over files' names and bytes, and their states; those that cannot be read are left out."""
    digest, states = hashlib.sha256(), dict[str, FileState | None]()
    for file in sorted(files, key=lambda each: each.path):
        try:
            contents = contents_of(file)
        except ImageError:  # it is passed over as a baseline too
            continue
        digest.update(os.fsencode(file.relative) + b"\0" + hashlib.sha256(contents.data).digest())
        states[str(file.path)] = contents.state
    return digest.hexdigest(), states
