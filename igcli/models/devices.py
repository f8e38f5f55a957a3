"""Where a network runs, and in which precision."""

from __future__ import annotations

import platform
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path

from igcli.errors import UsageError
from igcli.lazy import torch
from igcli.registry import Registry


def resolve_device(name: str = "auto") -> torch.device:
    """The device called ``auto``, ``cpu``, ``cuda``, ``cuda:N`` or ``mps``; ``auto`` prefers a GPU.

    Raises
    ------
    UsageError
        When there is no such device on this machine.
    """
    if re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name) is None:  # before torch is needed
        raise UsageError(f"There is no device called {name!r}. Choose from: auto, cpu, cuda, cuda:N, mps.")
    available = available_devices()
    if name == "auto":
        return torch.device(available[0].partition(":")[0])
    if name not in available and f"{name}:0" not in available:
        raise UsageError(f"The device {name} is not available. This machine has: {', '.join(available)}.")
    return torch.device(name)


def available_devices() -> list[str]:
    """The machine's devices, the fastest first; ``cpu`` is always among them."""
    cuda = [f"cuda:{index}" for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    mps = ["mps"] if torch.backends.mps.is_available() else []
    return [*cuda, *mps, "cpu"]


def processor_name() -> str:
    """What the processor is called by its maker."""
    # Linux alone has this file, and platform does not know the name there
    with suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@dataclass(frozen=True)
class Precision:
    """How products of float32 numbers are computed; the numbers themselves and their sums stay float32.

    Attributes
    ----------
    products, cuda, cpu
        Values of torch's switches: the oldest one, those of CUDA, and those of the CPU.
    device
        The only kind of device that has this precision; empty for any.
    elsewhere
        Message for other devices.
    """

    products: str
    cuda: str
    cpu: str
    device: str = ""
    elsewhere: str = ""


PRECISIONS: Registry[Precision] = Registry("precision")

PRECISIONS("float32", summary="exact to rounding")(Precision("highest", cuda="ieee", cpu="ieee"))
PRECISIONS("tf32", summary="factors of 11 bits, on NVIDIA GPUs")(
    Precision("high", cuda="tf32", cpu="ieee", device="cuda", elsewhere="TF32 is a mode of NVIDIA GPUs")
)
# CUDA has no such switch: there the tensors themselves would have to be bfloat16, and logits would lose digits too.
# Its switches are set so that the older and the newer ones agree; nothing runs there.
PRECISIONS("bfloat16", summary="factors of 8 bits, on CPUs made for it")(
    Precision("medium", cuda="tf32", cpu="bf16", device="cpu", elsewhere="Float32 numbers are multiplied so on a CPU")
)


def check_precision(name: str, device: torch.device) -> None:
    """Raise ``UsageError`` if the device or this torch does not have this precision."""
    wanted = PRECISIONS[name]
    if wanted.device and wanted.device != device.type:
        other = {"cuda": "tf32"}.get(device.type, "float32")
        raise UsageError(f"{wanted.elsewhere}, and this is {device.type}: use --precision {other}.")
    if wanted.cpu == "bf16" and not _has_newer_switches():
        raise UsageError("bfloat16 on the CPU needs torch 2.9 or newer: update it, or leave --precision out.")


@contextmanager
def numbers(precision: str = "float32") -> Iterator[None]:
    """Compute products in this precision, a name in :data:`PRECISIONS`, inside the block; then restore the settings.

    The settings are those of the whole process, not of a thread.
    """
    wanted = PRECISIONS[precision]
    readable = [(switch, value) for switch in _switches(wanted) if (value := switch.value()) is not None]
    try:
        for switch, _ in readable:
            switch.set(switch.wanted)
        yield
    finally:
        for switch, value in readable:
            switch.set(value)


def exact_numbers() -> AbstractContextManager[None]:
    """Full float32 in products and convolutions inside the block: no TF32, no bfloat16."""
    return numbers("float32")


@dataclass(frozen=True)
class _Switch:
    """One of torch's settings: an attribute of ``holder``, and the value it is to have."""

    holder: object
    name: str
    wanted: object

    def value(self) -> object:
        try:
            return getattr(self.holder, self.name)
        except RuntimeError:
            return None  # older and newer switches contradict each other; the newer ones count

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


def _switches(wanted: Precision) -> list[_Switch]:
    """The older switches, then those that torch 2.9 added.

    All are set, in this order, since torch refuses to read an older switch that contradicts a newer one.
    """
    older = [
        _Switch(_Products(), "precision", wanted.products),
        _Switch(torch.backends.cudnn, "allow_tf32", wanted.cuda == "tf32"),
    ]
    if not _has_newer_switches():
        return older
    newer = {"cuda.matmul": wanted.cuda, "cudnn.conv": wanted.cuda, "cudnn.rnn": wanted.cuda}
    newer |= {"mkldnn.matmul": wanted.cpu, "mkldnn.conv": wanted.cpu}
    return older + [_Switch(attrgetter(name)(torch.backends), "fp32_precision", value) for name, value in newer.items()]


def _has_newer_switches() -> bool:
    return hasattr(torch.backends.cudnn, "conv")


def is_out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that a device or the machine is out of memory."""
    if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
        return True
    text = str(error).lower()  # MPS and the CPU allocator raise a plain RuntimeError
    return isinstance(error, RuntimeError) and (
        "out of memory" in text or "can't allocate memory" in text or "not enough memory" in text
    )


def devices_of(choice: str) -> list[str]:
    """``cuda`` is all GPUs, ``cuda:0,2`` two of them, ``cpu,cpu`` two processes on the CPU; anything else is itself."""
    if choice == "cuda":
        return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or [choice]
    if match := re.fullmatch(r"cuda:(\d+(?:,\d+)+)", choice):
        return [f"cuda:{index}" for index in dict.fromkeys(match[1].split(","))]
    return choice.split(",")
