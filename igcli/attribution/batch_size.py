"""How many samples a network takes at once: the default of a device, what was measured, and the measuring.

The best number lies anywhere between a handful and hundreds, by processor, network and size of input; being off costs a
few percent, rarely more. Measuring takes seconds, so it is done once for each of them, and only before a run that is
long enough to save more than that. What was measured is kept in one small file next to the cached weights; it holds for
a machine, a version of torch, a network with its weights, a shape of input and a precision. The file is a cache:
a damaged file counts as missing.

Passes that are forward only keep nothing for a gradient. On a processor they are fastest in smaller batches, whose
activations stay in its caches; their sizes are measured and kept by themselves (``forward_only``).
"""

from __future__ import annotations

import gc
import json
import os
import time
import uuid
from contextlib import suppress
from pathlib import Path

from igcli.lazy import torch
from igcli.models.devices import processor_name
from igcli.models.model import Model
from igcli.models.weights_store import checkpoints_folder

CPU_SIZE = 24  # the adaptive path's first points at once; 16 takes 2 % longer, 8 takes 9 %
GPU_SIZE = 128
CPU_PASSES = 8
"""The same of forward passes alone: a small network takes a fifth longer per photo with 24, a large one the same."""

LONG = {"cpu": 4_000, "cuda": 100_000}
"""Gradients from which a run is long, by kind of device; on other kinds nothing is measured."""

SIZES = {"cpu": (6, 12, 24, 48), "cuda": (32, 64, 128, 256, 512)}
"""What is tried, while time and memory last. More wins nothing, and is memory that other programs may want."""

SIZES_OF_PASSES = {"cpu": (4, 8, 16, 24), "cuda": SIZES["cuda"]}
"""The same of forward passes alone."""

LIMIT = {"cpu": 3.0, "cuda": 2.0}
"""Seconds that trying may take; what is expected to exceed them is not begun."""

CLOSE = 1.03
"""The smallest size within so many times the best time is taken: less memory, for what cannot be noticed."""

FILENAME = "igcli-chunks.json"
MOST = 4096
"""The largest size that is read from the file."""
MOST_ENTRIES = 500
"""So many are kept, the newest."""
_MOST_BYTES = 1 << 20


def default_batch_size(device: torch.device, *, forward_only: bool = False) -> int:
    """Samples at once that suit most networks on a device."""
    if device.type == "cpu":
        return CPU_PASSES if forward_only else CPU_SIZE
    return GPU_SIZE


def batch_size_for(model: Model, *, gradients: int, forward_only: bool = False) -> int | None:
    """Samples at once for a run of about so many gradients: the one place that decides whether to measure.

    Parameters
    ----------
    forward_only
        ``gradients`` is a number of forward passes instead.

    Returns
    -------
    int or None
        What was measured for this model on this machine, if need be now, as the run is long. ``None`` where none was
        measured and the run is too short to measure: use the default.
    """
    if model.batching.one_at_a_time:
        return 1
    known = measured_batch_size(model, forward_only=forward_only)
    long = LONG.get(model.device.type)
    if known is not None or long is None or gradients < long:
        return known
    return calibrate(model, forward_only=forward_only)


def measured_batch_size(model: Model, *, forward_only: bool = False) -> int | None:
    """Samples at once that were found best for this model on this machine; ``None`` where none was measured."""
    key = _key(model, forward_only=forward_only)
    return None if key is None else _read().get(key)


def keep_batch_size(model: Model, size: int, *, forward_only: bool = False) -> None:
    """Remember ``size`` for this model on this machine; nothing happens where the file cannot be written."""
    key = _key(model, forward_only=forward_only)
    if key is None or not 1 <= size <= MOST:
        return
    sizes = _read()
    sizes.pop(key, None)  # the newest come last
    sizes[key] = size
    content = json.dumps(dict(list(sizes.items())[-MOST_ENTRIES:]), indent=1)
    path = _path()
    partial = path.with_name(f"{path.name}.{uuid.uuid4().hex}.part")  # two processes may write at once
    with suppress(OSError):
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(content, encoding="utf-8")
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)


def calibrate(model: Model, *, forward_only: bool = False) -> int:
    """Measure which number of samples at once takes the least time per gradient, and remember it.

    Takes as many seconds as ``LIMIT`` says, at most, but for networks that need longer for one sample. A size that
    does not fit into memory ends the search. Where time or memory ended before the default was reached, or the inputs
    have no shape in common, the default is returned, and nothing remembered: what suits best was not seen.
    """
    default = default_batch_size(model.device, forward_only=forward_only)
    best = _timed(model, forward_only=forward_only)
    if default not in best:
        return default
    size = min(size for size, seconds in best.items() if seconds <= CLOSE * min(best.values()))
    keep_batch_size(model, size, forward_only=forward_only)
    return size


def _timed(model: Model, *, forward_only: bool) -> dict[int, float]:
    """Seconds per gradient, or forward pass, by samples at once, for as many sizes as there is time for."""
    kind, quick = model.device.type, model.optimised()
    sizes, measured = (SIZES_OF_PASSES, _seconds_of_passes) if forward_only else (SIZES, _seconds)
    deadline = time.perf_counter() + LIMIT.get(kind, 0.0)

    def seconds(size: int, *, expected: float) -> float | None:
        """A gradient's, or ``None`` if this would take too long, or fails."""
        return None if time.perf_counter() + size * expected > deadline else measured(quick, size)

    with quick.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        # The first time at a size prepares kernels and memory for it, and does not count.
        cheapest = seconds(1, expected=0.0) and seconds(1, expected=0.0)
        best: dict[int, float] = {}
        for size in sizes.get(kind, ()):
            if cheapest is None or seconds(size, expected=2 * cheapest) is None:
                break
            taken = seconds(size, expected=cheapest)
            if taken is None:
                break
            best[size] = taken
            cheapest = min(cheapest, taken)
        for size, taken in best.items():
            best[size] = min(taken, seconds(size, expected=taken) or taken)
    return best


def _seconds_of_passes(model: Model, size: int) -> float | None:
    """Seconds per forward pass, of ``size`` at once; ``None`` if they fail."""
    with torch.no_grad():
        return _seconds(model, size)


def _seconds(model: Model, size: int) -> float | None:
    """Seconds per gradient, of ``size`` at once; ``None`` if they fail, as they do where memory does not suffice.

    Where gradients are switched off, seconds per forward pass.
    """
    shape = model.input_shape
    if shape is None:
        return None
    sample = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(model.device, model.dtype)
    try:
        points = sample.expand(size, *shape).contiguous(memory_format=model.memory_format).requires_grad_()
        _finish(model.device)
        start = time.perf_counter()
        total = model(points).sum()
        if torch.is_grad_enabled():
            torch.autograd.grad(total, points)
        _finish(model.device)
        return (time.perf_counter() - start) / size
    except Exception:  # noqa: S110 - whatever it is, the run itself will meet it and say it, if it is no matter of size
        pass
    gc.collect()  # out here, where the exception does not hold the failed pass's tensors any more
    if model.device.type == "cuda":
        torch.cuda.empty_cache()
    return None


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)


def _path() -> Path:
    return checkpoints_folder() / FILENAME


def _read() -> dict[str, int]:
    try:
        with _path().open("rb") as file:
            content = json.loads(file.read(_MOST_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    entries = content.items() if isinstance(content, dict) else ()
    return {key: size for key, size in entries if type(size) is int and 1 <= size <= MOST}


def _key(model: Model, *, forward_only: bool = False) -> str | None:
    """What the number depends on; ``None`` for a network whose weights have no name."""
    if model.provenance.sha256 is None or model.input_shape is None:
        return None
    precision = "mixed"
    with suppress(RuntimeError):  # torch does not read the setting where a newer one contradicts it
        precision = torch.get_float32_matmul_precision()
    shape = "x".join(map(str, model.input_shape))
    network = f"{model.provenance.name} {model.provenance.sha256}"
    numbers = f"{model.dtype} {precision}"
    alone = ("forward only",) if forward_only else ()
    return "; ".join((_machine(model.device), f"torch {torch.__version__}", network, shape, numbers, *alone))


def _machine(device: torch.device) -> str:
    if device.type == "cuda":
        facts = torch.cuda.get_device_properties(device)
        return f"{facts.name}, {facts.total_memory >> 20} MiB"
    processor = f"{processor_name()}, {os.cpu_count()} cores"
    return processor if device.type != "cpu" else f"{processor}, {torch.get_num_threads()} threads"
