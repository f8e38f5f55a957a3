"""Where a network runs, and in which precision."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter

from igcli.errors import UsageError
from igcli.lazy import torch


def resolve_device(name: str = "auto") -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; ``auto`` prefers a GPU.

    Raises
    ------
    UsageError
        When there is no such device on this machine.
    """
    available = available_devices()
    if name == "auto":
        return torch.device(available[0].partition(":")[0])
    if re.fullmatch(r"cpu|mps|cuda(:\d+)?", name) is None:
        raise UsageError(f"There is no device called {name!r}. Choose from: auto, cpu, cuda, cuda:N, mps.")
    if name not in available and f"{name}:0" not in available:
        raise UsageError(f"The device {name} is not available. This machine has: {', '.join(available)}.")
    return torch.device(name)


def available_devices() -> list[str]:
    """What this machine has, the fastest first; ``cpu`` is always there."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


@contextmanager
def exact_numbers() -> Iterator[None]:
    """Full float32 in products and convolutions inside the block: no TF32, no bfloat16; the caller's settings after it.

    The settings are the whole process's, not a thread's.
    """
    readable = [(switch, value) for switch in _switches() if (value := switch.value()) is not None]
    try:
        for switch, _ in readable:
            switch.set(switch.exact)
        yield
    finally:
        for switch, value in readable:
            switch.set(value)


@dataclass(frozen=True)
class _Switch:
    """One of torch's settings: an attribute of ``holder``, and its value for full precision."""

    holder: object
    name: str
    exact: object

    def value(self) -> object:
        try:
            return getattr(self.holder, self.name)
        except RuntimeError:
            return None  # the caller has set older and newer switches to contradict each other; the newer ones count

    def set(self, value: object) -> None:
        setattr(self.holder, self.name, value)


class _Products:
    """torch's two functions for the precision of products, as an attribute."""

    @property
    def precision(self) -> str:
        return torch.get_float32_matmul_precision()

    @precision.setter
    def precision(self, value: str) -> None:
        torch.set_float32_matmul_precision(value)


def _switches() -> list[_Switch]:
    """The older switches, then those that torch 2.9 put beside them.

    All are set, in this order, since torch refuses to read an older switch that contradicts a newer one.
    """
    older = [_Switch(_Products(), "precision", "highest"), _Switch(torch.backends.cudnn, "allow_tf32", exact=False)]
    if not hasattr(torch.backends.cudnn, "conv"):
        return older
    operations = attrgetter("cuda.matmul", "cudnn.conv", "cudnn.rnn", "mkldnn.matmul", "mkldnn.conv")(torch.backends)
    return older + [_Switch(operation, "fp32_precision", "ieee") for operation in operations]
