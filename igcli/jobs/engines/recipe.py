"""All that a process of its own needs to take part in a run: how to load the network, and what to do. Plain data."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from igcli.attribution.budget import Budget
from igcli.attribution.wanted import Wanted
from igcli.images.options import ReadOptions
from igcli.jobs.item import Item, Outcome
from igcli.jobs.job import Job
from igcli.jobs.outputs import Done
from igcli.jobs.pipeline import Leave, group_size, process
from igcli.jobs.workers import Workers
from igcli.lazy import torch
from igcli.models.classifier import Classifier
from igcli.models.devices import exact_numbers
from igcli.rendering.fonts import VARIABLE


@dataclass(frozen=True)
class Recipe:
    """A job before its network is loaded; everything in it can be pickled.

    Attributes
    ----------
    load
        Called with a device's name.
    leave
        What to make of each explained photo and class.
    workers
        How many read and draw beside the network; ``None`` for what suits its device.
    threads
        Cores that a network on the CPU may take.
    folder
        Where relative paths begin; it must be there on every machine that takes part.
    font
        The font file for characters that DejaVu Sans lacks; empty for the system's.
    """

    load: Callable[[str], Classifier]
    leave: Leave[Done]
    wanted: Wanted
    fit: str
    reading: ReadOptions
    output: Path
    batch_size: int | None
    workers: int | None
    threads: int
    folder: Path
    font: str = ""


class Cook:
    """A recipe on one device, its network loaded: does batches of photos."""

    def __init__(self, recipe: Recipe, device: str) -> None:
        os.chdir(recipe.folder)
        if recipe.font:
            os.environ[VARIABLE] = recipe.font
        if device == "cpu":
            torch.set_num_threads(recipe.threads)
        model = recipe.load(device)
        budget = Budget.of(model, recipe.batch_size)
        self._leave, self._workers = recipe.leave, Workers.beside(str(model.device), recipe.workers)
        self._job = Job(model, recipe.wanted, recipe.fit, recipe.reading, recipe.output, budget=budget)

    @property
    def group_size(self) -> int:
        """How many photos share a sweep."""
        return group_size(self._job)

    def do(self, batch: Sequence[Item]) -> Iterator[Outcome[Done]]:
        """Explain and leave these photos."""
        with exact_numbers():
            yield from process(self._job, batch, self._leave, workers=self._workers)
