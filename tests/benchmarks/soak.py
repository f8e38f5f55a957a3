"""Thousands of tiny photos through a tiny network in one run: does memory grow with their number?

    python tests/benchmarks/soak.py [PHOTOS] [--write]

Resident memory of one ``ig explain`` over all of them (a picture and a record each), sampled while it runs: after a
tenth of the photos, in the middle, and at the end. The photos are few pictures under many names. Linux; prints a table.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import results
from forked import Forked
from kills import NETWORK
from PIL import Image

#: Different pictures; all others are links to them.
DISTINCT = 50


def main(arguments: Sequence[str] | None = None) -> list[tuple[int, float]]:
    """Print the table; returns photos done and MiB, as sampled."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=int, nargs="?", default=2000)
    parser.add_argument("--write", action="store_true", help="the table into README.md next to this file")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        home = Path(name)
        _make_photos(home / "photos", options.photos)
        (home / "net.py").write_text(NETWORK)
        words = ["explain", "../photos", "--model", "../net.py:network", "--input-size", "32", "--steps", "4"]
        began = time.perf_counter()
        run = Forked([*words, "--device", "cpu", "--batch-size", "32", "-o", "out"], home / "run")
        sampled = [(0, 0.0)]
        while not run.is_over():
            said = (run.folder / "stdout").read_bytes().count(b"\n")
            if said > sampled[-1][0] and (now := _resident(run.process)):
                sampled.append((said, now))
            time.sleep(0.1)
        ended, seconds = run.end(), time.perf_counter() - began
        if ended.status:
            raise SystemExit((run.folder / "stderr").read_text())
    lines = ["| photos done | resident memory, MiB |", "| --- | --- |"]
    chosen = [min(sampled[1:], key=lambda each: abs(each[0] - share * options.photos)) for share in (0.1, 0.5, 1)]
    table = "\n".join([*lines, *(f"| {done:,} | {memory:.0f} |" for done, memory in chosen)])
    print(table, f"{seconds:.0f} s, at most {ended.megabytes:.0f} MB", sep="\n\n")
    if options.write:
        results.write("soak", f"{table}\n\n{options.photos:,} photos in {seconds:.0f} s; {results.machine()}.")
    return sampled[1:]


def _resident(process: int) -> float:
    """MiB that a process has in memory now; 0 where it has just ended."""
    try:
        said = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in said.splitlines() if line.startswith("VmRSS")), 0.0)


def _make_photos(folder: Path, count: int) -> None:
    folder.mkdir()
    for number in range(count):
        path = folder / f"{number:06}.png"
        if number < DISTINCT:
            blocks = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
            Image.fromarray(blocks).resize((32, 32), Image.Resampling.BICUBIC).save(path)
        else:  # copies: files with two names are no reason to skip any
            path.write_bytes((folder / f"{number % DISTINCT:06}.png").read_bytes())


if __name__ == "__main__":
    sys.exit(not main())
