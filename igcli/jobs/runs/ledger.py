"""What an output folder knows of the runs that made it: their settings, and every photo that is done.

A line is added when a photo is begun and when it is done, so that a run that was killed can be resumed, and the files
that it wrote can be distinguished from others. It lies in the folder ``.igcli``: ``<name>.json`` has the settings,
``<name>.jsonl`` the photos. What a line says of a photo's file is what was read, not what lies there by then.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.errors import UsageError
from igcli.inputs import TextInput
from igcli.jobs.files import FOLDER, read_own
from igcli.jobs.item import UNKNOWN, Item, Outcome, file_stamp, owner_of, photo_sha256, source_read
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.runs.journal import Journal, journal_lines, record_in


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


class Ledger(Journal):
    """The photos that an output folder has, open for more; one run at a time."""

    def __init__(self, output: Path, name: str, settings: Record, *, overwrite: bool) -> None:
        self._entries: dict[str, LedgerEntry] = {}
        super().__init__(output, name, settings, overwrite=overwrite)

    def is_done(self, item: Item, *, verify: bool = False) -> bool:
        """Whether all records of the photo are here, made of the file as it is now."""
        entry = self._of(item)
        if entry is None or not entry.records or entry.source == UNKNOWN or entry.source != file_stamp(item.found):
            return False
        records = [record_in(self._output / name) for name in entry.records]
        if None in records or not all(map(_has_content, (self._output / name for name in entry.files))):
            return False
        return not verify or photo_sha256(item.found) in [entry.sha256 or _sha256_in(record) for record in records]

    def is_known(self, item: Item) -> bool:
        """Whether the photo has a line."""
        return self._of(item) is not None

    def records(self, item: Item) -> Iterator[Record]:
        """The photo's records, read from their files."""
        for name in self._entries[item.stem.as_posix()].records:
            yield json.loads(read_own(self._output / name))

    def count_others(self, items: Iterable[Item]) -> int:
        """How many photos with records are not among ``items``."""
        stems = {item.stem.as_posix() for item in items}
        return sum(bool(entry.records) and stem not in stems for stem, entry in self._entries.items())

    def begin(self, item: Item) -> None:
        """Write a line without records."""
        self._note(item, LedgerEntry(owner_of(item.found), file_stamp(item.found)))

    def finish(self, outcome: Outcome[Done]) -> None:
        """Write a line with the records and files of the photo."""
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
        """Write a line that takes the photo's earlier ones back."""
        self._entries.pop(item.stem.as_posix(), None)
        self._write(json.dumps([[item.stem.as_posix()], None, None, None]) + "\n")

    def sort(self, items: Iterable[Item]) -> None:
        """Write all lines again, in the order of ``items``."""
        order = dict.fromkeys([item.stem.as_posix() for item in items])
        others = [stem for stem in self._entries if stem not in order]
        known = [*others, *(stem for stem in order if stem in self._entries)]
        self._replace(_line(stem, self._entries[stem]) for stem in known)

    def _of(self, item: Item) -> LedgerEntry | None:
        """The entry of this very photo, if there is one."""
        entry = self._entries.get(item.stem.as_posix())
        return entry if entry is not None and entry.owner == owner_of(item.found) else None

    def _note(self, item: Item, entry: LedgerEntry) -> None:
        stem = item.stem.as_posix()
        self._entries[stem] = entry  # files of these names are no other photo's any more
        self._write(_line(stem, entry))

    def _begin(self) -> None:
        self._entries = dict(entries_in(self._path))
        if self.fresh:  # but what is there may be replaced after an interruption
            self._entries = {stem: LedgerEntry(entry.owner, entry.source) for stem, entry in self._entries.items()}
            self._write("".join(_line(stem, entry) for stem, entry in self._entries.items()))


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
    for _, line in journal_lines(path):
        with contextlib.suppress(ValueError, TypeError, IndexError):
            (stem, *owner), source, records, files = line
            if not isinstance(stem, str):
                continue
            if source is None:
                entries.pop(stem, None)
            elif isinstance(owner[0], str):
                names = [tuple(map(str, each)) for each in (records, files)]
                sha256 = str(source[2]) if len(source) > 2 else None
                entries[stem] = LedgerEntry(json.dumps(owner), (source[0], source[1]), names[0], names[1], sha256)
    return list(entries.items())
