"""igcli and what a user would pick instead: one run, one table, one JSON file.

python tests/benchmarks/bench.py [--zip caltech101.zip] [--only steps,error,...] [--photos N]

The rivals take turns photo by photo, and ratios are medians of ratios within the run, so that a noisy machine hits all
alike. Everything runs in full float32 on the bundled network's weights: Captum and saliency on torchvision's network in
a process of their own.
"""

from __future__ import annotations

import argparse
import json
import platform
import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

import adaptive
import commands
import compiling
import end_to_end
import equal_error
import equal_steps
import memory
import networks
import rate
import start
import torch
from commands import COMMANDS
from photographs import test_photographs
from trial import SAMPLES, Trial
from zoo import NETWORKS

from igcli.models.devices import exact_numbers

SECTIONS = {
    "steps": equal_steps.measure,
    "error": equal_error.measure,
    "adaptive": adaptive.measure,
    "rate": rate.measure,
    "memory": memory.measure,
    "start": start.measure,
    "folder": end_to_end.measure,
    "networks": networks.measure,
    "commands": commands.measure,
    "compile": compiling.measure,
}
COUNTS = (24, 32, 40, 48, 56, 64, 72, 80, 96, 112, 128)


def parsed(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="igcli, Captum and saliency, measured in one run.")
    add = parser.add_argument
    add("--only", type=_sections, default=list(SECTIONS), metavar="NAME,...", help=", ".join(SECTIONS))
    add("--zip", type=Path, help="photographs: the Caltech-101 archive, of which the test part is used")
    add("--photos", type=int, help="how many; 60 of the archive, or all samples")
    add("--timed", type=int, default=16, help="how many of them to take the time on; %(default)s")
    add("--gradients", type=int, default=50, help="at equal steps; %(default)s")
    add("--reference", type=int, default=512, help="midpoints of the reference; %(default)s")
    add("--references", type=Path, metavar="FOLDER", help="keeps the references for other runs; by default none are")
    add("--counts", type=_numbers, default=COUNTS, metavar="N,...", help="in which the smallest is searched")
    add("--model", default="caltech101", help="the network of most sections; %(default)s, or efficientnet_lite0")
    add("--limit", type=float, default=0.025, help="of nine tenths of the errors, at equal error; %(default)s")
    add("--tolerance", type=float, help="of the adaptive path; its own by default")
    add("--map-tolerance", type=float, help="the same, of its map; none by default")
    add("--networks", type=_names, default=NETWORKS, metavar="NAME,...", help="of that section; all by default")
    add("--commands", type=_names, default=COMMANDS, metavar="NAME,...", help="of that section; all by default")
    add("--sizes", type=_numbers, default=(1, 30), metavar="N,...", help="photos that the commands get; %(default)s")
    add("--device", default="cpu")
    add("-o", "--output", type=Path, default=Path("out/bench.json"), help="%(default)s")
    return parser.parse_args(arguments)


def main() -> None:
    options, began = parsed(), time.time()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    with _files(options) as files, exact_numbers():
        trial = Trial(files, options)
        report = {"machine": _machine(trial), "settings": _settings(options, files), "sections": {}}
        print(f"{len(files)} photos; " + ", ".join(f"{key} {value}" for key, value in report["machine"].items()))
        with trial.model.frozen():
            for name in options.only:
                before = time.time()
                section = SECTIONS[name](trial)
                print("\n" + section.text(command=_command(name, options)), flush=True)
                report["sections"][name] = {**section.data, "took_seconds": round(time.time() - before, 1)}
                # After every section, so that an interrupted run leaves what it has found.
                options.output.write_text(json.dumps(report, indent=1) + "\n")
    print(f"\n{(time.time() - began) / 60:.0f} minutes -> {options.output}")


@contextmanager
def _files(options: argparse.Namespace) -> Iterator[list[Path]]:
    if options.zip is None:
        yield sorted(SAMPLES.glob("*.jpg"))[: options.photos]
        return
    with test_photographs(options.zip, options.photos or 60) as files:
        yield files


def _machine(trial: Trial) -> dict[str, object]:
    device = trial.model.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    packages = {package: version(package) for package in ("torch", "captum", "saliency")}
    return {"device": f"{device} ({name})", "threads": torch.get_num_threads(), **packages}


def _settings(options: argparse.Namespace, files: Sequence[Path]) -> dict[str, object]:
    names = ("model", "timed", "gradients", "reference", "counts", "limit", "tolerance", "map_tolerance")
    return {"photos": len(files), **{name: getattr(options, name) for name in names}}


def _command(section: str, options: argparse.Namespace) -> str:
    """What measures a section again."""
    defaults, words = parsed([]), ["python", "tests/benchmarks/bench.py", "--only", section]
    for name, value in vars(options).items():
        if name in ("only", "output", "references") or value == getattr(defaults, name):
            continue
        shown = value.name if name == "zip" else ",".join(map(str, value)) if isinstance(value, tuple) else str(value)
        words += [f"--{name.replace('_', '-')}", shown]
    return shlex.join(words)


def _sections(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        raise argparse.ArgumentTypeError(f"no section is called {unknown[0]!r}: choose from {', '.join(SECTIONS)}")
    return names


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split(","))


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


if __name__ == "__main__":
    main()
