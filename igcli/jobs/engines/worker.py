"""What a process or an actor of its own needs to take part in a run, and what it does there."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from igcli.attribution.budget import Budget
from igcli.jobs.item import Item, Outcome
from igcli.jobs.outputs.writer import Done
from igcli.jobs.pipeline import Writer, group_size, process
from igcli.jobs.plan import Job, ModelFacts, Plan
from igcli.jobs.pool import PoolSize
from igcli.lazy import torch
from igcli.models.classifier import Classifier
from igcli.models.devices import exact_numbers
from igcli.rendering.fonts import VARIABLE


@dataclass(frozen=True)
class WorkerPlan:
    """A plan, and how another process loads the network; can be pickled.

    Attributes
    ----------
    load
        Called with a device's name.
    write
        What to write of each explained photo and class.
    batch_size
        As it was asked for; ``None`` for what suits the device.
    drawers
        How many threads or processes read and draw next to the network; ``None`` for what suits its device.
    threads
        Cores that a network on the CPU may take.
    folder
        Where relative paths begin; it must be there on every machine that takes part.
    font
        The font file for characters that DejaVu Sans lacks; empty for the system's.
    """

    plan: Plan
    load: Callable[[str], Classifier]
    write: Writer[Done]
    batch_size: int | None
    drawers: int | None
    threads: int
    folder: Path
    font: str = ""


class Worker:
    """A plan on one device, its network loaded: explains batches of photos and writes their files."""

    def __init__(self, shared: WorkerPlan, device: str) -> None:
        os.chdir(shared.folder)
        if shared.font:
            os.environ[VARIABLE] = shared.font
        if device == "cpu":
            torch.set_num_threads(shared.threads)
        model = shared.load(device)
        budget = Budget.of(model, shared.batch_size)
        plan = replace(shared.plan, model=ModelFacts.of(model), batch_size=budget.size)
        self._write, self._pool_size = shared.write, PoolSize.suited(str(model.device), shared.drawers)
        self._job = Job(plan, model, budget)

    @property
    def group_size(self) -> int:
        """How many photos share a sweep."""
        return group_size(self._job)

    def do(self, batch: Sequence[Item]) -> Iterator[Outcome[Done]]:
        """Explain these photos and write their files."""
        with exact_numbers():
            yield from process(self._job, batch, self._write, pool_size=self._pool_size)
