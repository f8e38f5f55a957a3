"""How many pictures the network takes at once: asked of the cache, or measured by a few gradients at random pixels.

The best number lies anywhere between a handful and hundreds, by processor, network and size of picture; being off costs
a few percent, rarely more. Measuring takes seconds, so it is done once for each of them, and only before a run that is
long enough to win them back.
"""

from __future__ import annotations

import gc
import time

from igcli.attribution.budget import Budget
from igcli.attribution.chunks import keep_chunk, measured_chunk
from igcli.lazy import torch
from igcli.models.classifier import Classifier

LONG = {"cpu": 4_000, "cuda": 100_000}
"""Gradients from which a run is long, by kind of device; on other kinds nothing is measured."""

SIZES = {"cpu": (6, 12, 24, 48), "cuda": (32, 64, 128, 256, 512)}
"""What is tried, while time and memory last. More wins nothing, and is memory that other programs may want."""

LIMIT = {"cpu": 3.0, "cuda": 2.0}
"""Seconds that trying may take; what is expected to exceed them is not begun."""

CLOSE = 1.03
"""The smallest size within so many times the best time is taken: less memory, for what cannot be noticed."""


def chunk_for(model: Classifier, *, gradients: int) -> int | None:
    """Pictures at once for a run of about so many gradients: the one place that decides whether to measure.

    Returns
    -------
    int or None
        What was measured for this model on this machine, if need be now, as the run is long. ``None`` where nobody
        has, and the run is not worth it: the budget's own default does.
    """
    if model.batching.one_at_a_time:
        return 1
    known = measured_chunk(model)
    long = LONG.get(model.device.type)
    return calibrate(model) if known is None and long is not None and gradients >= long else known


def calibrate(model: Classifier) -> int:
    """Measure which number of pictures at once takes the least time a gradient, and remember it.

    Takes as many seconds as ``LIMIT`` says, at most, but for networks that need longer for one picture. A size that
    does not fit into memory ends the search. Where time or memory ended before the budget's default was reached, that
    is returned, and nothing remembered: what suits best was not seen.
    """
    default, best = Budget(device=model.device).size, _timed(model)
    if default not in best:
        return default
    size = min(size for size, seconds in best.items() if seconds <= CLOSE * min(best.values()))
    keep_chunk(model, size)
    return size


def _timed(model: Classifier) -> dict[int, float]:
    """Seconds a gradient by pictures at once, for as many sizes as there is time for."""
    kind, quick = model.device.type, model.quick()
    deadline = time.perf_counter() + LIMIT.get(kind, 0.0)

    def seconds(size: int, *, expected: float) -> float | None:
        """A gradient's, or ``None`` if this would take too long, or fails."""
        return None if time.perf_counter() + size * expected > deadline else _seconds(quick, size)

    with quick.frozen(), torch.inference_mode(mode=False), torch.enable_grad():
        # The first time at a size prepares kernels and memory for it, and does not count.
        cheapest = seconds(1, expected=0.0) and seconds(1, expected=0.0)
        best: dict[int, float] = {}
        for size in SIZES.get(kind, ()):
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


def _seconds(model: Classifier, size: int) -> float | None:
    """Seconds a gradient, of ``size`` at once; ``None`` if they fail, as they do where memory does not suffice."""
    shape = model.input_shape
    picture = torch.rand(shape, generator=torch.Generator().manual_seed(0)).to(model.device, model.dtype)
    try:
        points = picture.expand(size, *shape).contiguous(memory_format=torch.channels_last).requires_grad_()
        _finish(model.device)
        start = time.perf_counter()
        torch.autograd.grad(model(points).sum(), points)
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
