"""Where a command computes: in this process, in one process per device, or on a cluster through Ray."""

from __future__ import annotations

import functools
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import click

from igcli.cli.console import Console
from igcli.cli.grouped import grouped
from igcli.errors import UsageError, WeightsError
from igcli.images.members import is_sequential
from igcli.images.source import Found
from igcli.jobs.engines.cluster import Cluster, on_cluster
from igcli.jobs.engines.processes import on_devices
from igcli.jobs.engines.scheduler import Work, WorkerPlan
from igcli.jobs.item import Item, Outcome
from igcli.jobs.plan import Job
from igcli.jobs.pool import PoolSize
from igcli.models.devices import devices_of
from igcli.models.model import Model
from igcli.rendering.fonts import VARIABLE

M = TypeVar("M", bound=Model)

#: Does items, and yields what became of each, in any order.
Engine = Callable[[Iterable[Item]], Iterator[Outcome[Any]]]


def _cluster(engine: str, ray_address: str | None, ray_actors: int | None, ray_cpus: int | None) -> Cluster | None:
    given = {"ray-address": ray_address, "ray-actors": ray_actors, "ray-cpus": ray_cpus}
    if engine == "ray":
        return Cluster(ray_address, ray_actors, ray_cpus or 1)
    for name, value in given.items():
        if value is not None:
            raise click.UsageError(f"--{name} is for --engine ray: add that, or leave it out.")
    return None


#: ``--engine`` and what belongs to it, as one noun: the cluster, or ``None`` for this machine.
engine_options = grouped(
    "ray",
    _cluster,
    click.option("--engine", type=click.Choice(["local", "ray"]), default="local", show_default=True,
                 help="This machine, or a cluster through Ray. It needs pip install 'igcli[ray]' and shared storage."),
    click.option("--ray-address", metavar="ADDRESS", help="A running cluster; Ray is started here if not given."),
    click.option("--ray-actors", type=click.IntRange(1), metavar="N",
                 help="How many workers; by default one per GPU, or as many as the CPUs allow."),
    click.option("--ray-cpus", type=click.IntRange(1), metavar="N",
                 help="CPUs for an actor without a GPU; 1 by default."),
)  # fmt: skip


@dataclass(frozen=True)
class Places:
    """Where a command computes, and how another process loads its network.

    Attributes
    ----------
    devices
        Of this machine; several for one process each.
    load
        Called with a device's name; can be pickled.
    cluster
        In place of this machine.
    batch_size
        As it was asked for; ``None`` for what suits the device.
    drawers
        How many threads or processes read and draw next to a network; ``None`` for what suits its device.
    """

    devices: Sequence[str]
    load: Callable[[str], Model]
    cluster: Cluster | None = None
    batch_size: int | None = None
    drawers: int | None = None

    @property
    def only_here(self) -> bool:
        """Whether this process does all the work."""
        return self.cluster is None and len(self.devices) == 1

    def engine(self, job: Job, work: Work, *, on_points: Callable[[int], None] | None = None) -> Engine:
        """What does ``work``, which can be pickled; ``on_points`` is called by this process alone."""
        if self.only_here:
            pool_size = PoolSize.suited(str(job.model.device), self.drawers)
            return functools.partial(work, job, pool_size=pool_size, on_points=on_points)
        threads = self.cluster.cpus if self.cluster else max(1, (os.cpu_count() or 1) // len(self.devices))
        shared = WorkerPlan(
            job.plan,
            load=self.load,
            work=work,
            batch_size=self.batch_size,
            drawers=self.drawers,
            threads=threads,
            folder=Path.cwd(),
            font=os.environ.get(VARIABLE, ""),
        )
        if self.cluster is not None:
            return functools.partial(on_cluster, shared, self.cluster, self.devices[0])
        return functools.partial(on_devices, shared, self.devices)


def chosen_devices(choice: str, console: Console, *, several: bool, cluster: Cluster | None = None) -> list[str]:
    """The devices to compute on, of those that ``--device`` names; says which stay idle, and that a cluster does.

    Parameters
    ----------
    several
        Whether there is a collection to spread over them; else the first is taken.

    Raises
    ------
    UsageError
        Where a cluster is asked for and Ray is not installed.
    """
    if cluster is not None:
        cluster.check()
        if not several:
            console.note("This process computes it alone: the cluster stays idle.")
    devices = devices_of(choice)
    if len(devices) > 1 and not several:
        first, *rest = devices
        stay = "stays" if len(rest) == 1 else "stay"
        console.note(f"This computes on one device, {first}; {', '.join(rest)} {stay} idle.")
        return [first]
    return devices


def own_device(devices: Sequence[str]) -> str:
    """Where this process loads the network: each worker loads its own, and this one has to know what it is."""
    return devices[0] if len(devices) == 1 else "cpu"


def refuse_streams(photos: Iterable[Found]) -> None:
    """Raise ``UsageError`` if a photo lies in an archive that only one process can read."""
    archives = [found.member.archive for found in photos if found.member and is_sequential(found)]
    if archives:
        raise UsageError(
            f"{archives[0]} is compressed, so that one process alone can read it: unpack it, or use one device."
        )


def refuse_precision(precision: str, where: str) -> None:
    """Raise ``UsageError`` if another precision than float32 was asked for: other processes know no other."""
    if precision != "float32":
        raise UsageError(f"{where} compute in float32: leave --precision out, or name one --device.".capitalize())


def load_onto(load: Callable[[str], M], name: str, sha256: str | None, device: str) -> M:
    """The network on a worker's device; ``WeightsError`` if it is another than that with this hash."""
    model = load(device)
    if model.provenance.sha256 != sha256:
        raise WeightsError(
            f"{name} has other weights in every process: its code does not load the same ones each time, or "
            "their file has changed since the run began. Load fixed weights, or use one device."
        )
    return model


def in_order(engine: Engine, items: Iterable[Item]) -> Iterator[Outcome[Any]]:
    """The outcomes in the order of the items: those that are ready too early wait in memory."""
    order: deque[int] = deque()
    ready: dict[int, Outcome[Any]] = {}

    def noted() -> Iterator[Item]:
        for item in items:
            order.append(item.number)
            yield item

    for outcome in engine(noted()):
        ready[outcome.item.number] = outcome
        while order and order[0] in ready:
            yield ready.pop(order.popleft())
