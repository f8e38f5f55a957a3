"""Which map should one use? Every method and control by every metric, on two networks; prints Markdown tables.

    python tests/benchmarks/which_map.py --imagenet imagenet-sample.zip --caltech caltech101.zip

EfficientNet-Lite0 (extra ``igcli[imagenet]``) sees ImageNet photographs, the bundled GoogLeNet the test part of
Caltech-101. Focus needs several photos of a class, which the ImageNet photographs are not. It runs ``ig evaluate``,
which keeps every photo's maps and numbers in ``out/which-map``: the same command goes on where it was stopped.
The photographs are drawn in a fixed order, of which ``--photos N`` takes the first.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from finding_list import Network
from findings import NETWORKS

import igcli

STEPS = 32
METHODS = (
    "gradient", "input-x-gradient", "smooth-gradient", "integrated", "left-integrated", "decision", "idgi",
    "guided-integrated", "spectral-integrated", "blur-integrated",
)  # fmt: skip
LOWPASSED = ("gradient", "integrated", "spectral-integrated")

#: Fill, ranking and score of MAS for deletion and insertion too, so that they share their passes.
SETTINGS = {
    "deletion.fill": "grey",
    "deletion.ranked": "magnitude",
    "deletion.score": "softmax",
    "deletion.steps": "14",
    "insertion.fill": "kernel-blur:11",
    "insertion.ranked": "magnitude",
    "insertion.score": "softmax",
    "insertion.steps": "14",
    "mas.steps": "14",
    "abpc.fill": "grey",
    "max-sensitivity.samples": "4",
}
METRICS = ("aopc", "deletion", "insertion", "diffid", "mas", "abpc")
#: Metrics that need more gradients, or mosaics: on fewer photographs.
DEAR = 20
MOSAICS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--imagenet", type=Path, help="zip with photos/ and targets.csv")
    parser.add_argument("--caltech", type=Path, help="zip with test/CATEGORY/*.jpg")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/which-map"))
    parser.add_argument("--photos", type=int, default=150)
    chosen = parser.parse_args()
    for name, read in NETWORKS.items():
        archive = getattr(chosen, name)
        if archive is None:
            continue
        network = read(archive, chosen.output)
        columns = measured(network, chosen.output, photos=chosen.photos)
        costs = dict(costs_of(network))
        for line in table(columns, costs, title=f"{network.name}, {chosen.photos} photographs of {name}"):
            print(line)


def measured(network: Network, output: Path, *, photos: int) -> dict[str, Any]:
    """The metrics' records by name, those that are missing measured now."""
    columns: dict[str, Any] = {}
    order = random.Random(0).sample(range(len(network.photos)), len(network.photos))
    some = [network.photos[i] for i in order[:photos]]
    few = some[:DEAR]
    plain = [each for name in METHODS for each in ("-m", name)]
    chosen = [each for name in LOWPASSED for each in ("-m", name)]
    runs = (
        ("maps", some, METRICS, plain),
        ("lowpass", some, METRICS, [*chosen, "--lowpass", "15"]),
        ("dear", few, ("max-sensitivity",), [*plain, "--control", "none"]),
    )
    folder = output / network.name
    if len({photo.label for photo in network.photos}) < len(network.photos):
        classes = _classes(network, folder / "classes.csv")
        runs = (*runs, ("focus", few, ("focus",), [*plain, "--classes", str(classes), "--mosaics", str(MOSAICS)]))
    for part, some_photos, metrics, options in runs:
        files = [str(photo.path) for photo in some_photos]
        found = _evaluate(network, folder / part, files, metrics, options)
        for name, record in found.items():
            columns.setdefault(name, {"direction": record["direction"], "maps": {}})["maps"].update(record["maps"])
            if record["best"]:
                columns[name].setdefault("best", record["best"])
    return columns


def _classes(network: Network, path: Path) -> Path:
    """A CSV file of all photos with their classes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "target"))
        rows.writerows((photo.path.resolve(), photo.label) for photo in network.photos)
    return path


def _evaluate(
    network: Network, folder: Path, files: Sequence[str], metrics: Sequence[str], options: Sequence[str]
) -> dict[str, Any]:
    asked = [each for name in metrics for each in ("--metric", name)]
    prefixes = {name.partition(".")[0] for name in SETTINGS} & set(metrics)
    for name, value in SETTINGS.items():
        if name.partition(".")[0] in prefixes:
            asked += ["--set", f"{name}={value}"]
    command = [sys.executable, "-m", "igcli", "evaluate", "-0", "-", "-o", str(folder), "--model", network.name]
    command += ["--device", "cpu", "--steps", str(STEPS), *asked, *options]
    subprocess.run(command, input="\0".join(files).encode(), stdout=subprocess.DEVNULL, check=True)
    record: dict[str, Any] = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    return dict(record["metrics"])


def costs_of(network: Network, *, photos: int = 4) -> Iterator[tuple[str, str]]:
    """For each method the gradients and the seconds of one map, medians of photos that take turns."""
    pictures = [network.read(photo) for photo in network.spread(photos + 1)]
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in METHODS}
    for number, picture in enumerate(pictures):
        for name in METHODS:
            started = time.perf_counter()
            result = igcli.attribute(network.model, picture, method=name, steps=STEPS)
            if number:  # the first warms up
                found[name].append((result.gradient_evaluations, time.perf_counter() - started))
    for name, own in found.items():
        gradients, seconds = (statistics.median(each) for each in zip(*own, strict=True))
        yield name, f"{gradients:.0f} | {seconds:.2f}"


def table(columns: dict[str, Any], costs: dict[str, str], *, title: str) -> Iterator[str]:
    """A Markdown table: maps in rows, metrics in columns; * is better than all others by the paired intervals."""
    arrows = {"higher": "↑", "lower": "↓"}
    yield f"{title}:\n"
    heads = [f"{name} {arrows.get(column['direction'], '')}" for name, column in columns.items()]
    yield "| map | " + " | ".join([*heads, "gradients", "s"]) + " |"
    yield "| --- |" + " --- |" * (len(heads) + 2)
    for name in dict.fromkeys(name for column in columns.values() for name in column["maps"]):
        cells = [_cell(column["maps"].get(name), star=column.get("best") == name) for column in columns.values()]
        yield f"| {name} | " + " | ".join([*cells, costs.get(name.partition(",")[0], "– | –")]) + " |"


def _cell(found: dict[str, Any] | None, *, star: bool) -> str:
    if found is None or not found["count"]:
        return "–"
    return f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" + " *" * star


if __name__ == "__main__":
    main()
