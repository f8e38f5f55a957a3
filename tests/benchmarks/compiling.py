"""What ``--compile`` costs, and from how many photos on it pays off."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median

import pytest
import torch
from spread import Spread
from table import Section
from trial import Trial
from zoo import NETWORKS, as_igcli_loads_it

import igcli

DEFAULT = ("efficientnet_lite0", "resnet50", "convnext_tiny")
BATCH = 24
ROUNDS = 4
GRADIENTS = 25  # of a photo: the median of --steps auto


def measure(trial: Trial) -> Section:
    """Compile each network twice, with an empty cache and with a full one; then take gradients in turns."""
    names = DEFAULT if trial.options.networks == NETWORKS else trial.options.networks
    found = {name: _measured(name) for name in names}
    return Section(
        "torch.compile",
        ("network", "compiled in", "again", "ms per gradient", "compiled", "ratio", "photos to break even"),
        [_row(name, numbers) for name, numbers in found.items()],
        found,
        [
            f"Seconds of the processor. Compiled: all passes, the cache empty; again: the cache full. Batches of "
            f"{BATCH}, {ROUNDS} in turns; the ratio is the median of ratios, with quartiles. Photos: of "
            f"{GRADIENTS} gradients each, by the median ratio, the cache empty and full."
        ],
    )


def _measured(name: str) -> dict[str, object]:
    plain, warned = as_igcli_loads_it(name), list[str]()
    with _own_cache():
        seconds = []
        for _ in range(2):
            torch.compiler.reset()
            model = as_igcli_loads_it(name)
            before = _processor_seconds()
            model.compile(warn=warned.append)
            seconds.append(_processor_seconds() - before)
        if warned:
            raise SystemExit(warned[0])
        taken: dict[str, list[float]] = {"plain": [], "compiled": []}
        for turn in range(ROUNDS + 1):
            for which, one in (("plain", plain), ("compiled", model)):
                before = _processor_seconds()
                _gradients(one)
                if turn:  # the first prepares memory
                    taken[which].append(_processor_seconds() - before)
    ratio = Spread.of_ratios(taken["plain"], taken["compiled"])
    each = median(taken["plain"]) / BATCH
    saved = each * (1 - 1 / ratio.median) * GRADIENTS
    even = [None if saved <= 0 else round(cost / saved) for cost in seconds]
    spread = (ratio.lower_quartile, ratio.median, ratio.upper_quartile)
    compiled = median(taken["compiled"]) / BATCH
    return {"compiled_in": seconds, "plain": each, "compiled": compiled, "ratio": spread, "even": even}


def _processor_seconds() -> float:
    """Of this process and of the compilers that it has run: other programs change it less than the clock's."""
    return time.process_time() + sum(os.times()[2:4])


def _gradients(model: igcli.Classifier) -> None:
    """Of one batch, with the network that a sweep takes."""
    quick = model.optimised()
    points = torch.rand(BATCH, *model.input_shape).contiguous(memory_format=quick.memory_format).requires_grad_()
    with quick.frozen():
        torch.autograd.grad(quick(points).softmax(1)[:, 0].sum(), points)


@contextmanager
def _own_cache() -> Iterator[None]:
    """An empty folder for what torch compiles; compilers that end, so that their time counts."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", folder)
        patch.setenv("TORCHINDUCTOR_COMPILE_THREADS", "1")
        yield


def _row(name: str, numbers: dict[str, object]) -> tuple[str, ...]:
    cold, warm = numbers["compiled_in"]
    low, middle, high = numbers["ratio"]
    even = ["never" if photos is None else str(photos) for photos in numbers["even"]]
    milliseconds = [f"{1000 * numbers[which]:.0f}" for which in ("plain", "compiled")]
    both = even[0] if even[0] == even[1] else " and ".join(even)
    return (name, f"{cold:.0f}", f"{warm:.0f}", *milliseconds, f"{middle:.2f} ({low:.2f} to {high:.2f})", both)
