"""The cut-off of a low-pass for each method: a number, or what was measured for it and kept next to the model file.

``ig evaluate --calibrate lowpass`` measures (``jobs/evaluating/calibrating.py``); here is what it keeps. The file of
``net.toml`` is ``net.lowpass.json``: one entry for each map and form, replaced when it is measured again.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from igcli.errors import UsageError
from igcli.images.lowpass import PUBLISHED_CYCLES, Lowpass
from igcli.jobs.files import read_own
from igcli.jobs.outputs.record import SCHEMA, new_record, write_record
from igcli.jobs.plan import ModelFacts
from igcli.models.sources import NameKind, kind_of_name

#: The name of the file in the output folder.
KEPT = "lowpass.json"


@dataclass(frozen=True)
class Cutoff:
    """The best cut-off that was found for one map.

    Attributes
    ----------
    map
        A name in ``METHODS`` or ``CONTROLS``.
    of
        Which form of the map is filtered; see :class:`~igcli.images.lowpass.Lowpass`.
    cycles
        The cut-off; ``None`` if the map was best unfiltered.
    measure
        What was highest there.
    curve
        Cut-off to the mean of the measure over the photos; ``"none"`` is the map unfiltered.
    photos
        How many it was measured on.
    score
        What the maps explained: a name in ``SCORES``.
    """

    map: str
    of: Literal["absolute", "signed"]
    cycles: float | None
    measure: str
    curve: Mapping[str, float]
    photos: int
    score: str


@dataclass(frozen=True)
class LowpassChoice:
    """A low-pass as it is asked for: ``cycles`` is a number or ``"auto"``."""

    cycles: float | Literal["auto"] = PUBLISHED_CYCLES
    of: Literal["absolute", "signed"] = "absolute"

    def resolved(self, names: Iterable[str], kept: Sequence[Cutoff] = ()) -> dict[str, Lowpass | None]:
        """The low-pass of each named map; ``None`` where a map is best unfiltered.

        ``"auto"`` is what ``kept`` says, else the published cut-off.
        """
        if self.cycles != "auto":
            return dict.fromkeys(names, Lowpass(self.cycles, self.of))
        found: dict[str, Lowpass | None] = {}
        for name in names:
            known = next((each for each in kept if (each.map, each.of) == (name, self.of)), None)
            cycles = PUBLISHED_CYCLES if known is None else known.cycles
            found[name] = None if cycles is None else Lowpass(cycles, self.of)
        return found


def calibration_file(model: str) -> Path | None:
    """Where the cut-offs of a model are kept, by its name on the command line; only a model file has a place."""
    return Path(model).with_suffix(".lowpass.json") if kind_of_name(model) is NameKind.MODEL_FILE else None


def load_cutoffs(path: Path, model: ModelFacts) -> tuple[Cutoff, ...]:
    """What is kept for this network; nothing if there is no file, or it is of other weights.

    Raises
    ------
    UsageError
        For a file that this program has not written.
    """
    try:
        record = json.loads(read_own(path))
        if record["schema"] != SCHEMA:
            raise ValueError("another schema")
        cutoffs = tuple(_cutoff(entry) for entry in record["cutoffs"])
        weights = record["model"]["sha256"], record["model"]["name"]
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, TypeError, KeyError, UsageError) as error:
        raise UsageError(
            f"{path} holds no cut-offs that can be read: remove it and measure them again with ig evaluate "
            "--calibrate lowpass, or give --lowpass a number."
        ) from error
    return cutoffs if weights == (model.provenance.sha256, model.provenance.name) else ()


def _cutoff(entry: Mapping[str, object]) -> Cutoff:
    cutoff = Cutoff(**entry)  # type: ignore[arg-type]
    Lowpass(PUBLISHED_CYCLES if cutoff.cycles is None else float(cutoff.cycles), cutoff.of)
    return cutoff


def save_cutoffs(path: Path, model: ModelFacts, cutoffs: Sequence[Cutoff]) -> None:
    """Write the cut-offs; those of other maps or forms that the file has of the same network stay.

    Raises
    ------
    UsageError
        For a file of another kind, which is not replaced.
    """
    before = load_cutoffs(path, model)
    new = {(each.map, each.of) for each in cutoffs}
    kept = [*(each for each in before if (each.map, each.of) not in new), *cutoffs]
    write_record(path, new_record(network=model, cutoffs=[asdict(each) for each in kept]))
