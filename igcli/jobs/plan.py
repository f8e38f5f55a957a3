"""The plan of a run: all it needs except the network, and a job: the plan with its network.

What is drawn and written needs to know the network's name and settings, not the network: a :class:`Plan` is plain data
and goes to other processes.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from igcli.attribution.budget import Budget
from igcli.attribution.result import Explanation
from igcli.attribution.scores import Score
from igcli.attribution.wanted import Wanted
from igcli.errors import UsageError
from igcli.images.options import ReadOptions
from igcli.images.picture import Picture
from igcli.jobs.files import check_writable
from igcli.jobs.item import Input
from igcli.models.classifier import Classifier
from igcli.models.model import Model, Provenance
from igcli.sample import Sample

#: Options of reading that refuse a file: results do not depend on them.
_REFUSALS = ("max_pixels", "allow_truncated", "max_words")
#: Settings that mean nothing where nothing is integrated.
_INTEGRATION = (
    "rule",
    "steps",
    "tolerance",
    "max_steps",
    "map_tolerance",
    "phi",
    "references",
    "ig2_step",
    "guided_fraction",
    "guided_distance",
)


@dataclass(frozen=True)
class ModelFacts:
    """What records and pictures say of a network.

    Attributes
    ----------
    input_size
        Side of the square input, or (width, height), in pixels; ``None`` where inputs are no pictures.
    caveat
        What a person should know before trusting it.
    preparation
        How photos are prepared for it.
    precision, precision_error
        How products were computed, and how far that takes the first photo's map from float32's (relative L2), if it
        was measured.
    one_at_a_time
        Why no two pictures went through the network together; empty if they may.
    """

    provenance: Provenance
    input_size: int | tuple[int, int] | None
    caveat: str
    device: str
    preparation: dict[str, Any]
    precision: str = "float32"
    precision_error: float | None = None
    one_at_a_time: str = ""

    @classmethod
    def of(cls, model: Model, *, precision: str = "float32") -> ModelFacts:
        """The facts of a loaded network."""
        size = model.input_size if isinstance(model, Classifier) else None
        origin, device = model.provenance, str(model.device)
        alone = model.batching.one_at_a_time
        return cls(origin, size, model.caveat, device, model.preparation, precision, one_at_a_time=alone)


@dataclass(frozen=True)
class Plan:
    """What to find out about every photo, and how it is written; can be pickled.

    Attributes
    ----------
    model
        What is known of the network.
    wanted
        Methods, classes, score, path.
    output
        The folder that everything is written to.
    fit
        A name in ``FITS``; ``None`` where inputs are no pictures.
    reading
        How to read inputs: a dataclass of the options that the model's ``read`` takes, or ``None`` without any.
    name
        The stem of the output files of the only photo, in place of the photo's own.
    batch_size
        How many pictures go through the network at once.
    """

    model: ModelFacts
    wanted: Wanted
    output: Path
    fit: str | None = "crop"
    reading: Any = field(default_factory=ReadOptions)
    name: str | None = None
    batch_size: int = 1

    @property
    def points(self) -> int | None:
        """The gradients that one photo and one class take; ``None`` where that is known only after the sweep."""
        wanted = self.wanted
        if wanted.methods:
            return None if wanted.settings.steps == "auto" else int(wanted.settings.steps)
        return len(wanted.points)

    @property
    def predicting(self) -> dict[str, Any]:
        """All that predictions depend on, without device and batch size."""
        # Nor what refuses files: a remedy that a failure names must not change the settings.
        options = {} if self.reading is None else asdict(self.reading)
        reading = {name: value for name, value in options.items() if name not in _REFUSALS and value != ()}
        model = {**asdict(self.model.provenance), **self.model.preparation}
        return {"model": model, "precision": self.model.precision, **self.fitting, **reading}

    @property
    def settings(self) -> dict[str, Any]:
        """All that the numbers depend on, without device and batch size."""
        wanted = asdict(self.wanted)
        if wanted["settings"]["steps"] != "auto":
            wanted["settings"] |= {"rule": self.wanted.settings.placed_by, "max_steps": None}
        return {**self.predicting, **wanted}

    @property
    def fitting(self) -> dict[str, str]:
        """The setting ``fit`` of pictures, and nothing of others."""
        return {} if self.fit is None else {"fit": self.fit}

    @property
    def path_settings(self) -> dict[str, Any]:
        """Path, score, device and batch size: the settings in records of sweeps that integrate nothing."""
        chosen = {name: value for name, value in asdict(self.wanted.settings).items() if name not in _INTEGRATION}
        chosen["baseline"] = self.wanted.settings.start
        return {**chosen, "device": self.model.device, "batch_size": self.batch_size}


@dataclass(frozen=True)
class Job:
    """A plan and its network, loaded on its device.

    Attributes
    ----------
    budget
        How many pictures go through the network at once; smaller after it ran out of memory.
    """

    plan: Plan
    model: Model
    budget: Budget

    @classmethod
    def of(
        cls,
        model: Model,
        wanted: Wanted | None = None,
        *,
        output: Path = Path("out"),
        budget: Budget | None = None,
        precision: str = "float32",
        **how: Any,
    ) -> Job:
        """The job of a loaded network; ``how`` are further attributes of the plan."""
        budget = budget or Budget()
        facts = ModelFacts.of(model, precision=precision)
        return cls(Plan(facts, (wanted or Wanted()).on(model), output, batch_size=budget.size, **how), model, budget)

    def read(self, found: Input) -> Sample:
        """The sample that an input stands for.

        Raises
        ------
        ImageError, InputError
            When it cannot be read.
        """
        return self.model.read(found, fit=self.plan.fit, options=self.plan.reading)

    @property
    def classifier(self) -> Classifier:
        """The model of pictures, for what is of pictures alone."""
        if not isinstance(self.model, Classifier):
            raise UsageError(f"{self.model.provenance.name} is no model of pictures.")
        return self.model

    def picture(self, found: str | os.PathLike[str] | Input) -> Picture:
        """A file as the model of pictures sees it.

        Raises
        ------
        ImageError
            When it cannot be read.
        """
        return self.classifier.read(found, fit=self.plan.fit, options=self.plan.reading)

    def score_of(self, explanation: Explanation) -> Score:
        """The score that is explained: to be taken of other pictures, for the same classes."""
        against = explanation.score.against
        rival = None if against is None else self.model.labels.find(against)
        return Score(explanation.score.kind, explanation.target.index, rival)

    def check(self) -> None:
        """Raise ``IgError`` for errors that can be found before any picture is read."""
        self.plan.wanted.check(self.model)
        check_writable(self.plan.output)

    @property
    def present_plan(self) -> Plan:
        """The plan with the batch size that is used now."""
        return (
            self.plan if self.plan.batch_size == self.budget.size else replace(self.plan, batch_size=self.budget.size)
        )


def check_reachable(folder: Path) -> None:
    """Raise ``OutputError`` if ``folder`` can be seen not to be writable; nothing is made, and no model needed."""
    nearest = next((path for path in (folder, *folder.parents) if os.path.exists(path)), folder)  # noqa: PTH110 - never raises
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        check_writable(folder)  # knows the reason


def differing_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    """Settings that differ, as (name, before, now), ``None`` where one is missing; nested names are joined by dots."""
    old, new = dict(_flat(before)), dict(_flat(now))
    names = dict.fromkeys((*old, *new))
    return [(name, old.get(name), new.get(name)) for name in names if old.get(name) != new.get(name)]


def _flat(settings: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{name}.")
        else:
            yield prefix + name, value
