"""One photo, or mosaic of photos, of an evaluation; and its card: all that was measured of its maps, one JSON file.

What a card has is not measured again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from igcli.attribution.completeness import Completeness
from igcli.attribution.scores import Score
from igcli.evaluation.maps import MapLike
from igcli.evaluation.metrics.metric import Curve, Measured, Metric
from igcli.images.picture import Picture
from igcli.jobs.files import read_own, write_whole
from igcli.jobs.outputs.record import SCHEMA, Record, new_record, to_json
from igcli.lazy import np


@dataclass
class Card:
    """What was measured of one photo so far.

    Attributes
    ----------
    image, target
        Which photo and which class: entries of the record.
    score
        What is explained.
    fingerprint
        What the maps depend on: the photo's file and the settings. A card with another one is not used.
    given_digest
        A digest of what the options for a need gave, such as where the objects are: numbers that depend on it are
        measured again with another.
    completeness
        By method, as its attribution promised; ``None`` where it promised nothing.
    gradients
        By method, how many were taken for its map.
    measured
        Metric to map to number.
    protocols
        Metric to the parameters that its numbers were measured with.
    """

    image: Record
    target: Record
    score: Score
    fingerprint: str
    given_digest: str = ""
    completeness: dict[str, Completeness | None] = field(default_factory=dict)
    gradients: dict[str, int] = field(default_factory=dict)
    measured: dict[str, dict[str, Measured]] = field(default_factory=dict)
    protocols: dict[str, Record] = field(default_factory=dict)

    def missing(self, name: str, metric: Metric, maps: Mapping[str, object]) -> list[str]:
        """The maps without a number by this metric with these parameters."""
        if self.protocols.get(name) != self._protocol(metric):
            return list(maps)
        return [each for each in maps if each not in self.measured[name]]

    def note(self, name: str, metric: Metric, values: Mapping[str, Measured]) -> None:
        """Add numbers; those measured by another protocol are forgotten."""
        if self.protocols.get(name) != self._protocol(metric):
            self.protocols[name], self.measured[name] = self._protocol(metric), {}
        self.measured[name].update(values)

    def _protocol(self, metric: Metric) -> Record:
        return asdict(metric) | ({"truth": self.given_digest} if any(need.option for need in metric.needed()) else {})

    def save(self, path: Path) -> None:
        """Write the card, whole."""
        record = new_record(
            image=self.image,
            target=self.target,
            score=asdict(self.score),
            fingerprint=self.fingerprint,
            completeness={name: each and asdict(each) for name, each in self.completeness.items()},
            gradients=self.gradients,
            protocols=self.protocols,
            measured={
                name: {each: _entry(one) for each, one in values.items()} for name, values in self.measured.items()
            },
        )
        write_whole(path, (to_json(record) + "\n").encode())


def load_card(path: Path, *, fingerprint: str, given_digest: str = "") -> Card | None:
    """The card in a file, if there is one and it is of the same photo and settings."""
    try:
        record = json.loads(read_own(path))
        if record["schema"] != SCHEMA or record["fingerprint"] != fingerprint:
            return None
        return Card(
            image=record["image"],
            target=record["target"],
            score=Score(**record["score"]),
            fingerprint=fingerprint,
            given_digest=given_digest,
            completeness={name: each and Completeness(**each) for name, each in record["completeness"].items()},
            gradients=record["gradients"],
            protocols=record["protocols"],
            measured={
                name: {each: _measured(one) for each, one in values.items()}
                for name, values in record["measured"].items()
            },
        )
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return None


def _entry(measured: Measured) -> Record:
    curves = {name: [each.fractions.tolist(), each.values.tolist()] for name, each in measured.curves.items()}
    return {"value": measured.value, "reason": measured.reason, "curves": curves}


def _measured(entry: Mapping[str, Any]) -> Measured:
    curves = {name: Curve(*(np.array(each, float) for each in pair)) for name, pair in entry["curves"].items()}
    value = float("nan") if entry["value"] is None else float(entry["value"])
    return Measured(value, entry["reason"], curves)


@dataclass
class Photo:
    """A photo, or mosaic, with what is known of it so far.

    Attributes
    ----------
    name
        Its files' stem below the output folder.
    target
        The class to explain, or ``None`` for the one that is asked for of all.
    fingerprint
        What its maps depend on.
    bases
        The names of its maps.
    names
        Of all that is to be measured: the maps, or views of them.
    card
        Once it has been explained.
    complete
        Whether the card has all that is asked for, so that the photo need not even be read.
    maps
        Those that are known, by name.
    failure
        Why it has no maps, if it failed.
    """

    name: str
    target: str | int | None
    fingerprint: str
    bases: Sequence[str]
    names: Sequence[str]
    card: Card | None = None
    complete: bool = False
    maps: dict[str, MapLike] = field(default_factory=dict)
    failure: str = ""
    resumed: bool = field(init=False)
    _picture: Picture | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.resumed = self.card is not None

    def set_picture(self, picture: Picture) -> None:
        """Set the picture, once it has been read."""
        self._picture = picture

    @property
    def picture(self) -> Picture:
        """The photo as the model sees it."""
        if self._picture is None:
            raise ValueError(f"{self.name} has not been read")
        return self._picture
