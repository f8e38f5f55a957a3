"""A cluster, through Ray: it places the actors, restarts those that die, and reports which are ready.

Paths go in, files come out: photos and outputs must lie on storage that all machines share under the same names. Ray is
an extra (``pip install 'igcli[ray]'``) and is imported here alone.
"""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from igcli.errors import IgError, UsageError
from igcli.jobs.engines.scheduler import GROUPS_A_BATCH, Worker, WorkerDied, WorkerPlan, schedule_items
from igcli.jobs.item import Item, Outcome

T = TypeVar("T")


@dataclass(frozen=True)
class Cluster:
    """Where Ray runs, and how many take part.

    Attributes
    ----------
    address
        Of a running cluster, as ``ray.init`` takes it; ``None`` starts Ray on this machine.
    actors
        How many; by default one per GPU, or as many as the CPUs suffice for.
    cpus
        CPUs for an actor that has no GPU.
    """

    address: str | None = None
    actors: int | None = None
    cpus: int = 1

    def check(self) -> None:
        """Raise ``UsageError`` where Ray is not installed."""
        try:
            import ray  # noqa: F401
        except ImportError:
            raise UsageError("--engine ray needs Ray: pip install 'igcli[ray]', or leave --engine out.") from None


def on_cluster(shared: WorkerPlan, cluster: Cluster, device: str, items: Iterable[Item]) -> Iterator[Outcome[Any]]:
    """Do the items with Ray's actors; raises what :func:`~igcli.jobs.engines.scheduler.schedule_items` does.

    ``device`` is ``"cpu"``, ``"auto"`` for GPUs where the cluster has any, or anything else for one GPU per actor.
    """
    with _joined(cluster) as ray:
        there = ray.cluster_resources()
        gpus = device != "cpu" and (device != "auto" or bool(there.get("GPU", 0)))
        room = int(there.get("GPU", 0)) if gpus else int(there.get("CPU", 0)) // cluster.cpus
        count = cluster.actors or room
        if room < count or count < 1:
            what = f"{room} GPUs" if gpus else f"{int(there.get('CPU', 0))} CPUs"
            raise UsageError(
                f"Ray has {what}, too few for {max(count, 1)} actors: ask for fewer with --ray-actors or --ray-cpus, "
                "or use another --device."
            )
        needs = {"num_gpus": 1, "num_cpus": 1} if gpus else {"num_cpus": cluster.cpus}
        # Restarted by Ray wherever there is room; its photos are given out again by us, who know which are done.
        kind = ray.remote(**needs, max_restarts=-1, max_task_retries=0)(_RemoteWorker)
        members = [_Actor(ray, kind.remote(pickle.dumps(shared), "cuda" if gpus else "cpu")) for _ in range(count)]
        try:
            yield from schedule_items(items, members, _ready_among)
        finally:
            for member in members:
                member.dismiss()


@contextmanager
def _joined(cluster: Cluster) -> Iterator[Any]:
    """Ray, running; stopped again if it was started here."""
    import ray

    own = not ray.is_initialized()
    if own:
        try:
            own_dashboard = None if cluster.address else False
            ray.init(
                cluster.address or "local",
                include_dashboard=own_dashboard,
                configure_logging=False,
                log_to_driver=False,
            )
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise UsageError(
                f"Ray cannot be reached at {cluster.address or 'this machine'} ({error}). Check --ray-address, or "
                "leave it out."
            ) from error
    try:
        yield ray
    finally:
        if own:
            ray.shutdown()


class _RemoteWorker:
    """What runs in the actor: answers, or the error that concerns all photos."""

    def __init__(self, shared: bytes, device: str) -> None:
        # Unpickled here, where what cannot be imported on that machine can be distinguished from a death.
        self._worker = _answer(lambda: Worker(pickle.loads(shared), device))  # noqa: S301 - our own

    def group_size(self) -> int | Exception:
        return _answer(lambda: self._ready.group_size)

    def do(self, batch: Sequence[Item]) -> list[Outcome[Any]] | Exception:
        return _answer(lambda: list(self._ready.do(batch)))

    @property
    def _ready(self) -> Worker:
        if isinstance(self._worker, Exception):
            raise self._worker
        return self._worker


def _answer(work: Callable[[], T]) -> T | Exception:
    try:
        return work()
    except IgError as error:
        return error
    except Exception:  # a bug: its traceback must reach the one who asked
        return RuntimeError(f"in an actor:\n{traceback.format_exc()}")


class _Actor:
    """An actor; see :class:`~igcli.jobs.engines.scheduler.Member`."""

    def __init__(self, ray: Any, actor: Any) -> None:
        self._ray, self._actor = ray, actor
        self.answer: Any = None

    @property
    def batch_size(self) -> int:
        return GROUPS_A_BATCH * int(self._get(self._actor.group_size.remote()))

    def begin(self, batch: Sequence[Item]) -> None:
        self.answer = self._actor.do.remote(batch)

    def collect(self) -> tuple[Sequence[Outcome[Any]], bool]:
        return self._get(self.answer), True

    def restart(self) -> None:
        """Nothing: Ray restarts actors itself."""

    def dismiss(self) -> None:
        self._ray.kill(self._actor)

    def _get(self, answer: Any) -> Any:
        try:
            value = self._ray.get(answer)
        except self._ray.exceptions.RayActorError:
            raise WorkerDied from None
        if isinstance(value, Exception):
            raise value
        return value


def _ready_among(members: Sequence[_Actor]) -> list[_Actor]:
    import ray

    ready, _ = ray.wait([member.answer for member in members], num_returns=1)
    return [member for member in members if member.answer in ready]
