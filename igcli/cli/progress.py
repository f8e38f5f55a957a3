"""How far a run over a collection is: one bar on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tqdm import tqdm

    from igcli.cli.console import Console
    from igcli.jobs.runs.run import Tally

#: Seconds between two lines where stderr is no terminal, and between two updates of the bar.
_LINES, _LOOKS = 30.0, 0.5


class Progress:
    """Photos, gradients (or another ``unit``) per second and the time left, on the console's stderr."""

    def __init__(self, console: Console, tally: Tally, *, unit: str = "gradients") -> None:
        self._console, self._tally, self._unit = console, tally, unit
        self._taken = self._photos = 0
        self._began = self._shown = time.perf_counter()
        self._bar: tqdm[Any] | None = console.bar(
            total=tally.total,
            bar_format="{desc}{percentage:3.0f}% |{bar}| {n_fmt} of {total_fmt} photos{postfix}, {remaining} left",
        )

    def points(self, count: int) -> None:
        """So many units more."""
        self._taken += count
        self._show(least=_LOOKS)

    def photo(self) -> None:
        """A photo more."""
        self._photos += 1
        if self._bar is not None:
            self._bar.update(1)
        self._show(least=0.0)

    def _show(self, *, least: float) -> None:
        now = time.perf_counter()
        if now - self._shown < (_LINES if self._bar is None else least):
            return
        self._shown = now
        if self._bar is not None:
            self._bar.set_postfix_str(f"{self._speed(now)}")
            return
        tally = self._tally
        done = self._photos
        failed = f", {tally.failed} failed" if tally.failed else ""
        left = f", about {duration((tally.total - done) * (now - self._began) / done)} left" if done else ""
        self._console.note(f"{done} of {tally.total} photos{failed}, {self._speed(now)}{left}")

    def _speed(self, now: float) -> str:
        taken = max(self._taken, self._tally.gradients)  # other processes report at the end of a photo
        return f"{taken / max(now - self._began, 1e-9):.0f} {self._unit}/s"


def duration(seconds: float) -> str:
    """``41 s``, ``12 min``, ``3.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s" if seconds >= 10 else f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
