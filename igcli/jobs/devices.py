"""The devices of one machine that a run is spread over."""

from __future__ import annotations

import re

from igcli.lazy import torch


def devices_of(choice: str) -> list[str]:
    """``cuda`` is all GPUs, ``cuda:0,2`` two of them, ``cpu,cpu`` two processes on the CPU; anything else is itself."""
    if choice == "cuda":
        return [f"cuda:{index}" for index in range(torch.cuda.device_count())] or [choice]
    if match := re.fullmatch(r"cuda:(\d+(?:,\d+)+)", choice):
        return [f"cuda:{index}" for index in dict.fromkeys(match[1].split(","))]
    return choice.split(",")
