"""What every section measures on: the network, the photographs, the rivals, and what was found out for them once."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from statistics import median

from errors import Reference
from rivals import Rival, Subject, ours, rivals_on
from timing import Clock
from tqdm import tqdm

import igcli
from igcli.cli.startup import after_loading

SAMPLES = Path(__file__).parents[2] / "sample_images"
SEARCHED = 2  # photos on which batch sizes are tried


class Trial:
    """One run of the benchmark.

    Attributes
    ----------
    subjects
        All photos: errors are measured on them.
    timed
        Some of them, evenly spread: seconds are measured on them.
    """

    def __init__(self, files: Sequence[Path], options: argparse.Namespace) -> None:
        self.options, self.files = options, files
        self.model = igcli.load_model(options.model, device=options.device)
        after_loading(on_cpu=self.model.device.type == "cpu")  # as the command line does
        self.clock = Clock(self.model.device)
        self.reference = Reference(self.model, midpoints=options.reference, folder=options.references)
        self._batches: dict[str, int | None] = {}

    @cached_property
    def subjects(self) -> list[Subject]:
        """Every photo with its most probable class."""
        found = []
        for file in tqdm(self.files, desc="reading", leave=False):
            picture = igcli.read_image(file, view=self.model.view)
            target = igcli.attribute(self.model, picture, steps=1).target.index
            found.append(Subject(file, picture, target))
        return found

    @property
    def timed(self) -> list[Subject]:
        """The photos whose seconds count."""
        count = min(self.options.timed, len(self.subjects))
        return [self.subjects[i * len(self.subjects) // count] for i in range(count)]

    @cached_property
    def rivals(self) -> dict[str, Rival]:
        """Ready to explain."""
        return rivals_on(self.model)

    def adaptive(self, subject: Subject) -> igcli.Attribution:
        """The adaptive path with its own settings, or the tolerances asked for."""
        asked = {name: getattr(self.options, name) for name in ("tolerance", "map_tolerance")}
        return ours(self.model, subject, "auto", **{name: value for name, value in asked.items() if value is not None})

    @cached_property
    def adapted(self) -> list[igcli.Attribution]:
        """What the adaptive path makes of every photo."""
        return [self.adaptive(subject) for subject in tqdm(self.subjects, desc="adaptive", leave=False)]

    def best_batch(self, rival: Rival) -> int | None:
        """The batch size with which a rival is fastest, tried with as many gradients as at equal steps."""
        steps = self.options.gradients
        sizes = [size for size in rival.batches if size < 2 * steps]
        if rival.name not in self._batches:
            contestants = {str(size): rival.at(steps, size) for size in sizes}
            taken = self.clock.in_turns(contestants, (self.timed * SEARCHED)[:SEARCHED]) if sizes else {}
            self._batches[rival.name] = int(min(taken, key=lambda size: median(taken[size]))) if sizes else None
        return self._batches[rival.name]
