"""Several devices of this machine: one process each."""

from __future__ import annotations

import contextlib
import multiprocessing
import signal
import sys
import traceback
from collections.abc import Iterable, Iterator, Sequence
from multiprocessing.connection import Connection, wait
from typing import Any

from igcli.errors import IgError
from igcli.jobs.engines.scheduler import GROUPS_A_BATCH, Worker, WorkerDied, WorkerPlan, schedule_items
from igcli.jobs.item import Item, Outcome

#: How long a process may take to end by itself, in seconds.
_PATIENCE = 5.0


def on_devices(shared: WorkerPlan, devices: Sequence[str], items: Iterable[Item]) -> Iterator[Outcome[Any]]:
    """Do the items in one process per device; raises what :func:`~igcli.jobs.engines.scheduler.schedule_items` does."""
    members = [_Process(shared, device) for device in devices]
    try:
        yield from schedule_items(items, members, _ready_among)
    finally:
        for member in members:
            member.dismiss()


def _ready_among(members: Sequence[_Process]) -> list[_Process]:
    ready = wait([member.connection for member in members])
    return [member for member in members if member.connection in ready]


class _Process:
    """A process with a network on one device; see :class:`~igcli.jobs.engines.scheduler.Member`."""

    connection: Connection

    def __init__(self, shared: WorkerPlan, device: str) -> None:
        self._shared, self._device = shared, device
        self._group = 0
        self.restart()

    @property
    def batch_size(self) -> int:
        self._wait_until_ready()
        return GROUPS_A_BATCH * self._group

    def begin(self, batch: Sequence[Item]) -> None:
        self._wait_until_ready()
        try:
            self.connection.send(batch)
        except OSError:
            raise WorkerDied from None

    def collect(self) -> tuple[Sequence[Outcome[Any]], bool]:
        answer = self._next()
        return ([], True) if answer is None else ([answer], False)

    def restart(self) -> None:
        # Spawned, not forked: a fork of a process with threads and a GPU is a broken one.
        context = multiprocessing.get_context("spawn")
        self.connection, other = context.Pipe()
        self._group = 0  # not known before it is ready
        self._process = context.Process(target=_work, args=(other, self._shared, self._device))
        self._process.start()
        other.close()  # so that its death is the end of the pipe

    def dismiss(self) -> None:
        self.connection.close()
        self._process.join(_PATIENCE)
        if self._process.is_alive():
            self._process.terminate()
            self._process.join()

    def _wait_until_ready(self) -> None:
        if not self._group:
            self._group = int(self._next())

    def _next(self) -> Any:
        try:
            answer = self.connection.recv()
        except (EOFError, OSError):
            self._process.join()
            raise WorkerDied from None
        if isinstance(answer, BaseException):
            raise answer
        return answer


def _work(connection: Connection, shared: WorkerPlan, device: str) -> None:
    """The process: says how many photos make a group, then does batches until the pipe is closed."""
    sys.stdout = sys.stderr  # what a person's own network prints is no data of the parent's
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's business; it ends when the parent does
    with contextlib.suppress(EOFError, OSError):
        try:
            worker = Worker(shared, device)
            connection.send(worker.group_size)
            while True:
                for outcome in worker.do(connection.recv()):
                    connection.send(outcome)
                connection.send(None)
        except IgError as error:
            connection.send(error)
        except (EOFError, OSError):
            raise
        except Exception:  # a bug: its traceback must reach the parent
            connection.send(RuntimeError(f"in the process of {device}:\n{traceback.format_exc()}"))
