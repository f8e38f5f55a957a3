"""What to find out about every photo, by which network, and where to leave it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from igcli.attribution.budget import Budget
from igcli.attribution.wanted import Wanted
from igcli.images.options import ReadOptions
from igcli.jobs.desk import Desk, ModelFacts
from igcli.jobs.files import check_writable
from igcli.models.classifier import Classifier


@dataclass(frozen=True)
class Job:
    """What to find out about every photo, and where to leave it.

    Attributes
    ----------
    model
        Loaded, on its device.
    wanted
        Methods, classes, score, path.
    fit
        A name in ``FITS``.
    reading
        How to read files.
    output
        The folder that everything is written to.
    name
        The stem of the output files of the only photo, in place of the photo's own.
    budget
        How much goes through the network at once.
    precision
        A name in ``PRECISIONS``: how products are computed.
    precision_error
        How far that takes the first photo's map from float32's (relative L2), if it was measured.
    """

    model: Classifier
    wanted: Wanted = field(default_factory=Wanted)
    fit: str = "crop"
    reading: ReadOptions = field(default_factory=ReadOptions)
    output: Path = Path("out")
    name: str | None = None
    budget: Budget = field(default_factory=Budget)
    precision: str = "float32"
    precision_error: float | None = None

    def check(self) -> None:
        """Raise ``IgError`` for what can be seen to be wrong before any picture is read."""
        self.wanted.check(self.model)
        check_writable(self.output)

    @property
    def points(self) -> int | None:
        """The gradients that one photo and one class take; ``None`` where only the sweep can tell."""
        wanted = self.wanted
        if wanted.methods:
            return None if wanted.settings.steps == "auto" else int(wanted.settings.steps)
        return len(wanted.points)

    @property
    def desk(self) -> Desk:
        """The job as it stands now, without the network."""
        facts = ModelFacts.of(self.model, precision=self.precision, precision_error=self.precision_error)
        return Desk(facts, self.wanted, self.fit, self.reading, self.output, self.name, self.budget.size)


def check_reachable(folder: Path) -> None:
    """Raise ``OutputError`` if ``folder`` can be seen not to be writable; nothing is made, and no model needed."""
    nearest = next((path for path in (folder, *folder.parents) if os.path.exists(path)), folder)  # noqa: PTH110 - never raises
    if not (nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK)):
        check_writable(folder)  # knows the reason
