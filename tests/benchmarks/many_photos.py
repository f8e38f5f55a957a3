"""Fifty thousand small photos: planned, predicted, 500 of them explained and reported; killed twice, and resumed.

python tests/benchmarks/many_photos.py [PHOTOS [SUBSET]]

The photos are made here: JPEGs of 64 x 64 pixels in 30 folders, few pictures of each class under many names (links).
The network is small, so that what is measured is the handling of files: listing, reading, keeping account, writing.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

CLASSES, DISTINCT, SIDE = 30, 20, 64
NETWORK = """
from torch import nn

def build(num_classes=30):
    return nn.Sequential(
        nn.Conv2d(3, 16, 5, stride=2, padding=2), nn.ReLU(), nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(4), nn.Flatten(), nn.Linear(512, num_classes),
    )
"""


@dataclass(frozen=True)
class Measured:
    """A command: seconds to its first line and altogether, the peak of its resident memory in MiB, and what it said."""

    first: float
    seconds: float
    peak: float
    said: str

    def __str__(self) -> str:
        return f"first line after {self.first:.1f} s, all in {self.seconds:.0f} s, peak memory {self.peak:.0f} MiB"


def main() -> None:
    count, subset = (int(text) for text in (sys.argv[1:3] + ["50000", "500"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        make_photos(folder / "photos", count)
        make_network(folder)
        print(f"{count} photos made in {time.perf_counter() - began:.0f} s")

        killed = run(folder, "--predict-only", kill_after=count * 2 // 5)
        print(f"predicting, killed after {count * 2 // 5} photos: {killed}")
        resumed = run(folder, "--predict-only")
        account = json.loads((folder / "out" / "run.predictions.json").read_text())
        print(f"predicting, resumed: {resumed}")
        print(f"  {account['skipped']} kept, {account['done']} predicted, {account['photos_per_second']:.0f} photos/s")
        again = run(folder, "--predict-only")
        print(f"all of it again, nothing to do: {again}")
        table = (folder / "out" / "predictions.csv").stat().st_size / 1e6
        kept = (folder / "out" / ".igcli" / "predictions.jsonl").stat().st_size / 1e6
        print(f"  predictions.csv {table:.1f} MB, what is kept {kept:.1f} MB")

        explaining = ("--only", "wrong", "--subset", str(subset), "--steps", "16", "--report")
        print(f"the wrong ones, {subset} of them, killed half-way: {run(folder, *explaining, kill_after=subset // 2)}")
        explained = run(folder, *explaining)
        account = json.loads((folder / "out" / "run.json").read_text())
        print(f"resumed, with the report: {explained}")
        print(
            f"  {account['skipped']} kept, {account['done']} explained; accuracy over {account['accuracy']['photos']}"
        )
        page = (folder / "out" / "report.html").stat().st_size / 1e6
        print(f"  report.html {page:.1f} MB")
        refused = run(folder, "--report", "-o", str(folder / "all"), status=2)
        print(f"a report of all: refused after {refused.seconds:.1f} s: {refused.said.strip().splitlines()[-1]}")


def run(folder: Path, *options: str, kill_after: int = 0, status: int = 0) -> Measured:
    """Run ``ig explain`` over the photos; it is killed after so many lines, if any."""
    command = [sys.executable, "-m", "igcli", "explain", "photos", "-r", "--truth", "folder", "--device", "cpu"]
    command += ["--model", "net.py:build", "--weights", "net.pth", "--labels", "labels.txt", "--input-size", str(SIDE)]
    command += [*([] if "-o" in options else ["-o", "out"]), *options]
    with (folder / "stderr.txt").open("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=errors)
        first = 0.0
        for lines, _ in enumerate(process.stdout or (), 1):
            first = first or time.perf_counter() - began
            if lines == kill_after:
                process.send_signal(signal.SIGKILL)
                break
        _, ended, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(ended)
        if process.stdout is not None:
            process.stdout.close()
        errors.seek(0)
        said = errors.read()
    if process.returncode != (-signal.SIGKILL if kill_after else status):
        raise SystemExit(f"ended with {process.returncode}:\n{said}")
    return Measured(first, seconds, usage.ru_maxrss / 1024, said)


def make_photos(folder: Path, count: int) -> None:
    """``count`` names of ``CLASSES`` x ``DISTINCT`` pictures: colours of their class, with noise."""
    random = np.random.default_rng(0)
    colours = random.integers(40, 216, (CLASSES, 3))
    for number in range(count):
        kind, which = number % CLASSES, number // CLASSES
        path = folder / f"class {kind}" / f"IMG_{which:05}.jpg"
        if which < DISTINCT:
            path.parent.mkdir(parents=True, exist_ok=True)
            coarse = colours[kind] + random.normal(0, 70, (8, 8, 3))
            image = Image.fromarray(coarse.clip(0, 255).astype(np.uint8)).resize((SIDE, SIDE))
            image.save(path, quality=90)
        else:
            path.hardlink_to(folder / f"class {kind}" / f"IMG_{which % DISTINCT:05}.jpg")


def make_network(folder: Path) -> None:
    """A network that has learnt the classes from their pictures, roughly."""
    (folder / "net.py").write_text(NETWORK)
    (folder / "labels.txt").write_text("\n".join(f"class {number}" for number in range(CLASSES)))
    paths = [path for path in (folder / "photos").rglob("*.jpg") if int(path.stem.removeprefix("IMG_")) < DISTINCT]
    pixels = (
        torch.stack([torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1) for path in paths]).float() / 255
    )
    truth = torch.tensor([int(re.sub(r"\D", "", path.parent.name)) for path in paths])
    torch.manual_seed(0)
    scope: dict[str, object] = {"nn": nn}
    exec(NETWORK, scope)
    network = scope["build"]()  # type: ignore[operator]
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    for _ in range(20):
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(pixels), truth).backward()
        optimiser.step()
    torch.save(network.state_dict(), folder / "net.pth")


if __name__ == "__main__":
    main()
