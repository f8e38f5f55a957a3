"""A folder of photos from the files to the drawn maps, and a plain loop around Captum; each in a fresh process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from spread import Spread
from table import Section
from trial import Trial

ROUNDS = 2
LOOP = Path(__file__).with_name("captum_loop.py")


def measure(trial: Trial) -> Section:
    """Both on the timed photos, in turn."""
    files = [str(subject.file) for subject in trial.timed]
    device = str(trial.model.device)
    with tempfile.TemporaryDirectory() as folder:

        def run(*command: str) -> Callable[[int], object]:
            return lambda _: subprocess.run([sys.executable, *command, "--device", device], check=True)

        explain = ("-m", "igcli", "explain", *files, "--output", f"{folder}/ig", "--overwrite", "--quiet")
        taken = trial.clock.in_turns(
            {
                "ig explain --steps auto": run(*explain, "--steps", "auto", "--model", "caltech101", "--offline"),
                "loop around captum": run(str(LOOP), *files, "--output", f"{folder}/captum"),
            },
            range(ROUNDS),
        )
        told = Path(folder, "ig", "run.json")  # not there for a single photo
        account = json.loads(told.read_text()) if told.exists() else {}
    ours = taken["ig explain --steps auto"]
    ratios = {name: Spread.of_ratios(seconds, ours) for name, seconds in taken.items()}
    rates = {name: len(files) / Spread.of(seconds).median for name, seconds in taken.items()}
    return Section(
        f"A folder end to end: {len(files)} photos, start and drawing included, {ROUNDS} rounds in turn",
        ("", "photos a second", "seconds over ig's"),
        [(name, f"{rates[name]:.3g}", f"{ratios[name].median:.2f}") for name in taken],
        {
            "photos": len(files),
            "photos_per_second": rates,
            "ratio": {name: asdict(spread) for name, spread in ratios.items()},
            "account": {key: account[key] for key in ("seconds", "photos_per_second", "model_busy") if key in account},
        },
        _note(account),
    )


def _note(account: Mapping[str, float]) -> list[str]:
    if not account:
        return []
    return [
        f"By ig's own account, without its start: {account['photos_per_second']:.3g} photos a second, "
        f"the network at work {account['model_busy']:.1%} of the time."
    ]
