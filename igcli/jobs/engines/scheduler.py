"""Workers that explain, predict or measure batches of photos, and the scheduler that gives them out.

A worker may die with its process: what it has not done is done again by another. ``processes.py`` and ``cluster.py``
run workers in processes and as actors of a cluster.
"""

from __future__ import annotations

import os
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, Protocol, TypeVar

from igcli.attribution.budget import Budget
from igcli.errors import OutOfMemory
from igcli.jobs.item import Item, Outcome
from igcli.jobs.pipeline import group_size
from igcli.jobs.plan import Job, ModelFacts, Plan
from igcli.jobs.pool import PoolSize
from igcli.lazy import torch
from igcli.models.devices import exact_numbers
from igcli.models.model import Model
from igcli.rendering.fonts import VARIABLE

#: ``process`` with its writer, for example: called with a job, items, ``pool_size``, and ``on_points`` by no worker.
Work = Callable[..., Iterator[Outcome[Any]]]


@dataclass(frozen=True)
class WorkerPlan:
    """A plan, and how another process loads the network; can be pickled.

    Attributes
    ----------
    load
        Called with a device's name.
    work
        Does items and yields their outcomes; can be pickled.
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
    load: Callable[[str], Model]
    work: Work
    batch_size: int | None
    drawers: int | None
    threads: int
    folder: Path
    font: str = ""


class Worker:
    """A plan on one device, its network loaded: does batches of photos."""

    def __init__(self, shared: WorkerPlan, device: str) -> None:
        os.chdir(shared.folder)
        if shared.font:
            os.environ[VARIABLE] = shared.font
        if device == "cpu":
            torch.set_num_threads(shared.threads)
        model = shared.load(device)
        budget = Budget.of(model, shared.batch_size)
        plan = replace(shared.plan, model=ModelFacts.of(model), batch_size=budget.size)
        self._work, self._pool_size = shared.work, PoolSize.suited(str(model.device), shared.drawers)
        self._job = Job(plan, model, budget)

    @property
    def group_size(self) -> int:
        """How many photos share a sweep."""
        return group_size(self._job)

    def do(self, batch: Sequence[Item]) -> Iterator[Outcome[Any]]:
        """Do these photos: explain them and write their files, for example."""
        with exact_numbers():
            yield from self._work(self._job, batch, pool_size=self._pool_size)


#: Groups of photos in a batch: long enough that reading and drawing overlap with explaining.
GROUPS_A_BATCH = 8
#: How many members may die of the same photo, given alone, before it is given up.
_DEATHS = 2
#: The most deaths in a row, without any outcome in between.
_IN_A_ROW = 5


class WorkerDied(Exception):
    """A member has died, and with it the outcomes that were not yet collected."""


class Member(Protocol):
    """A process or actor with a worker in it, which does batches one at a time."""

    @property
    def batch_size(self) -> int:
        """How many photos to give it at once; blocks until it is ready to work.

        Raises ``WorkerDied``.
        """

    def begin(self, batch: Sequence[Item]) -> None:
        """Send it a batch."""

    def collect(self) -> tuple[Sequence[Outcome[Any]], bool]:
        """The outcomes that are ready, and whether these were the last of the batch.

        Raises ``WorkerDied``.
        """

    def restart(self) -> None:
        """Start a new process or actor in place of the one that died."""

    def dismiss(self) -> None:
        """End the process or actor."""


M = TypeVar("M", bound=Member)


def schedule_items(
    items: Iterable[Item], members: Sequence[M], wait: Callable[[Sequence[M]], Iterable[M]]
) -> Iterator[Outcome[Any]]:
    """Give the items to the members in batches; outcomes are yielded as they become ready.

    Parameters
    ----------
    wait
        Of busy members, those that have something to collect; blocks until there is one.

    Raises
    ------
    OutOfMemory
        When members keep dying and nothing gets done.
    IgError
        What a member says of all photos, not of one.
    """
    schedule = _Schedule(iter(items))
    while schedule.dispatch(members):
        for member in wait([each for each in members if schedule.is_busy(each)]):
            yield from schedule.collect(member)


class _Schedule:
    """Which member has which photos, and which must be given out again."""

    def __init__(self, source: Iterator[Item]) -> None:
        self._source = source
        self._again: deque[Item] = deque()
        self._pending: dict[int, dict[int, Item]] = {}  # by the member's identity, then by the item's number
        self._deaths: Counter[int] = Counter()
        self._in_a_row = 0

    def is_busy(self, member: Member) -> bool:
        return id(member) in self._pending

    def dispatch(self, members: Sequence[Member]) -> bool:
        """Give every idle member a batch; false when all is done and no member is busy."""
        for member in members:
            while not self.is_busy(member):
                batch: list[Item] = []
                try:
                    # One by one after a death, to find the photo to blame.
                    batch = [self._again.popleft()] if self._again else list(islice(self._source, member.batch_size))
                    if not batch:
                        break
                    member.begin(batch)
                    self._pending[id(member)] = {item.number: item for item in batch}
                except WorkerDied:
                    self._again.extend(batch)
                    self._on_death(member)
        return bool(self._pending)

    def collect(self, member: Member) -> Iterator[Outcome[Any]]:
        """What a member has done; if it has died, its unfinished photos go to other members."""
        pending = self._pending[id(member)]
        try:
            outcomes, finished = member.collect()
        except WorkerDied:
            self._on_death(member)
            lost = list(self._pending.pop(id(member)).values())
            if len(lost) == 1 and self._is_fatal(lost[0]):
                yield Outcome(lost[0], failures=(_FATAL,))
            else:  # files that were written may be replaced
                self._again.extend(replace(item, ours=True) for item in lost)
            return
        for outcome in outcomes:
            self._in_a_row = 0
            del pending[outcome.item.number]
            yield outcome
        if finished:
            del self._pending[id(member)]

    def _is_fatal(self, item: Item) -> bool:
        """Whether a photo that was a member's last, alone, has been so before."""
        self._deaths[item.number] += 1
        return self._deaths[item.number] == _DEATHS

    def _on_death(self, member: Member) -> None:
        self._in_a_row += 1
        if self._in_a_row == _IN_A_ROW:
            raise OutOfMemory(
                "The processes that work on the photos keep dying, most likely because memory ran out: use a smaller "
                "--batch-size, or fewer devices."
            )
        member.restart()


_FATAL = (
    "The process that worked on it died each time, most likely because memory ran out: explain it alone, with a "
    "smaller --batch-size."
)
