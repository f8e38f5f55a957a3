"""A cold start: ``ig explain`` of one photo in a fresh process, compared with what cannot be saved.

That is the bare import of torch and torchvision in a fresh process, and as many gradients as ``ig`` took, at the speed
that they have when everything is warm.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from rivals import ours
from spread import Spread
from table import Section
from trial import SAMPLES, Trial

REPEATS = 5
WARM = {"cpu": 128, "cuda": 2048}
PHOTO = SAMPLES / "motorcycle.jpg"


def measure(trial: Trial) -> Section:
    """Start, import and gradients in turn, after an untimed round that fills the caches on disk."""
    steps, subject = WARM.get(trial.model.device.type, 128), trial.subjects[0]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder)
        taken = trial.clock.in_turns(
            {
                "start": lambda _: explain(output, device=str(trial.model.device)),
                "imports": lambda _: subprocess.run([sys.executable, "-c", "import torch, torchvision"], check=True),
                "warm": lambda _: ours(trial.model, subject, steps),
            },
            range(REPEATS),
        )
        (result,) = json.loads((output / f"{PHOTO.stem}.json").read_text())["results"]
    gradients = result["gradient_evaluations"]
    bound = [imports + gradients * warm / steps for imports, warm in zip(taken["imports"], taken["warm"], strict=True)]
    seconds = {"ig explain": taken["start"], "bare imports": taken["imports"], "imports + gradients": bound}
    ratios = {name: Spread.of_ratios(taken["start"], each) for name, each in seconds.items()}
    return Section(
        f"Cold start: ig explain of one photo, {gradients} gradients, {REPEATS} repeats",
        ("", "s", "ig explain over it"),
        [(name, f"{Spread.of(each).median:.2f}", ratios[name].with_quartiles()) for name, each in seconds.items()],
        {
            "gradients": gradients,
            "seconds": {name: asdict(Spread.of(each)) for name, each in seconds.items()},
            "ratio": asdict(ratios["imports + gradients"]),
        },
    )


def explain(output: Path, *, device: str) -> None:
    """What a user types."""
    command = [sys.executable, "-m", "igcli", "explain", str(PHOTO), "-o", str(output), "--overwrite", "--quiet"]
    subprocess.run([*command, "--model", "caltech101", "--offline", "--device", device], check=True)
