"""The pool that reads and draws while the network works: threads, processes, or the calling thread itself.

Threads are enough next to a network on the CPU, which takes seconds per photo. Each computes on one core: otherwise
each has an OpenMP team of its own, all of them together have more threads than there are cores, and the network's own
team no longer spins while it waits for its slowest thread, which costs several per cent of its time even while nothing
is drawn.

Next to a GPU, drawing must not hold the interpreter lock, so it is done in processes. A process that dies (out of
memory, killed) is replaced and its photos are drawn again: what is to be drawn is kept until it is written.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from igcli.errors import OutOfMemory
from igcli.lazy import torch

T = TypeVar("T")

#: A photo whose drawing has cost this many processes is not tried again.
_ATTEMPTS = 3


@dataclass(frozen=True)
class PoolSize:
    """How many threads or processes, and which.

    Attributes
    ----------
    count
        Zero: nothing overlaps, all is done in the calling thread.
    processes
        Whether drawing is done in processes rather than in threads. Reading is always done in threads: decoders let
        the interpreter lock go.
    """

    count: int = 0
    processes: bool = False

    @classmethod
    def suited(cls, device: str, count: int | None = None) -> PoolSize:
        """What suits a network on ``device``; ``count`` overrules how many.

        Next to a CPU one thread: more would take the cores from the network.
        """
        on_cpu = device.startswith("cpu")
        cores = os.cpu_count() or 1
        suited = 1 if on_cpu else max(1, min(cores - 1, 8))
        return cls(suited if count is None else count, processes=not on_cpu)


class Pool:
    """Threads or processes, running until they are closed; what has not begun by then is given up.

    What is given to :meth:`write` is done again if its process dies.
    """

    def __init__(self, size: PoolSize) -> None:
        self.overlapping = int(size.count > 0)
        self._size = size
        self._readers: Executor = _threads(size.count, "read") if size.count else _Inline()
        self._drawers = self._open_drawers()
        self._calls: dict[Future[Any], _Call] = {}

    def read(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Call ``work(*arguments)`` in a thread that reads."""
        return self._readers.submit(work, *arguments)

    def write(self, work: Callable[..., T], *arguments: Any, retry: Callable[..., T]) -> Future[T]:
        """Call ``work(*arguments)`` where drawing is done; after a process has died, ``retry(*arguments)``."""
        return self._submit(_Call(work, retry, arguments))

    def result(self, future: Future[T]) -> T:
        """The result of a call to :meth:`write`.

        Raises
        ------
        OutOfMemory
            When several processes have died of the call.
        """
        while True:
            call = self._calls.pop(future)
            try:
                return future.result()
            except BrokenProcessPool:
                if call.attempt == _ATTEMPTS:
                    raise OutOfMemory(
                        "The processes that draw keep dying, most likely because memory ran out: use fewer --workers."
                    ) from None
            future = self._submit(replace(call, work=call.retry, attempt=call.attempt + 1))

    def close(self) -> None:
        """End the threads and processes once what has begun is finished."""
        for executor in (self._readers, self._drawers):
            executor.shutdown(wait=True, cancel_futures=True)
        if self._size.count:  # threads made later get as many cores as were set last
            torch.set_num_threads(torch.get_num_threads())

    def _submit(self, call: _Call) -> Future[Any]:
        try:
            future = self._drawers.submit(call.work, *call.arguments)
        except BrokenProcessPool:
            self._drawers.shutdown(wait=False)
            self._drawers = self._open_drawers()
            future = self._drawers.submit(call.work, *call.arguments)
        self._calls[future] = call
        return future

    def _open_drawers(self) -> Executor:
        if not self._size.count:
            return _Inline()
        if not self._size.processes:
            return _threads(self._size.count, "draw")
        # Spawned, not forked: a fork of a process with threads and a GPU is a broken one.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._size.count, mp_context=context, initializer=_begin)


@dataclass(frozen=True)
class _Call:
    work: Callable[..., Any]
    retry: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempt: int = 1


class _Inline(Executor):
    """Runs what is submitted at once, in the calling thread."""

    def submit(self, work: Callable[..., T], /, *arguments: Any, **named: Any) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(work(*arguments, **named))
        except Exception as error:
            future.set_exception(error)
        return future


def _threads(count: int, name: str) -> Executor:
    return ThreadPoolExecutor(count, name, initializer=lambda: torch.set_num_threads(1))


def _begin() -> None:
    """A drawing process ignores Ctrl-C, which its parent handles, and uses one core."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End the process when its parent has ended."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
