"""Runs that are killed at a random moment and started again: does the second one end with what an undisturbed one has?

    python tests/benchmarks/kills.py [--kills 20] [--photos 12] [--only explain ...] [--seed 0] [--write]

Made pictures and a small network from a file, as many sentences and molecules with the bundled networks: it runs
anywhere that has fork (Linux, macOS); ``molecule`` needs ``igcli[molecules]``. Every command is
run once undisturbed, then ``--kills`` times with SIGKILL between its first result and its end, each in a new folder,
and then again with the same words. They are equal where the folder then has the same files as the undisturbed one:
pictures, arrays, tables and pages byte for byte, records but for their times. ``--batch-size 1`` makes that possible:
photos that share a batch agree to rounding only. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import results
from forked import Forked

NETWORK = """
import torch
from torch import nn

def network():
    torch.manual_seed(3)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 12, 3, padding=1), nn.ReLU(),
        nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(48, 5),
    )
"""

#: By the name in the table: what is typed after ``ig``, the inputs, and the same for all.
COMMANDS = {
    "explain": ("explain", "photos", "--steps", "8", "--save-arrays", "--panel"),
    "animate": ("animate", "photos", "--frames", "5", "--sheet"),
    "evaluate": ("evaluate", "photos", "--steps", "8", "--metric", "deletion", "--metric", "completeness", "--report"),
    "saturation": ("saturation", "photos", "--points", "101"),
    "report": ("report", "photos", "--steps", "8"),
    "predict-only": ("explain", "photos", "--predict-only"),
    "cluster": ("evaluate", "listed.csv", "--steps", "8", "--metric", "deletion", "--cluster", "animal",
                "--require", "deletion:integrated < 2"),
    "ablate": ("ablate", "photos", "--keep-boxes", "boxes.csv", "--fill", "black", "--fill", "blur"),
    "text": ("text", "-f", "texts.txt", "--steps", "8", "--report"),
    "molecule": ("molecule", "molecules.smi", "--steps", "8", "--report"),
}  # fmt: skip
#: Those that explain no photos: they use the bundled networks.
LISTS = ("text", "molecule")

#: In records, what no two runs have in common.
TIMES = {"timing", "seconds", "photos_per_second", "gradients_per_second", "model_busy", "effort", "command"}
#: In the account of a run: what was left to do when it began.
COUNTS = {"done", "skipped", "gradients", "photos"}


@dataclass
class Outcome:
    """What became of the kills of one command."""

    command: str
    killed: int = 0
    done_before: list[int] = field(default_factory=list)
    equal: int = 0
    differences: list[str] = field(default_factory=list)

    @property
    def row(self) -> str:
        """A line of the table."""
        between = f"{min(self.done_before)}–{max(self.done_before)}" if self.done_before else "–"
        return f"| {self.command} | {self.killed} | {between} | {self.equal} |"


def main(arguments: Sequence[str] | None = None) -> list[Outcome]:
    """Print the table; returns what is in it."""
    options = _options(arguments)
    chance = random.Random(options.seed)
    outcomes = []
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        home = Path(folder)
        _made_photos(home / "photos", options.photos)
        _made_lists(home, options.photos)
        (home / "net.py").write_text(NETWORK)
        for command in options.only:
            typed = [str(home / word) if (home / word).exists() else word for word in COMMANDS[command]]
            typed += ["-o", "out", "--device", "cpu", "--batch-size", "1"]
            typed += [] if command in LISTS else ["--model", f"{home / 'net.py'}:network", "--input-size", "32"]
            outcomes.append(
                killed_and_run_again(command, typed, home, photos=options.photos, kills=options.kills, chance=chance)
            )
            print(f"{command}: {outcomes[-1].equal} of {outcomes[-1].killed} equal", file=sys.stderr, flush=True)
    heads = [
        "| command | kills | photos done before | second run equal to an undisturbed one |",
        "| --- | --- | --- | --- |",
    ]
    table = "\n".join([*heads, *(outcome.row for outcome in outcomes)])
    print(table)
    for difference in (each for outcome in outcomes for each in outcome.differences):
        print(difference, file=sys.stderr)
    if options.write:
        results.write("kills", f"{table}\n\n{options.photos} photos; {results.machine()}.")
    return outcomes


def killed_and_run_again(
    command: str, typed: Sequence[str], home: Path, *, photos: int, kills: int, chance: random.Random
) -> Outcome:
    """One command: undisturbed, then killed and run again as often as asked."""
    whole = home / command / "undisturbed"
    began = time.perf_counter()
    run = Forked(typed, whole)
    first = await_results(run, command, 1)
    status, seconds = run.end().status, time.perf_counter() - began
    if status != 0:
        raise SystemExit(f"{command} ends with status {status}:\n{(whole / 'stderr').read_text()}")
    outcome, attempts = Outcome(command), 0
    while outcome.killed < kills and attempts < 5 * kills:
        attempts += 1
        here = home / command / f"kill-{attempts}"
        run = Forked(typed, here)
        left = max(seconds - (first - began), 0.02)
        if attempts % 2 and command != "report":  # after some photo, or at any moment
            await_results(run, command, chance.randint(1, photos))
            time.sleep(chance.uniform(0, left / photos))
        else:
            await_results(run, command, 1)
            time.sleep(chance.uniform(0, left))
        if run.is_over():
            run.end()
            continue
        run.kill()
        outcome.killed += 1
        if command != "report":
            outcome.done_before.append(done_in(here, command))
        status = Forked(typed, here).end().status
        found = [f"exit status {status}"] if status else differences(whole / "out", here / "out")
        outcome.equal += not found
        outcome.differences += [f"{command}, kill {attempts}: {each}" for each in found]
        shutil.rmtree(here)
    return outcome


def done_in(here: Path, command: str) -> int:
    """Photos that are done: they need not be done again, or were said to be done."""
    if command in ("evaluate", "cluster"):
        return len(list((here / "out" / "photos").rglob("*.json")))
    if command in ("saturation", "report", "predict-only", "ablate"):  # of a report, only the end is said
        return len((here / "stdout").read_text().splitlines())
    records = ".interior.json" if command == "animate" else ".json"
    return len([path for path in (here / "out").glob(f"*{records}") if path.name != "run.json"])


def differences(one: Path, two: Path) -> list[str]:
    """What two output folders do not have in common, apart from times and from who did what."""
    names = [{path.relative_to(folder).as_posix() for path in _files(folder)} for folder in (one, two)]
    found = [f"only in one of them: {name}" for name in sorted(names[0] ^ names[1])]
    return found + [
        f"differs: {name}" for name in sorted(names[0] & names[1]) if _content(one / name) != _content(two / name)
    ]


def await_results(run: Forked, command: str, count: int) -> float:
    """Wait until so many photos are done, or the run is over; returns when that was."""
    while done_in(run.folder, command) < count and not run.is_over():
        if command == "report":  # says nothing of single photos
            time.sleep(0.05)
            break
        time.sleep(0.002)
    return time.perf_counter()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and ".igcli" not in path.parts]


def _content(path: Path) -> object:
    data = path.read_bytes()
    if path.suffix not in (".json", ".jsonl"):
        return data
    lines = data.splitlines() if path.suffix == ".jsonl" else [data]
    left_out = TIMES | (COUNTS if path.name.startswith("run.") or path.name == "evaluation.json" else set())
    return [_without(json.loads(line), left_out) for line in lines]


def _without(value: Any, names: set[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(each, names) for name, each in value.items() if name not in names}
    return [_without(each, names) for each in value] if isinstance(value, list) else value


def _made_photos(folder: Path, count: int) -> Path:
    """Pictures of random blocks, each another."""
    import numpy as np
    from PIL import Image

    folder.mkdir()
    for number in range(count):
        blocks = np.random.default_rng(number).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(blocks).resize((48, 48), Image.Resampling.BICUBIC).save(folder / f"{number:03}.png")
    return folder


def _made_lists(home: Path, count: int) -> None:
    """A list of the photos with two of each animal, a box in each, and as many sentences and molecules."""
    names = [path.name for path in sorted((home / "photos").iterdir())]
    listed = [f"photos/{name},animal {number // 2}\n" for number, name in enumerate(names)]
    (home / "listed.csv").write_text("path,animal\n" + "".join(listed))
    boxes = [f"{name},{8 + number % 5},10,30,36\n" for number, name in enumerate(names)]
    (home / "boxes.csv").write_text("path,xmin,ymin,xmax,ymax\n" + "".join(boxes))
    words = ("we", "must", "do", "more", "than", "the", "people", "want")
    texts = [f"{' '.join(words[(number + each) % 8] for each in range(4))}\n" for number in range(count)]
    (home / "texts.txt").write_text("".join(texts))
    (home / "molecules.smi").write_text("".join(f"{'C' * (number + 1)}O chain{number}\n" for number in range(count)))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--kills", type=int, default=20, help="of each command")
    parser.add_argument("--photos", type=int, default=12)
    parser.add_argument("--only", nargs="+", choices=list(COMMANDS), default=list(COMMANDS), metavar="COMMAND")
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--write", action="store_true", help="the table into README.md next to this file")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(any(outcome.equal < outcome.killed for outcome in main()))
