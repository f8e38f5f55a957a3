"""Every command in a fresh process: the processor's seconds over those of its passes through the network.

The passes are timed inside the command, so that both numbers are of one run. What is over them is the start (imports,
reading the weights), reading, arithmetic on maps, drawing and writing.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from table import Section
from tqdm import tqdm
from trial import Trial

COUNTED = Path(__file__).with_name("counted_command.py")
WORDS = ("the", "government", "has", "spent", "more", "on", "the", "army", "this", "year", "than", "the", "last")
MOLECULES = ("CC(=O)Oc1ccccc1C(=O)O", "CCOC(=O)c1ccccc1", "Cn1cnc2c1c(=O)n(C)c(=O)n2C", "CC(C)Cc1ccc(cc1)C(C)C(=O)O")
PHOTOS = ("--model", "caltech101", "--offline", "--quiet")


@dataclass(frozen=True)
class Kind:
    """A command to measure: its name in the table, and the words of the command line for a number of inputs."""

    name: str
    line: Callable[[Sequence[Path], int, Path], Sequence[str]]
    single: bool = False  # takes one input alone

    @property
    def command(self) -> str:
        """The command alone."""
        return re.split("[ ,]", self.name)[0]


def measure(trial: Trial) -> Section:
    """Every command for every number of inputs."""
    rows, data = [], []
    asked = [kind for kind in KINDS if kind.command in trial.options.commands]
    chosen = [(kind, size) for kind in asked for size in trial.options.sizes if size == 1 or not kind.single]
    for kind, size in tqdm(chosen, desc="commands", leave=False):
        found = _account(kind, trial.files, size)
        total, passes = found["command"], found["seconds"]
        rows.append(
            (
                kind.name,
                str(size),
                f"{found['forward'] / size:.0f}",
                f"{found['gradients'] / size:.0f}",
                f"{total / size:.2f}",
                f"{passes / size:.2f}",
                f"{total / passes:.2f}",
                f"{(total - found['start']) / passes:.2f}",
            )
        )
        data.append({"name": kind.name, "inputs": size, **found})
    return Section(
        "Commands: seconds of the processor per input, one thread",
        ("", "inputs", "forward", "gradients", "s", "s in passes", "ratio", "without start"),
        rows,
        {"commands": data},
        [
            "ratio: of the command's processor time, start included, to that of its passes through the network; "
            "without start: less what the same command takes until its first pass.",
        ],
    )


def _account(kind: Kind, files: Sequence[Path], size: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:
        output, account = Path(folder, "out"), Path(folder, "account.json")
        photos = [files[i % len(files)] for i in range(size)]
        line = [*kind.line(photos, size, Path(folder)), "-o", str(output)]
        one_thread = {**os.environ, "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
        subprocess.run([sys.executable, str(COUNTED), str(account), *line], check=True, env=one_thread)
        found: dict[str, float] = json.loads(account.read_text())
        return found


def _on_photos(*words: str) -> Callable[[Sequence[Path], int, Path], Sequence[str]]:
    return lambda photos, size, folder: [words[0], *map(str, _copies(photos, folder)), *words[1:], *PHOTOS]


def _copies(photos: Sequence[Path], folder: Path) -> list[Path]:
    """The photos under names that differ, since a command explains each file once."""
    copies = []
    for number, photo in enumerate(photos):
        copy = folder / f"{number:03}-{photo.name}"
        copy.write_bytes(photo.read_bytes() + bytes(number))  # zeros at the end of a JPEG change nothing but its hash
        copies.append(copy)
    return copies


def _texts(photos: Sequence[Path], size: int, folder: Path) -> Sequence[str]:
    file = folder / "texts.txt"
    lines = [" ".join(WORDS[i % 8 : i % 8 + 6 + i % 4]) for i in range(size)]
    file.write_text("\n".join(lines) + "\n")
    return ["text", "-f", str(file), "--quiet"]


def _molecules(photos: Sequence[Path], size: int, folder: Path) -> Sequence[str]:
    file = folder / "molecules.smi"
    file.write_text("".join(f"{MOLECULES[i % 4]} number{i}\n" for i in range(size)))
    return ["molecule", str(file), "--quiet"]


_TWO = ("--method", "integrated", "--method", "gradient")
KINDS = (
    Kind("explain", _on_photos("explain")),
    Kind("explain --target top-5", _on_photos("explain", "--target", "top-5")),
    Kind("animate", _on_photos("animate")),
    Kind("saturation", _on_photos("saturation")),
    Kind("saturation --layers", _on_photos("saturation", "--layers")),
    Kind("compare, two methods, two classes", _on_photos("compare", "--target", "top-2", *_TWO), single=True),
    Kind("evaluate, two methods", _on_photos("evaluate", *_TWO)),
    Kind("report, two methods", _on_photos("report", *_TWO)),
    Kind("text", _texts),
    Kind("molecule", _molecules),
)
COMMANDS = tuple(dict.fromkeys(kind.command for kind in KINDS))
