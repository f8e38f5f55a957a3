"""A process of its own for what users would write, so that nothing igcli does to its process helps or hurts them."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection

import torch

Work = Callable[..., object]


class Apart:
    """A process that does one thing after another for this one.

    Parameters
    ----------
    prepare
        Called there once: returns what is called with the arguments of :meth:`ask`. Importable by name.
    """

    def __init__(self, prepare: Callable[..., Work], *arguments: object) -> None:
        context = multiprocessing.get_context("spawn")
        self._end, other = context.Pipe()
        context.Process(target=_serve, args=(other, prepare, arguments), daemon=True).start()

    def ask(self, *arguments: object) -> object:
        """What the work returns there.

        Raises
        ------
        RuntimeError
            With what went wrong there.
        """
        self._end.send(arguments)
        done, result = self._end.recv()
        if not done:
            raise RuntimeError(result)
        return result

    def close(self) -> None:
        """End the process."""
        self._end.close()


def _serve(end: Connection, prepare: Callable[..., Work], arguments: tuple[object, ...]) -> None:
    work = None
    while True:
        try:
            asked = end.recv()
        except EOFError:
            return
        try:
            work = work or prepare(*arguments)
            result = work(*asked)
            # As numpy, since tensors are sent through shared memory that has to be set up.
            end.send((True, result.cpu().numpy() if isinstance(result, torch.Tensor) else result))
        except Exception as error:
            end.send((False, f"{type(error).__name__}: {error}"))
