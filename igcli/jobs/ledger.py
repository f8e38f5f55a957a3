"""What an output folder knows of the runs that made it: their settings, and every photo that is done.

A line is added when a photo is begun and when it is done, so that a run that was killed can be gone on with, and files
that it left can be told from those of strangers. It lies in the folder ``.igcli``: ``<name>.json`` has the settings,
``<name>.jsonl`` the photos.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from igcli.errors import OutputError, UsageError
from igcli.jobs.files import FOLDER, output_error, unlinked, write_whole
from igcli.jobs.identity import owner_of, source_of
from igcli.jobs.item import Item, Outcome
from igcli.jobs.outputs import Done
from igcli.jobs.record import Record, to_json

#: No honest line is longer.
_LONGEST_LINE = 2**20


@dataclass(frozen=True)
class Entry:
    """One stem: whose it is, how the file was when it was explained, what it has left; nothing if it was only begun."""

    owner: str
    source: tuple[int, int]
    records: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Ledger:
    """The photos that an output folder has, open for more; one run at a time.

    Parameters
    ----------
    output
        The folder.
    name
        Of the command: different commands can share a folder.
    settings
        All that the results depend on.
    overwrite
        Whether to begin anew, whatever is there.

    Raises
    ------
    UsageError
        When the folder was made with other settings.
    OutputError
        When the folder cannot be written to, or another run is at work in it.
    """

    def __init__(self, output: Path, name: str, settings: Record, *, overwrite: bool) -> None:
        self._output = output
        self._settings_path, self._path, self._lock_path = (
            unlinked(output, output / FOLDER / f"{name}.{ending}") for ending in ("json", "jsonl", "lock")
        )
        self._entries: dict[str, Entry] = {}
        before, now = _read_settings(self._settings_path), json.loads(to_json(settings))
        if not overwrite and before is not None and before != now:
            raise UsageError(
                f"{output} was made with other settings ({_differences(before, now)}): choose another folder with -o, "
                "or redo all with --overwrite."
            )
        self._journal = self._open()
        try:
            self._begin(now, overwrite=overwrite)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Let another run begin."""
        with contextlib.suppress(OSError):  # what could not be written has been said already
            self._journal.close()
        self._held.close()

    def is_done(self, item: Item) -> bool:
        """Whether this photo, unchanged since, has left all its files and they are still there."""
        entry = self._of(item)
        if entry is None or not entry.records or entry.source != source_of(item.found):
            return False
        files, records = ([self._output / name for name in names] for names in (entry.files, entry.records))
        return all(file.is_dir() or _has_content(file) for file in files) and all(map(_is_record, records))

    def is_known(self, item: Item) -> bool:
        """Whether files under this photo's stem are from an earlier attempt at this very photo."""
        return self._of(item) is not None

    def records(self, item: Item) -> tuple[str, ...]:
        """The record files of a photo that is done, below the output folder."""
        return self._entries[item.stem.as_posix()].records

    def beside(self, items: Iterable[Item]) -> int:
        """How many photos are done here that are not among ``items``."""
        stems = {item.stem.as_posix() for item in items}
        return sum(bool(entry.records) and stem not in stems for stem, entry in self._entries.items())

    def begin(self, item: Item) -> None:
        """Note that files of this photo may be there from now on."""
        self._note(item, Entry(owner_of(item.found), source_of(item.found)))

    def finish(self, outcome: Outcome[Done]) -> None:
        """Note what a photo has left; all of it lies on the disk."""
        found = outcome.item.found
        records = tuple(done.record_file for done in outcome.results)
        files = tuple(file for done in outcome.results for file in done.record["files"].values())
        self._note(outcome.item, Entry(owner_of(found), source_of(found), records, files))

    def forget(self, item: Item) -> None:
        """Take a photo's beginning back: files of these names are a stranger's."""
        self._entries.pop(item.stem.as_posix(), None)
        self._write(json.dumps([[item.stem.as_posix()], None, None, None]) + "\n")

    def settle(self, items: Iterable[Item]) -> None:
        """Put the lines in the order of the photos, one a photo; those of other photos come first."""
        order = dict.fromkeys([item.stem.as_posix() for item in items])
        others = [stem for stem in self._entries if stem not in order]
        known = [*others, *(stem for stem in order if stem in self._entries)]
        write_whole(self._path, (_line(stem, self._entries[stem]).encode() for stem in known))

    def _of(self, item: Item) -> Entry | None:
        """What is noted of this very photo."""
        entry = self._entries.get(item.stem.as_posix())
        return entry if entry is not None and entry.owner == owner_of(item.found) else None

    def _note(self, item: Item, entry: Entry) -> None:
        stem = item.stem.as_posix()
        self._entries[stem] = entry  # whoever else had files of these names has them no more
        self._write(_line(stem, entry))

    def _begin(self, settings: Record, *, overwrite: bool) -> None:
        self._entries = dict(entries_in(self._path))
        if overwrite:  # nothing is done any more, but what is there may still be replaced after an interruption
            self._entries = {stem: Entry(entry.owner, entry.source) for stem, entry in self._entries.items()}
            self._write("".join(_line(stem, entry) for stem, entry in self._entries.items()))
        write_whole(self._settings_path, (to_json(settings, indent=2) + "\n").encode())

    def _open(self) -> IO[str]:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._held = self._lock_path.open("a")  # never replaced, as the journal is
        except OSError as error:
            raise output_error(self._lock_path, error) from error
        if not _lock(self._held):
            self._held.close()
            raise OutputError(f"Another run is writing to {self._output}: wait for it, or choose another folder.")
        try:
            journal = self._path.open("a", encoding="ascii")
            journal.write("\n")  # ends a line that a kill has cut short
            journal.flush()
        except OSError as error:
            self._held.close()
            raise output_error(self._path, error) from error
        return journal

    def _write(self, line: str) -> None:
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
        return file.stat().st_size > 0
    except OSError:
        return False


def _is_record(file: Path) -> bool:
    """Whether this is a whole record."""
    try:
        return isinstance(json.loads(file.read_bytes()), dict)
    except (OSError, ValueError, RecursionError):
        return False


def _line(stem: str, entry: Entry) -> str:
    return json.dumps([[stem, *json.loads(entry.owner)], entry.source, entry.records, entry.files]) + "\n"


def entries_in(path: Path) -> Sequence[tuple[str, Entry]]:
    """What a ledger's file notes, by stem; later lines overrule earlier ones, lines cut short are passed over."""
    entries: dict[str, Entry] = {}
    with contextlib.suppress(OSError), path.open(encoding="ascii", errors="replace") as lines:
        while line := lines.readline(_LONGEST_LINE):
            with contextlib.suppress(ValueError, TypeError, IndexError, RecursionError):
                (stem, *owner), source, records, files = json.loads(line)
                if not isinstance(stem, str):
                    continue
                if source is None:
                    entries.pop(stem, None)
                elif isinstance(owner[0], str):
                    names = (tuple(map(str, each)) for each in (records, files))
                    entries[stem] = Entry(json.dumps(owner), tuple(source), *names)
    return list(entries.items())


def _read_settings(path: Path) -> Record | None:
    try:
        settings = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return settings if isinstance(settings, dict) else None


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


def _lock(file: IO[str]) -> bool:
    """Whether the file is ours alone now; where the system has no such locks, it is taken to be."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
