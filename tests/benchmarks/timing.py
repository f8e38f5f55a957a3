"""Clocks: the device is waited for, and those compared take turns, so that a noisy machine hits all alike."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch
from tqdm import tqdm

T = TypeVar("T")


@dataclass(frozen=True)
class Clock:
    """Reads the time when the device has done all it was asked for."""

    device: torch.device

    def seconds(self, work: Callable[[], object]) -> float:
        """How long ``work`` takes, with what it leaves the device to do."""
        self._wait()
        began = time.perf_counter()
        work()
        self._wait()
        return time.perf_counter() - began

    def in_turns(
        self, contestants: Mapping[str, Callable[[T], object]], subjects: Sequence[T]
    ) -> dict[str, list[float]]:
        """Seconds of every contestant for every subject: all on one subject, then all on the next.

        Each first takes the first subject untimed. Who begins changes from subject to subject.
        """
        names = list(contestants)
        for name in names:
            contestants[name](subjects[0])
        taken: dict[str, list[float]] = {name: [] for name in names}
        for i, subject in enumerate(tqdm(subjects, desc="timing", leave=False)):
            for turn in range(len(names)):
                name = names[(i + turn) % len(names)]
                taken[name].append(self.seconds(lambda work=contestants[name], of=subject: work(of)))  # type: ignore[misc]
        return taken

    def _wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)
        elif self.device.type == "mps":
            torch.mps.synchronize()
