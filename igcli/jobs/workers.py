"""Who reads and who draws while the network works: threads, processes, or the calling thread itself.

Threads are enough beside a network on the CPU, which takes seconds a photo. They compute on one core each: else each
has a team of OpenMP threads of its own, all of them together are more than there are cores, and then the network's own
team no longer waits awake for its slowest member, which costs it several per cent of its time even while nobody draws.

Beside a GPU, drawing has to leave the interpreter lock alone, so it is done in processes. A process that dies (out of
memory, killed) is replaced and its photos are drawn again: what is to be drawn is kept until it lies on the disk.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from igcli.errors import OutOfMemory
from igcli.lazy import torch

T = TypeVar("T")

#: A photo whose drawing has cost this many processes is not tried again.
_ATTEMPTS = 3


@dataclass(frozen=True)
class Workers:
    """How many, and of which kind.

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
    def beside(cls, device: str, count: int | None = None) -> Workers:
        """What suits a network on ``device``; ``count`` overrules how many.

        Beside a CPU one thread: more would take the cores from the network.
        """
        on_cpu = device.startswith("cpu")
        cores = os.cpu_count() or 1
        suited = 1 if on_cpu else max(1, min(cores - 1, 8))
        return cls(suited if count is None else count, processes=not on_cpu)

    @contextmanager
    def hired(self) -> Iterator[Hands]:
        """The workers at work, until the block ends; what has not begun by then is given up."""
        hands = Hands(self)
        try:
            yield hands
        finally:
            hands.dismiss()


class Hands:
    """Workers at work. What is handed to :meth:`leave` is done again if its process dies."""

    def __init__(self, workers: Workers) -> None:
        self.overlapping = int(workers.count > 0)
        self._workers = workers
        self._readers: Executor = _threads(workers.count, "read") if workers.count else _Myself()
        self._drawers = self._hire()
        self._calls: dict[Future[Any], _Call] = {}

    def read(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Have something read."""
        return self._readers.submit(work, *arguments)

    def leave(self, work: Callable[..., T], *arguments: Any, again: Callable[..., T]) -> Future[T]:
        """Have something drawn and written; ``again`` is called instead where an attempt has died half-way."""
        return self._submit(_Call(work, again, arguments))

    def result(self, future: Future[T]) -> T:
        """What came of a call to :meth:`leave`.

        Raises
        ------
        OutOfMemory
            When the call has cost several processes their lives.
        """
        while True:
            call = self._calls.pop(future)
            try:
                return future.result()
            except BrokenProcessPool:
                if call.attempt == _ATTEMPTS:
                    raise OutOfMemory(
                        "The processes that draw keep dying, most likely for want of memory: use fewer --workers."
                    ) from None
            future = self._submit(replace(call, work=call.again, attempt=call.attempt + 1))

    def dismiss(self) -> None:
        """Let the workers finish what they have begun."""
        for executor in (self._readers, self._drawers):
            executor.shutdown(wait=True, cancel_futures=True)
        if self._workers.count:  # threads that others make later get as many cores as was said last
            torch.set_num_threads(torch.get_num_threads())

    def _submit(self, call: _Call) -> Future[Any]:
        try:
            future = self._drawers.submit(call.work, *call.arguments)
        except BrokenProcessPool:
            self._drawers.shutdown(wait=False)
            self._drawers = self._hire()
            future = self._drawers.submit(call.work, *call.arguments)
        self._calls[future] = call
        return future

    def _hire(self) -> Executor:
        if not self._workers.count:
            return _Myself()
        if not self._workers.processes:
            return _threads(self._workers.count, "draw")
        # Spawned, not forked: a fork of a process with threads and a GPU is a broken one.
        context = multiprocessing.get_context("spawn")
        return ProcessPoolExecutor(self._workers.count, mp_context=context, initializer=_begin)


@dataclass(frozen=True)
class _Call:
    work: Callable[..., Any]
    again: Callable[..., Any]
    arguments: tuple[Any, ...]
    attempt: int = 1


class _Myself(Executor):
    """Does at once what it is asked, in the calling thread."""

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
    """A drawing process leaves Ctrl-C to its parent, and one core is all it takes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["OMP_NUM_THREADS"] = "1"
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Nobody is left to draw for."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
