"""What an output folder knows of the runs that made it: their settings, and every photo that is done.

A line is added when a photo is begun and when it is done, so that a run that was killed can be resumed, and the files
that it wrote can be distinguished from others. It lies in the folder ``.igcli``: ``<name>.json`` has the settings,
``<name>.jsonl`` the photos. What a line says of a photo's file is what was read, not what lies there by then.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from igcli.bounded import open_regular
from igcli.errors import UsageError
from igcli.inputs import TextInput
from igcli.jobs.files import FOLDER, open_to_append, output_error, read_own, unlinked, write_whole
from igcli.jobs.item import UNKNOWN, Item, Outcome, file_stamp, owner_of, photo_sha256, source_read
from igcli.jobs.outputs.record import Done, Record, to_json
from igcli.jobs.plan import FILES
from igcli.jobs.runs.lock import RunLock

#: No honest line is longer.
_LONGEST_LINE = 2**20


@dataclass(frozen=True)
class LedgerEntry:
    """One stem and what was written under it; nothing if the photo was only begun.

    Attributes
    ----------
    owner
        Which photo.
    source
        Size and time of its file when it was read.
    records, files
        Paths below the output folder.
    sha256
        Of the bytes that were read; ``None`` in ledgers of earlier versions, whose records have it.
    """

    owner: str
    source: tuple[int, int]
    records: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    sha256: str | None = None


class Ledger:
    """The photos that an output folder has, open for more; one run at a time.

    Parameters
    ----------
    name
        Of the command: different commands can share a folder.
    settings
        All that the results depend on.
    overwrite
        Whether to start again, whatever is there.

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
        self._entries: dict[str, LedgerEntry] = {}
        self._journal: IO[str] | None = None
        self._lock = RunLock(output, name, keep=True)  # first: another run may be about to write the settings
        try:
            self._begin(json.loads(to_json(settings)), overwrite=overwrite)
        except BaseException:
            self.close()
            raise

    @property
    def warning(self) -> str:
        """A sentence where no lock can keep a second run out, else empty."""
        return self._lock.warning

    def close(self) -> None:
        """Close the file and release the lock."""
        if self._journal is not None:
            with contextlib.suppress(OSError):  # what could not be written has been said already
                self._journal.close()
        self._lock.release()

    def is_done(self, item: Item, *, verify: bool = False) -> bool:
        """Whether this photo, unchanged since it was read, has all its files and they are still there.

        Parameters
        ----------
        verify
            Compare the photo's bytes, and not only its file's size and time.
        """
        entry = self._of(item)
        if entry is None or not entry.records or entry.source == UNKNOWN or entry.source != file_stamp(item.found):
            return False
        records = [_record(self._output / name) for name in entry.records]
        if None in records or not all(map(_has_content, (self._output / name for name in entry.files))):
            return False
        return not verify or photo_sha256(item.found) in [entry.sha256 or _sha256_in(record) for record in records]

    def is_known(self, item: Item) -> bool:
        """Whether files under this photo's stem are from an earlier attempt at this very photo."""
        return self._of(item) is not None

    def records(self, item: Item) -> tuple[str, ...]:
        """The record files of a photo that is done, below the output folder."""
        return self._entries[item.stem.as_posix()].records

    def count_others(self, items: Iterable[Item]) -> int:
        """How many photos are done here that are not among ``items``."""
        stems = {item.stem.as_posix() for item in items}
        return sum(bool(entry.records) and stem not in stems for stem, entry in self._entries.items())

    def begin(self, item: Item) -> None:
        """Note that files of this photo may be there from now on."""
        self._note(item, LedgerEntry(owner_of(item.found), file_stamp(item.found)))

    def finish(self, outcome: Outcome[Done]) -> None:
        """Note what was written of a photo, when all of it is on disk."""
        found = outcome.item.found
        records = tuple(done.record_file for done in outcome.results)
        files = tuple(file for done in outcome.results for file in done.record["files"].values())
        if isinstance(found, TextInput):
            source, sha256 = found.stamp, found.sha256
        else:  # as they were when the file was read
            image = outcome.results[0].record["image"]
            source, sha256 = file_stamp(found) if found.url else source_read(image), image["sha256"]
        self._note(outcome.item, LedgerEntry(owner_of(found), source, records, files, sha256))

    def forget(self, item: Item) -> None:
        """Remove the note that a photo was begun: files of these names are not of this run."""
        self._entries.pop(item.stem.as_posix(), None)
        self._write(json.dumps([[item.stem.as_posix()], None, None, None]) + "\n")

    def sort(self, items: Iterable[Item]) -> None:
        """Put the lines in the order of the photos, one per photo; those of other photos come first."""
        order = dict.fromkeys([item.stem.as_posix() for item in items])
        others = [stem for stem in self._entries if stem not in order]
        known = [*others, *(stem for stem in order if stem in self._entries)]
        write_whole(self._path, (_line(stem, self._entries[stem]).encode() for stem in known))

    def _of(self, item: Item) -> LedgerEntry | None:
        """The entry of this very photo, if there is one."""
        entry = self._entries.get(item.stem.as_posix())
        return entry if entry is not None and entry.owner == owner_of(item.found) else None

    def _note(self, item: Item, entry: LedgerEntry) -> None:
        stem = item.stem.as_posix()
        self._entries[stem] = entry  # files of these names are no other photo's any more
        self._write(_line(stem, entry))

    def _begin(self, settings: Record, *, overwrite: bool) -> None:
        before = _record(self._settings_path)
        if not overwrite and before is not None and not _agree(before, settings):
            raise UsageError(
                f"{self._output} was made with other settings ({_differences(before, settings)}): choose another "
                "folder with -o, or redo all with --overwrite."
            )
        self._journal = os.fdopen(open_to_append(self._path), "a", encoding="ascii")
        self._write("\n")  # ends a line that a kill has cut short
        self._entries = dict(entries_in(self._path))
        if overwrite or before is None:  # the settings it was made with are not known, so nothing counts as done;
            # but what is there may be replaced after an interruption
            self._entries = {stem: LedgerEntry(entry.owner, entry.source) for stem, entry in self._entries.items()}
            self._write("".join(_line(stem, entry) for stem, entry in self._entries.items()))
        write_whole(self._settings_path, (to_json(settings, indent=2) + "\n").encode())

    def _write(self, line: str) -> None:
        if self._journal is None:
            raise ValueError("the ledger is not open")
        try:
            self._journal.write(line)
            self._journal.flush()
        except OSError as error:
            raise output_error(self._path, error) from error


def refuse_strangers(output: Path, name: str, files: Iterable[Path], *, what: str) -> None:
    """Raise ``UsageError`` if a file that ``what`` would replace is there and no earlier one has made it."""
    if (output / FOLDER / f"{name}.json").exists():
        return
    for path in files:
        if path.exists():
            raise UsageError(
                f"{path} is there already, and no {what} has made it: choose another folder with -o, or add "
                "--overwrite."
            )


def _has_content(file: Path) -> bool:
    try:
        return file.is_dir() or file.stat().st_size > 0
    except OSError:
        return False


def _record(file: Path) -> Record | None:
    """The record or the settings in a file; ``None`` for anything else."""
    try:
        record = json.loads(read_own(file))
    except (OSError, ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) else None


def _sha256_in(record: Record | None) -> str:
    """The SHA-256 of the photo in a record; empty if it has none."""
    image = (record or {}).get("image")
    return str(image.get("sha256")) if isinstance(image, dict) else ""


def _line(stem: str, entry: LedgerEntry) -> str:
    source = (*entry.source, *([] if entry.sha256 is None else [entry.sha256]))
    return json.dumps([[stem, *json.loads(entry.owner)], source, entry.records, entry.files]) + "\n"


def entries_in(path: Path) -> Sequence[tuple[str, LedgerEntry]]:
    """The entries of a ledger's file, by stem; later lines overrule earlier ones, lines cut short are passed over."""
    entries: dict[str, LedgerEntry] = {}
    with contextlib.suppress(OSError), open_regular(path) as file:
        lines = io.TextIOWrapper(file, encoding="ascii", errors="replace")
        while line := lines.readline(_LONGEST_LINE):
            with contextlib.suppress(ValueError, TypeError, IndexError, RecursionError):
                (stem, *owner), source, records, files = json.loads(line)
                if not isinstance(stem, str):
                    continue
                if source is None:
                    entries.pop(stem, None)
                elif isinstance(owner[0], str):
                    names = [tuple(map(str, each)) for each in (records, files)]
                    sha256 = str(source[2]) if len(source) > 2 else None
                    entries[stem] = LedgerEntry(json.dumps(owner), (source[0], source[1]), names[0], names[1], sha256)
    return list(entries.items())


def _agree(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether the settings are the same; earlier versions did not note the hashes of files, and their folders can be resumed."""
    known = {name: value for name, value in now.items() if name != FILES or name in before}
    return before == known


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The first few settings that differ, in words."""
    old, new = dict(_flat(before)), dict(_flat(now))
    names = [name for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    words = [f"{name.rpartition('.')[2]} {old.get(name)} there, {new.get(name)} now" for name in names[:3]]
    return "; ".join(words) + ("; …" if len(names) > len(words) else "")


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
