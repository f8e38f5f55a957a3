"""A file of lines that a run adds to as it goes on, and the settings under which it may: what resuming rests on.

Both lie in the folder ``.igcli`` of the output: ``<name>.json`` has the settings, ``<name>.jsonl`` the lines, of JSON.
A line that a kill has cut short is passed over. What the lines say is for subclasses to know.
"""

from __future__ import annotations

import contextlib
import json
import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from igcli.bounded import open_regular
from igcli.errors import UsageError
from igcli.jobs.files import FOLDER, open_to_append, output_error, read_own, unlinked, write_whole
from igcli.jobs.item import Item, Outcome
from igcli.jobs.outputs.record import Done, Record, to_json
from igcli.jobs.plan import differing_settings
from igcli.jobs.runs.lock import RunLock
from igcli.jobs.shared_files import FILES

#: No honest line is longer, in bytes.
_LONGEST_LINE = 2**20


class Journal(ABC):
    """What an output folder knows of one kind of run, open for more; one run at a time.

    Parameters
    ----------
    name
        Of the command: different commands can share a folder.
    settings
        All that the results depend on.
    overwrite
        Whether to start again, whatever is there.

    Attributes
    ----------
    fresh
        Whether what earlier lines call done does not count: it is to be done again, or its settings are not known.

    Raises
    ------
    UsageError
        When the folder was made with other settings.
    OutputError
        When the folder cannot be written to, or another run is at work in it.
    """

    def __init__(self, output: Path, name: str, settings: Record, *, overwrite: bool) -> None:
        self._output = output
        self._settings_path, self._path = (
            unlinked(output, output / FOLDER / f"{name}.{ending}") for ending in ("json", "jsonl")
        )
        self._file: IO[bytes] | None = None
        self._lock = RunLock(output, name, keep=True)  # first: another run may be about to write the settings
        try:
            plain = json.loads(to_json(settings))
            before = record_in(self._settings_path)
            if not overwrite and before is not None and not _agree(before, plain):
                raise UsageError(
                    f"{output} was made with other settings ({_differences(before, plain)}): choose another folder "
                    "with -o, or redo all with --overwrite."
                )
            self.fresh = overwrite or before is None
            self._open()
            self._write("\n")  # ends a line that a kill has cut short
            self._begin()
            write_whole(self._settings_path, (to_json(plain, indent=2) + "\n").encode())
        except BaseException:
            self.close()
            raise

    @property
    def warning(self) -> str:
        """A sentence where no lock can keep a second run out, else empty."""
        return self._lock.warning

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._file is not None:
            with contextlib.suppress(OSError):  # what could not be written has been said already
                self._file.close()
        self._lock.release()

    @abstractmethod
    def is_done(self, item: Item, *, verify: bool = False) -> bool:
        """Whether this photo, unchanged since it was read, is done, and all that was written of it is still there.

        Parameters
        ----------
        verify
            Compare the photo's bytes, and not only its file's size and time.
        """

    @abstractmethod
    def is_known(self, item: Item) -> bool:
        """Whether files under this photo's stem are from an earlier attempt at this very photo."""

    @abstractmethod
    def records(self, item: Item) -> Iterator[Record]:
        """The records of a photo that is done, one per class, read back."""

    @abstractmethod
    def count_others(self, items: Iterable[Item]) -> int:
        """How many photos are done here that are not among ``items``."""

    @abstractmethod
    def begin(self, item: Item) -> None:
        """Note that files of this photo may be there from now on."""

    @abstractmethod
    def finish(self, outcome: Outcome[Done]) -> None:
        """Note what was made of a photo, when all of it is on disk."""

    @abstractmethod
    def forget(self, item: Item) -> None:
        """Remove the note that a photo was begun: files of these names are not of this run."""

    @abstractmethod
    def sort(self, items: Iterable[Item]) -> None:
        """Put the lines in the order of the photos, one per photo; those of other photos come first."""

    @abstractmethod
    def _begin(self) -> None:
        """Take in what the lines say, before the settings are written."""

    def _open(self) -> None:
        if self._file is not None:  # of lines that were replaced
            self._file.close()
        self._file = os.fdopen(open_to_append(self._path), "ab")

    def _write(self, line: str) -> int:
        """Add a line; returns the offset of its first byte."""
        if self._file is None:
            raise ValueError("the journal is not open")
        try:
            place = self._file.seek(0, os.SEEK_END)
            self._file.write(line.encode("ascii"))
            self._file.flush()
        except OSError as error:
            raise output_error(self._path, error) from error
        return place

    def _replace(self, lines: Iterable[str]) -> None:
        """Put other lines in place of all."""
        write_whole(self._path, (line.encode("ascii") for line in lines))


def journal_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """The lines of a journal that are JSON, each with the offset of its first byte; none of a file that is missing."""
    with contextlib.suppress(OSError), open_regular(path) as file:
        place = 0
        while line := file.readline(_LONGEST_LINE):
            with contextlib.suppress(ValueError, RecursionError):
                yield place, json.loads(line)
            place += len(line)


def record_in(file: Path) -> Record | None:
    """The record or the settings in a file; ``None`` for anything else."""
    try:
        record = json.loads(read_own(file))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _agree(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the settings are the same, but for the hashes of files, which earlier versions did not note."""
    known = {name: value for name, value in now.items() if name != FILES or name in before}
    return before == known


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first few settings that differ, in words."""
    found = differing_settings(before, now)
    words = [f"{name.rpartition('.')[2]} {there} there, {here} now" for name, there, here in found[:3]]
    return "; ".join(words) + ("; …" if len(found) > len(words) else "")
