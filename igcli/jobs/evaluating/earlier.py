"""An earlier evaluation, and how today's numbers differ from it: photo by photo, over those that both have.

An evaluation's record has its means, the table next to it (``evaluation.csv``, or whatever the record is called) the
number of each photo. Photos are recognised by their names, not by their bytes.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

from igcli.errors import UsageError
from igcli.evaluation.exclusions import counted
from igcli.evaluation.ground_truth.names import Match, pair
from igcli.evaluation.metrics.metric import arrow
from igcli.evaluation.statistics import Estimate, estimate
from igcli.jobs.evaluating.table import CSV_COLUMNS, Column, aligned, estimate_entry, estimate_text
from igcli.jobs.files import read_own
from igcli.jobs.outputs.record import SCHEMA, Record, to_json
from igcli.jobs.plan import Plan, differing_settings
from igcli.lazy import np
from igcli.tables import unescaped_cell

#: Settings that numbers do not depend on, or that the maps' names have.
_OF_NO_ACCOUNT = ("device", "batch_size", "methods")

#: A hash, of which a sentence has the beginning.
_SHA256 = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{52}\b")

#: A photo's numbers by one metric, of one map: by the label of the class that was explained.
ByTarget = dict[str, float]


@dataclass(frozen=True)
class Difference:
    """One metric's numbers now less those of an earlier evaluation.

    Attributes
    ----------
    values
        Map to one difference per photo, NaN where not both have a number; maps that not both have are missing.
    reason
        Why nothing is compared; else empty.
    unpaired
        Photos that the earlier evaluation does not have.
    """

    column: Column
    values: Mapping[str, np.ndarray] = field(default_factory=dict)
    reason: str = ""
    unpaired: int = 0

    @property
    def heading(self) -> str:
        """The metric, and whether a rise or a fall is better."""
        return f"{self.column.name} {arrow(self.column.metric.direction)}"

    @cached_property
    def estimates(self) -> dict[str, Estimate]:
        """Mean and interval of every map's differences."""
        return {name: estimate(values, resampling=self.column.resampling) for name, values in self.values.items()}

    @property
    def record(self) -> Record:
        """What the record says of it."""
        if self.reason:
            return {"reason": self.reason}
        return {
            "maps": {name: estimate_entry(found) for name, found in self.estimates.items()},
            "unpaired": self.unpaired,
        }


@dataclass(frozen=True)
class EarlierEvaluation:
    """What an earlier evaluation has measured.

    Attributes
    ----------
    path
        Of its record.
    values
        (metric, map) to photo to its numbers.
    """

    path: Path
    record: Record
    values: Mapping[tuple[str, str], Mapping[str, ByTarget]]

    def differences(self, columns: Sequence[Column], plan: Plan) -> dict[str, Difference]:
        """Metric to the differences of now to then."""
        return {column.name: self._difference(column, plan.wanted.settings.score) for column in columns}

    def changed(self, plan: Plan) -> list[str]:
        """Which settings are others now, as ``name then, now``: the model's weights among them."""
        then, now = (
            {name: each for name, each in settings.items() if name not in _OF_NO_ACCOUNT}
            for settings in (self.record["settings"], json.loads(to_json(plan.settings)))
        )
        return [f"{name} {old} then, {new} now" for name, old, new in differing_settings(then, now)]

    def _difference(self, column: Column, score: str) -> Difference:
        if reason := self._why_not(column, score):
            return Difference(column, reason=reason)
        maps = [name for name in column.values if (column.name, name) in self.values]
        entries = list(dict.fromkeys(photo for name in maps for photo in self.values[column.name, name]))
        matches = pair([Path(photo) for photo in dict.fromkeys(column.photos)], [PurePosixPath(e) for e in entries])
        paired = {
            photo: entries[match.entry]
            for photo in dict.fromkeys(column.photos)
            if isinstance(match := matches.get(Path(photo)), Match)
            and Path(photo).name == PurePosixPath(entries[match.entry]).name
        }
        values = {name: self._apart(column, name, paired) for name in maps}
        unpaired = sum(photo not in paired for photo in column.photos)
        return Difference(column, values, "", unpaired)

    def _apart(self, column: Column, name: str, paired: Mapping[str, str]) -> np.ndarray:
        then = self.values[column.name, name]
        times = Counter(column.photos)
        found = []
        for photo, target in zip(column.photos, column.targets, strict=True):
            own = then.get(paired.get(photo, ""), {})
            # The class that is predicted may be another now. A photo with several classes is compared class by class.
            alone = len(own) == 1 and times[photo] == 1
            found.append(next(iter(own.values())) if alone else own.get(target, np.nan))
        apart: np.ndarray = np.asarray(column.values[name], float) - np.array(found, float)
        return apart

    def _why_not(self, column: Column, score: str) -> str:
        known = self.record["metrics"].get(column.name)
        if known is None:
            return f"{self.path} has not measured {column.name}."
        if column.metric.is_on_mosaics():
            return f"{column.name} is measured on mosaics, which are not the same ones."
        parameters = json.loads(to_json(asdict(column.metric)))
        then = _table(known.get("parameters"))
        if then != parameters:
            other = ", ".join(name for name in sorted({*parameters, *then}) if then.get(name) != parameters.get(name))
            return f"{column.name} was measured with another {other}: measure both alike."
        explained = _table(self.record["settings"].get("settings")).get("score")
        if explained != score:
            return f"The {explained} score was explained then, and the {score} score now: explain the same one."
        if not any((column.name, name) in self.values for name in column.values):
            return f"{self.path} has none of the maps that are measured now."
        return ""


def read_earlier(given: Path) -> EarlierEvaluation:
    """Read ``evaluation.json``, or that in a folder, and the table next to it.

    Raises
    ------
    UsageError
        When there is none, or it is damaged.
    """
    path = given / "evaluation.json" if given.is_dir() else given
    data = _read(path)
    try:
        record = json.loads(data)
        sound = record["schema"] == SCHEMA and all(isinstance(each, dict) for each in record["metrics"].values())
        if not (sound and isinstance(record["settings"], dict)):
            raise ValueError
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise UsageError(
            f"{path} is no evaluation.json of ig evaluate: give such a file, or the folder that it is in."
        ) from None
    table = path.with_suffix(".csv")
    values: dict[tuple[str, str], dict[str, ByTarget]] = {}
    for photo, target, name, metric, value in _rows(table):
        values.setdefault((metric, name), {}).setdefault(photo, {})[target] = value
    return EarlierEvaluation(path, record, values)


def lines_of_differences(
    earlier: EarlierEvaluation, differences: Mapping[str, Difference], changed: Sequence[str]
) -> Iterator[str]:
    """The differences as a table: maps in rows, metrics in columns."""
    compared = {name: each for name, each in differences.items() if not each.reason}
    names = dict.fromkeys(name for each in compared.values() for name in each.values)
    if compared:
        estimates = [each.estimates for each in compared.values()]
        cells = ([name, *(difference_text(found.get(name)) for found in estimates)] for name in names)
        yield from aligned([[f"now − {earlier.path}", *(each.heading for each in compared.values())], *cells])
    yield from notes_of_differences(differences, changed)


def notes_of_differences(differences: Mapping[str, Difference], changed: Sequence[str]) -> Iterator[str]:
    """What a reader of the differences must know."""
    for each in differences.values():
        if each.reason:
            yield f"not compared: {each.reason}"
    if unpaired := max((each.unpaired for each in differences.values()), default=0):
        photos = max(len(each.column.photos) for each in differences.values())
        yield f"{unpaired} of {counted(photos, 'photo')} not in the earlier evaluation, and not compared"
    if changed:
        more = f" and {len(changed) - 3} more" if len(changed) > 3 else ""
        shortened = _SHA256.sub(r"\1…", "; ".join(changed[:3]))
        yield f"other settings: {shortened}{more}"


def difference_text(found: Estimate | None) -> str:
    """``+0.012 [-0.003, +0.027] of 8``."""
    return "–" if found is None or not found.count else f"{estimate_text(found, sign='+')} of {found.count}"


def _rows(table: Path) -> Iterator[tuple[str, str, str, str, float]]:
    """Photo, target, map, metric and number of each row."""
    data = _read(table)
    try:
        reader = csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline=""), restval="", strict=True)
        for row in reader:
            photo, target, name, metric, value = (unescaped_cell(row[column]) for column in CSV_COLUMNS[:5])
            number = float(value) if value else math.nan
            if math.isinf(number) or not (photo and name and metric):
                raise ValueError
            yield photo, target, name, metric, number
    except (ValueError, KeyError, csv.Error):
        raise UsageError(
            f"{table} is no table of ig evaluate, which has the number of each photo: keep the .csv with the .json."
        ) from None


def _read(path: Path) -> bytes:
    try:
        return read_own(path)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        what = "the number of each photo: keep it with the .json" if path.suffix == ".csv" else "an earlier evaluation"
        raise UsageError(f"{path} cannot be read ({reason}), and --earlier needs {what}.") from None


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
