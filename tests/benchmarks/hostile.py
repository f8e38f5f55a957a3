"""What ``ig`` does with inputs that were made to do harm: a table of kinds, limits, and what was needed.

    python tests/benchmarks/hostile.py [--only KIND ...] [--memory GB] [--seconds S] [--write]

Each input of ``hostile_inputs.py`` is met by ``ig`` in a process of its own, under a limit of address space, of the
largest file and of time, in a new folder. It holds where that ends by itself within the limits, without a traceback,
without having run what came with the input (``canary``) and without having written to a file of somebody else
(``victim``). Prints a Markdown table; the exit status is 1 if one does not hold. Needs fork (Linux, macOS).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import results
from forked import GIGABYTE, Ended, Forked, Limits
from hostile_inputs import CASES, Case
from kills import NETWORK


@dataclass(frozen=True)
class Met:
    """What became of one case."""

    case: Case
    ended: Ended
    said: str
    trouble: str

    @property
    def row(self) -> str:
        """A line of the table."""
        used = f"{self.ended.seconds:.1f} | {self.ended.megabytes:.0f}"
        said = self.trouble.upper() if self.trouble else self.said.replace("|", "/")
        return f"| {self.case.kind} | {self.case.name} | {self.ended.status} | {used} | {said} |"


def main(arguments: Sequence[str] | None = None) -> list[Met]:
    """Print the table; returns what is in it."""
    options = _options(arguments)
    limits = Limits(int(options.memory * GIGABYTE), GIGABYTE, options.seconds)
    met = []
    with tempfile.TemporaryDirectory(prefix="hostile-") as home:
        (Path(home) / "net.py").write_text(NETWORK)
        for number, case in enumerate(case for case in CASES if case.kind in options.only):
            met.append(meet(case, Path(home), number, limits))
            print(f"{case.kind}, {case.name}: {met[-1].trouble or 'holds'}", file=sys.stderr, flush=True)
    kinds, single = tables(met)
    print(kinds, single, sep="\n\n")
    if options.write:
        limits_said = f"{options.memory:g} GB of address space, {options.seconds:g} s each"
        results.write("hostile", f"{kinds}\n\nUnder {limits_said}; {results.machine()}.\n\n{single}")
    return met


def meet(case: Case, home: Path, number: int, limits: Limits) -> Met:
    """One case in a folder of its own."""
    here = home / str(number)
    here.mkdir()
    made = case.make(here)
    if isinstance(made, list):
        own = [] if "--model" in made else ["--model", f"{home / 'net.py'}:network", "--input-size", "32"]
        ended = Forked([*made, *own, "--device", "cpu"], here, limits).end()
    else:
        ended = Forked([], here, limits, call=made).end()
    said = [(here / name).read_text(errors="replace") for name in ("stderr", "stdout")]
    lines = [line for line in "".join(said).splitlines() if line.strip()]
    sentence = next((line for line in lines if line.startswith("ig:")), lines[-1] if lines else "")
    return Met(case, ended, _short(sentence.replace(str(home), "…")), _trouble(here, ended, said[0], limits))


def _trouble(here: Path, ended: Ended, stderr: str, limits: Limits) -> str:
    """What did not hold; empty if all did."""
    if "Traceback (most recent call last)" in stderr:
        return f"traceback: {_short(stderr.strip().splitlines()[-1])}"
    if limits.seconds is not None and ended.seconds > limits.seconds:
        return "did not end in time"
    if ended.status < 0:
        return f"killed by signal {-ended.status}"
    if any(path.exists() for path in (here / "canary", here.parent / "canary", here.parent.parent / "canary.png")):
        return "what came with it was run, or written where it says"
    victim = here / "victim"
    return "a file of somebody else was written to" if victim.exists() and victim.read_text() != "mine" else ""


def tables(met: Sequence[Met]) -> tuple[str, str]:
    """The table of kinds, and that of single inputs."""
    kinds = [
        "| kind | tried | hold | the limit | longest, s | most memory, MB |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for kind in dict.fromkeys(each.case.kind for each in met):
        own = [each for each in met if each.case.kind == kind]
        hold = sum(not each.trouble for each in own)
        worst = max(each.ended.seconds for each in own), max(each.ended.megabytes for each in own)
        kinds.append(f"| {kind} | {len(own)} | {hold} | {own[0].case.rule} | {worst[0]:.1f} | {worst[1]:.0f} |")
    single = ["| kind | input | status | s | MB | what ig said |", "| --- | --- | --- | --- | --- | --- |"]
    return "\n".join(kinds), "\n".join([*single, *(each.row for each in met)])


def _short(sentence: str) -> str:
    return sentence if len(sentence) <= 150 else f"{sentence[:149]}…"


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    kinds = list(dict.fromkeys(case.kind for case in CASES))
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=kinds, default=kinds, metavar="KIND", help=", ".join(kinds))
    parser.add_argument("--memory", type=float, default=6.0, metavar="GB", help="of address space, torch's own with it")
    parser.add_argument("--seconds", type=float, default=120.0, help="for each input")
    parser.add_argument("--write", action="store_true", help="the tables into README.md next to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(any(each.trouble for each in main()))
