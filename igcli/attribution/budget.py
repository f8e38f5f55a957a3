"""How much goes through the network at once: bounded chunks that halve when memory runs out.

How each device reports that memory ran out: ``models/devices.py``.
"""

from __future__ import annotations

import gc
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import TypeVar

from igcli.attribution.batch_size import default_batch_size, measured_batch_size
from igcli.errors import OutOfMemory, UsageError
from igcli.lazy import torch
from igcli.models.devices import is_out_of_memory
from igcli.models.model import Model

T = TypeVar("T")


class Budget:
    """The number of samples per pass; it shrinks for the rest of the run when memory does not suffice.

    Parameters
    ----------
    size
        Samples per pass, or ``None`` for what suits the device.
    device
        Where the network runs.
    """

    def __init__(self, size: int | None = None, *, device: torch.device | None = None) -> None:
        if size is not None and size < 1:
            raise UsageError(f"The batch size must be at least 1, not {size}.")
        self._device = device or torch.device("cpu")
        self.size = size or default_batch_size(self._device)

    @classmethod
    def of(cls, model: Model, size: int | None = None) -> Budget:
        """Of ``size`` samples per pass, or what was measured for the model on this machine, or what suits its device.

        Of one for a network whose samples must not share a call, whatever ``size`` says.

        Nothing is measured here: :mod:`igcli.attribution.batch_size` does that.
        """
        if model.batching.one_at_a_time and (size is None or size >= 1):
            size = 1
        return cls(measured_batch_size(model) if size is None else size, device=model.device)

    @classmethod
    def of_passes(cls, model: Model, size: int | None = None) -> Budget:
        """The same for passes that are forward only, which have a best size of their own."""
        known = size or measured_batch_size(model, forward_only=True)
        return cls.of(model, known or default_batch_size(model.device, forward_only=True))

    def chunks(self, count: int, work: Callable[[int, int], T]) -> Iterator[T]:
        """``work(start, stop)`` over 0..``count`` in chunks; a chunk that runs out of memory is halved and redone.

        As few chunks as the size allows, and those equally large: a small one at the end would be the slowest.
        ``work`` must have no side effects: a chunk that fails is computed again.

        Raises
        ------
        OutOfMemory
            When a single sample does not fit.
        """
        start = 0
        while start < count:
            left = count - start
            stop = start + math.ceil(left / math.ceil(left / self.size))
            done = if_it_fits(partial(work, start, stop))
            if done is None:
                self._halve(stop - start)
                continue
            yield done[0]
            start = stop

    def _halve(self, tried: int) -> None:
        gc.collect()
        if self._device.type == "cuda":
            torch.cuda.empty_cache()
        elif self._device.type == "mps":
            torch.mps.empty_cache()
        if tried <= 1:
            raise OutOfMemory(
                f"Not even one picture fits into the memory of {self._device}{_free_memory(self._device)}. Free memory "
                f"there, or use a smaller network{_elsewhere(self._device)}; a network that takes pictures of any size "
                "needs less with a smaller --input-size. A smaller --batch-size does not help: one picture was tried."
            )
        self.size = max(1, tried // 2)


def if_it_fits(work: Callable[[], T]) -> tuple[T] | None:
    """What ``work`` returns, in a tuple; ``None`` where memory runs out."""
    try:
        return (work(),)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
    # Recovery happens out here: inside the except block the live exception would hold the failed pass's tensors.
    return None


def _elsewhere(device: torch.device) -> str:
    return "" if device.type == "cpu" else ", or --device cpu"


def _free_memory(device: torch.device) -> str:
    if device.type != "cuda":
        return ""
    free, total = torch.cuda.mem_get_info(device)
    return f" ({free / 2**30:.1f} of {total / 2**30:.1f} GiB free)"
