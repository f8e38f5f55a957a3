"""``ig`` as it is, with an account of the passes through the network: how many, and what they took of the processor.

python tests/benchmarks/counted_command.py ACCOUNT.json COMMAND ...

What is counted is the outermost call of the network on a batch, and each gradient that is taken of one.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass
class Account:
    """Samples that went forward, gradients, and the processor's seconds of both in the threads that called.

    ``start`` is what the process had taken before the first.
    """

    start: float = 0.0
    forward: int = 0
    gradients: int = 0
    seconds: float = 0.0

    def timed(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """What the work returns, with its seconds added."""
        self.start = self.start or time.process_time()
        began = time.thread_time()
        try:
            return work(*arguments, **options)
        finally:
            self.seconds += time.thread_time() - began


def count_passes(account: Account) -> None:
    """From now on, for this process."""
    from igcli.attribution import network, sweep
    from igcli.models.model import Model

    forward, gradient = Model.through, network.gradient_of

    def through(self: Model, inner: Any, *inputs: Any) -> Any:
        account.forward += len(inputs[0])
        return account.timed(forward, self, inner, *inputs)

    def gradient_of(total: Any, points: Any, **options: Any) -> Any:
        account.gradients += len(points)
        return account.timed(gradient, total, points, **options)

    Model.through = through  # type: ignore[method-assign]
    network.gradient_of = sweep.gradient_of = gradient_of


def main() -> None:
    from igcli.cli.main import main as ig

    target, *sys.argv[1:] = sys.argv[1:]
    account = Account()
    count_passes(account)
    try:
        ig()
    finally:
        Path(target).write_text(json.dumps({**asdict(account), "command": time.process_time()}))


if __name__ == "__main__":
    main()
