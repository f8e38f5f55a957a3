"""Where the time of a gradient goes, by kind of work, as torch's profiler sees it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch.profiler import ProfilerActivity, profile

KINDS = {
    "convolutions and products": ("convolution", "addmm", "bmm", "aten::mm"),
    "max pools": ("max_pool",),
    "ReLUs": ("relu", "clamp_min", "threshold"),
    "joins, copies, fills": ("cat", "copy_", "fill_", "add_", "lerp"),
}
REST = "all else"


def seconds_by_kind(work: Callable[[], object], device: torch.device) -> Mapping[str, float]:
    """Seconds that the device spent on each kind of work; on a CPU, those of the calling thread."""
    on_gpu = device.type == "cuda"
    activities = [ProfilerActivity.CPU, *([ProfilerActivity.CUDA] if on_gpu else [])]
    with profile(activities=activities) as watched:
        work()
        if on_gpu:
            torch.cuda.synchronize(device)
    taken = dict.fromkeys([*KINDS, REST], 0.0)
    for event in watched.key_averages():
        seconds = (event.self_device_time_total if on_gpu else event.self_cpu_time_total) / 1e6
        taken[_kind(event.key)] += seconds
    return taken


def _kind(name: str) -> str:
    return next((kind for kind, words in KINDS.items() if any(word in name for word in words)), REST)
