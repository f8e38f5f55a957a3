"""Many photos through one body: read, explain in groups that fill a chunk, hand over what came out, one by one.

What is then drawn and written is the caller's business: ``explaining.py``, ``filming.py``, ``saturating.py``. One file
that cannot be read or explained does not stop the others; an output folder that cannot be written to does.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from igcli.attribution.budget import Budget
from igcli.attribution.explain import FIRST_AUTO_STEPS, Wanted, explain
from igcli.attribution.result import Explanation
from igcli.errors import ImageError, NumericalError
from igcli.images.finding import Found
from igcli.images.options import ReadOptions
from igcli.images.picture import Picture
from igcli.images.reading import read_image
from igcli.jobs.files import check_writable
from igcli.jobs.naming import output_stems, with_target
from igcli.models.classifier import Classifier

T = TypeVar("T")

#: Settings that mean nothing where nothing is added up.
_INTEGRATION = ("rule", "steps", "tolerance", "max_steps", "phi")


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
    """

    model: Classifier
    wanted: Wanted = field(default_factory=Wanted)
    fit: str = "crop"
    reading: ReadOptions = field(default_factory=ReadOptions)
    output: Path = Path("out")
    name: str | None = None
    budget: Budget = field(default_factory=Budget)

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
        frames = () if wanted.interior is None or isinstance(wanted.interior, str) else wanted.interior
        return len({*wanted.alphas, *frames})

    @property
    def path_settings(self) -> dict[str, Any]:
        """Which path and score, and on what: what a record says of a sweep that integrates nothing."""
        chosen = {name: value for name, value in asdict(self.wanted.settings).items() if name not in _INTEGRATION}
        return {**chosen, "device": str(self.model.device), "batch_size": self.budget.size}


@dataclass(frozen=True)
class Explained:
    """One photo and one class, explained; ``stem`` is what its files are called below the output folder."""

    found: Found
    stem: Path
    explanation: Explanation
    timing: Mapping[str, float]


@dataclass(frozen=True)
class Failed:
    """One photo that could not be explained, and why: a sentence without the file's name."""

    found: Found
    reason: str


def process(
    job: Job, files: Sequence[Found], use: Callable[[Explained], T], *, on_points: Callable[[int], None] | None = None
) -> Iterator[T | Failed]:
    """Explain ``files`` and ``use`` each photo and class as soon as its group is done; in order.

    Nothing is kept: memory is bounded by a group. What ``use`` raises about one photo becomes its ``Failed``.

    Raises
    ------
    OutputError
        When a file cannot be written; those written before are whole.
    OutOfMemory
        When a single picture does not fit into the device's memory.
    """
    stems = [Path(job.name)] if job.name and len(files) == 1 else output_stems([found.relative for found in files])
    group = max(1, job.budget.size // (job.points or FIRST_AUTO_STEPS))
    for start in range(0, len(files), group):
        named = list(zip(files, stems, strict=True))[start : start + group]
        for item in _explain_group(job, named, on_points=on_points):
            if isinstance(item, Failed):
                yield item
                continue
            try:
                used = use(item)
            except (NumericalError, ImageError) as error:
                yield Failed(item.found, str(error))
            else:
                yield used


def _explain_group(
    job: Job, named: Sequence[tuple[Found, Path]], *, on_points: Callable[[int], None] | None
) -> Iterator[Explained | Failed]:
    started = time.perf_counter()
    pictures = [_read(job, found) for found, _ in named]
    read = time.perf_counter()
    readable = [picture for picture in pictures if isinstance(picture, Picture)]
    explained = iter(explain(job.model, readable, job.wanted, budget=job.budget, on_points=on_points))
    swept = time.perf_counter()
    timing = {"read": (read - started) / len(named), "explain": (swept - read) / max(len(readable), 1)}
    for (found, stem), picture in zip(named, pictures, strict=True):
        if isinstance(picture, Failed):
            yield picture
            continue
        outcomes = next(explained)
        for outcome in outcomes:
            if isinstance(outcome, Explanation):
                own = with_target(stem, outcome.target.label) if len(outcomes) > 1 else stem
                yield Explained(found, own, outcome, timing)
            else:
                yield Failed(found, str(outcome))


def _read(job: Job, found: Found) -> Picture | Failed:
    try:
        return read_image(found.path, view=job.model.view, fit=job.fit, options=job.reading)
    except ImageError as error:
        return Failed(found, str(error))
