"""``ig`` in processes of their own, forked from one that has imported torch: importing is what takes the time.

For scripts that start it hundreds of times, on systems that have fork (Linux, macOS).
"""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

GIGABYTE = 10**9


@dataclass(frozen=True)
class Limits:
    """What the system lets a process take; ``None`` for no limit.

    Attributes
    ----------
    memory, file
        Bytes of address space, and of the largest file that it writes.
    seconds
        After which it is killed.
    """

    memory: int | None = None
    file: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class Ended:
    """How a process ended.

    Attributes
    ----------
    status
        Its exit status; negative for the signal that killed it.
    seconds, megabytes
        How long it took, and the most memory that it had at once.
    """

    status: int
    seconds: float
    megabytes: float


@dataclass
class Forked:
    """A command at work in ``folder``, which also gets ``stdout`` and ``stderr`` as files.

    ``call`` is what to do in place of an ``ig`` command; what it raises is a traceback in ``stderr``.
    """

    typed: Sequence[str]
    folder: Path
    limits: Limits = field(default_factory=Limits)
    call: Callable[[], None] | None = None

    def __post_init__(self) -> None:
        import torch  # noqa: F401 - once, for all

        import igcli.cli.main  # noqa: F401

        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("stdout", "stderr"):
            (self.folder / name).write_bytes(b"")
        sys.stdout.flush()
        self._began = time.perf_counter()
        self.process = os.fork()
        if self.process == 0:
            self._become()

    def is_over(self) -> bool:
        """Whether it has ended; it must still be waited for by :meth:`end`."""
        return os.waitid(os.P_PID, self.process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def kill(self) -> None:
        """End it at once, and wait until it is gone."""
        os.kill(self.process, signal.SIGKILL)
        os.waitpid(self.process, 0)

    def end(self) -> Ended:
        """Wait for its end, at most as long as the limits say."""
        limit = self.limits.seconds
        while limit is not None and not self.is_over():
            if time.perf_counter() - self._began > limit:
                os.kill(self.process, signal.SIGKILL)
                break
            time.sleep(0.005)
        _, status, used = os.wait4(self.process, 0)
        scale = 1 if sys.platform == "darwin" else 1024
        seconds = time.perf_counter() - self._began
        return Ended(os.waitstatus_to_exitcode(status), seconds, used.ru_maxrss * scale / 1e6)

    def _become(self) -> NoReturn:
        status = 70
        try:
            os.chdir(self.folder)
            for number, name in ((1, "stdout"), (2, "stderr")):
                os.dup2(os.open(name, os.O_WRONLY | os.O_APPEND), number)
            os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
            sys.stdout = open(1, "w", buffering=1, closefd=False, encoding="utf-8")  # noqa: SIM115
            sys.stderr = open(2, "w", buffering=1, closefd=False, encoding="utf-8")  # noqa: SIM115
            for kind, most in ((resource.RLIMIT_AS, self.limits.memory), (resource.RLIMIT_FSIZE, self.limits.file)):
                if most is not None:
                    resource.setrlimit(kind, (most, most))
            status = self._work()
        except SystemExit as over:
            status = over.code if isinstance(over.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)

    def _work(self) -> int:
        if self.call is not None:
            self.call()
            return 0
        from igcli.cli.main import ig
        from igcli.cli.streams import guarded

        sys.argv = ["ig", *self.typed]
        with guarded():
            ig.main(list(self.typed), prog_name="ig")
        return 0
