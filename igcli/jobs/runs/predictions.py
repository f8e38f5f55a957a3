"""A run that predicts: each prediction is kept as a line of a journal, and a table of all is written at the end.

``predictions.csv`` has a line per photo, in input order; ``failures.predictions.jsonl`` what failed;
``run.predictions.json`` the counts, with the accuracy where true classes are known. A run that was killed goes on where
it stopped. The true class is no part of what is kept: it is compared when the table is written.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, ClassVar

from igcli.attribution.targets import TrueClass
from igcli.images.crop import CROP_COLUMNS
from igcli.images.source import Found
from igcli.jobs.files import write_whole
from igcli.jobs.item import UNKNOWN, Input, Item, Outcome, file_stamp, owner_of, photo_sha256, source_read
from igcli.jobs.outputs.entries import truth_entry
from igcli.jobs.outputs.record import Done, Record
from igcli.jobs.runs.journal import Journal, journal_lines
from igcli.jobs.runs.run import Run
from igcli.rendering.numbers import finite
from igcli.tables import csv_lines

#: The kind of the run, and the name of its table.
KIND = "predictions"
TABLE = f"{KIND}.csv"
#: Of the classes in the table: predicted, predicted_2, ...
_PLACES = ("", "_2", "_3", "_4", "_5")


@dataclass(frozen=True)
class _Place:
    """The line of a photo: which photo, its file's size and time when it was read, its first byte."""

    owner: str
    source: tuple[int, int]
    offset: int


class PredictionJournal(Journal):
    """The predictions of an output folder. Only their places are held in memory."""

    def __init__(self, output: Path, name: str, settings: Record, *, overwrite: bool) -> None:
        self._places: dict[str, _Place] = {}
        self._reader: IO[bytes] | None = None
        super().__init__(output, name, settings, overwrite=overwrite)

    def is_done(self, item: Item, *, verify: bool = False) -> bool:
        """Whether the photo's line is of the file as it is now."""
        place = self._places.get(item.stem.as_posix())
        if place is None or place.owner != owner_of(item.found):
            return False
        if place.source == UNKNOWN or place.source != file_stamp(item.found):
            return False
        return not verify or photo_sha256(item.found) == next(self.records(item))["image"]["sha256"]

    def is_known(self, item: Item) -> bool:
        """Always: no file has a photo's name."""
        return True

    def records(self, item: Item) -> Iterator[Record]:
        """The photo's one record, read from its line."""
        if self._reader is None:
            self._reader = self._path.open("rb")  # no link, nor a second name: it is open for writing already
        self._reader.seek(self._places[item.stem.as_posix()].offset)
        yield json.loads(self._reader.readline())[2]

    def count_others(self, items: Iterable[Item]) -> int:
        """None: the table has the photos of this run alone, and others do no harm."""
        return 0

    def begin(self, item: Item) -> None:
        """Nothing is noted: no file is written for a photo."""

    def finish(self, outcome: Outcome[Done]) -> None:
        """Write the photo's line."""
        item, given = outcome.item, outcome.results[0].record
        record = {name: value for name, value in given.items() if name != "truth"}
        stem, owner = item.stem.as_posix(), owner_of(item.found)
        place = self._write(json.dumps([stem, owner, finite(record)]) + "\n")
        self._places[stem] = _Place(owner, source_read(record["image"]), place)

    def forget(self, item: Item) -> None:
        """Nothing was noted."""

    def sort(self, items: Iterable[Item]) -> None:
        """Nothing is sorted: the table is in the order of the photos, and what is written last counts."""

    def close(self) -> None:
        """Close the file of lines, and the one that reads it."""
        if self._reader is not None:
            self._reader.close()
        super().close()

    def _begin(self) -> None:
        if self.fresh:
            self._replace(())
            self._open()
        for offset, line in journal_lines(self._path):
            with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
                stem, owner, record = line
                _ = [(each["index"], each["label"], each["probability"]) for each in record["prediction"]]
                self._places[str(stem)] = _Place(str(owner), source_read(record["image"]), offset)


class PredictionRun(Run):
    """Predict a collection of photos.

    Parameters
    ----------
    truth_of
        The true class of a photo, where it is known.
    """

    ledger_type: ClassVar[type[Journal]] = PredictionJournal
    index: ClassVar[str] = TABLE

    def __init__(self, *given: Any, truth_of: Callable[[Input], TrueClass | None], **named: Any) -> None:
        self._truth_of = truth_of
        super().__init__(*given, kind=KIND, settings={}, **named)

    def records(self) -> Iterator[Record]:
        """The records of all photos that are done, in input order."""
        return (record for _, record in self.numbered())

    def numbered(self) -> Iterator[tuple[int, Record]]:
        """The same, each with the photo's place among the inputs."""
        for item in self._done():
            (record,) = self._ledger.records(item)
            truth = self._truth_of(item.found)
            said = {} if truth is None else {"truth": truth_entry(truth, record["prediction"][0]["index"])}
            yield item.number, {**record, **said}

    def _file(self, name: str) -> Path:
        return self._plan.output / TABLE if name == TABLE else super()._file(name)

    def _all_settings(self, settings: Mapping[str, object]) -> Record:
        return dict(self._plan.predicting)

    def _write_index(self) -> None:
        amount = "value" if self._plan.model.preparation.get("regression") else "probability"
        heads = [f"{name}{place}" for place in _PLACES for name in ("predicted", amount)]
        cropped = any(isinstance(item.found, Found) and item.found.crop is not None for item in self._items)
        boxes = CROP_COLUMNS if cropped else ()
        lines = csv_lines(["path", "truth", "correct", *heads, *boxes], self._rows(cropped=cropped))
        write_whole(self._file(TABLE), (line.encode("utf-8", "replace") for line in lines))

    def _rows(self, *, cropped: bool) -> Iterator[list[object]]:
        for _, record in self.numbered():
            self.accuracy.take(record)
            truth, image = record.get("truth", {}), record["image"]
            correct = truth.get("correct")
            ranked = [(each["label"], each.get("value", each["probability"])) for each in record["prediction"]]
            ranked += [(None, None)] * (len(_PLACES) - len(ranked))
            said = None if correct is None else "yes" if correct else "no"
            box = _corner_and_sides(image.get("crop")) if cropped else ()
            yield [image["absolute"], truth.get("label"), said, *(cell for pair in ranked for cell in pair), *box]


def _corner_and_sides(crop: Record | None) -> tuple[object, ...]:
    if crop is None:
        return (None,) * len(CROP_COLUMNS)
    left, top, right, bottom = crop["box"]
    return left, top, right - left, bottom - top
