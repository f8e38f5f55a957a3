"""Files that all photos of a run share, which are baselines: the bytes they were explained by are a setting too."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from igcli.attribution.baselines import split_baselines
from igcli.attribution.wanted import Wanted
from igcli.errors import OutputError
from igcli.images.opening import contents_of
from igcli.images.source import FileState, Found
from igcli.sample import BASELINES

#: The name of these hashes among a run's settings.
FILES = "files"


@dataclass(frozen=True)
class SharedFiles:
    """Paths as they were given, with the SHA-256 and the state of each file at the beginning of the run."""

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
        hashes, states = {}, {}
        for part in split_baselines(wanted.settings.baseline):
            path = Path(part)
            if part not in BASELINES and path.is_file():
                contents = contents_of(Found(path, Path(path.name)))
                hashes[part], states[part] = hashlib.sha256(contents.data).hexdigest(), contents.state
        return cls(hashes, states)

    @property
    def settings(self) -> dict[str, dict[str, str]]:
        """What they add to a run's settings; nothing without files."""
        return {FILES: self.hashes} if self.hashes else {}

    def check(self) -> None:
        """Raise ``OutputError`` if one was written to since: by which bytes a map was made is not known."""
        for name, state in self.states.items():
            try:
                now = FileState.of(Path(name).stat())
            except OSError:
                now = None
            if now != state:
                raise OutputError(
                    f"{name} has changed while the run went on: put it back and run again, or redo all with "
                    "--overwrite."
                )
