"""What the files of a run say of how they were made, and where they go: plain data, ready for another process.

A drawing needs to know the network's name, not the network: a desk is a :class:`~igcli.jobs.job.Job` without it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from igcli.attribution.wanted import Wanted
from igcli.images.options import ReadOptions
from igcli.models.classifier import Classifier
from igcli.models.model import Provenance

#: Settings that mean nothing where nothing is added up.
_REFUSALS = ("max_pixels", "allow_truncated")
_INTEGRATION = ("rule", "steps", "tolerance", "max_steps", "phi")


@dataclass(frozen=True)
class ModelFacts:
    """What is said of a network: its origin, its input, what to beware of, where and how it ran, how it was used.

    ``precision_error`` is how far the ``precision`` took the first photo's map from float32's, if that was measured;
    ``one_at_a_time`` why no two pictures went through the network together, or nothing.
    """

    provenance: Provenance
    input_size: int
    caveat: str
    device: str
    preparation: dict[str, Any]
    precision: str = "float32"
    precision_error: float | None = None
    one_at_a_time: str = ""

    @classmethod
    def of(cls, model: Classifier, *, precision: str = "float32", precision_error: float | None = None) -> ModelFacts:
        """The facts of a loaded network."""
        origin, size, device = model.provenance, model.input_size, str(model.device)
        alone = model.batching.one_at_a_time
        return cls(origin, size, model.caveat, device, model.preparation, precision, precision_error, alone)


@dataclass(frozen=True)
class Desk:
    """Where results are drawn and written, and under which conditions they came about."""

    model: ModelFacts
    wanted: Wanted
    fit: str
    reading: ReadOptions
    output: Path
    name: str | None
    batch_size: int

    @property
    def settings(self) -> dict[str, Any]:
        """All that the numbers depend on: where and how fast they are computed is no part of it."""
        # What is refused is no part of it either: a remedy that a failure names must not be another setting.
        reading = {name: value for name, value in asdict(self.reading).items() if name not in _REFUSALS}
        model = {**asdict(self.model.provenance), **self.model.preparation}
        wanted = asdict(self.wanted)
        if wanted["settings"]["steps"] != "auto":
            wanted["settings"] |= {"rule": self.wanted.settings.dealt_by, "max_steps": None}
        return {"model": model, "precision": self.model.precision, **wanted, "fit": self.fit, **reading}

    @property
    def path_settings(self) -> dict[str, Any]:
        """Which path and score, and on what: what a record says of a sweep that integrates nothing."""
        chosen = {name: value for name, value in asdict(self.wanted.settings).items() if name not in _INTEGRATION}
        return {**chosen, "device": self.model.device, "batch_size": self.batch_size}
