"""Which map should one use? Every method and control by every metric, on two networks; prints Markdown tables.

    python tests/benchmarks/which_map.py --imagenet imagenet-sample.zip --caltech caltech101.zip

EfficientNet-Lite0 (extra ``igcli[imagenet]``) sees ImageNet photographs, the bundled GoogLeNet the test part of
Caltech-101. Focus needs several photos of a class, which the ImageNet photographs are not. It runs ``ig evaluate``,
which keeps every photo's maps and numbers in ``out/which-map``: the same command goes on where it was stopped.
The photographs are drawn in an order that depends on their names alone, of which ``--photos N`` takes the first; the
references of ``ig2`` and of expected gradients come after them. ``--processes N`` runs N evaluations next to each
other, for a GPU that one of them does not fill.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from finding_list import Network, Photo
from findings import NETWORKS

import igcli

STEPS = 32
METHODS = (
    "gradient", "input-x-gradient", "smooth-gradient", "integrated", "left-integrated", "decision", "idgi",
    "guided-integrated", "spectral-integrated", "blur-integrated",
)  # fmt: skip
LOWPASSED = ("gradient", "integrated", "spectral-integrated")
EXPECTED = "expected gradients"

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
REFERENCES = 16


@dataclass(frozen=True)
class Part:
    """One evaluation: photographs, metrics and options of ``ig evaluate``; ``renamed`` are maps by their new names."""

    name: str
    photos: Sequence[Photo]
    metrics: Sequence[str]
    options: Sequence[str]
    whole: bool = False  # not to be split over processes
    renamed: Mapping[str, str] | None = None


@dataclass(frozen=True)
class Bench:
    """Where it runs and what it writes."""

    output: Path
    device: str
    processes: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--imagenet", type=Path, help="zip with photos/ and targets.csv")
    parser.add_argument("--caltech", type=Path, help="zip with test/CATEGORY/*.jpg")
    parser.add_argument("-o", "--output", type=Path, default=Path("out/which-map"))
    parser.add_argument("--photos", type=int, default=150)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processes", type=int, default=1)
    chosen = parser.parse_args()
    bench = Bench(chosen.output, chosen.device, chosen.processes)
    networks = {
        name: read(archive, chosen.output, chosen.device)
        for name, read in NETWORKS.items()
        if (archive := getattr(chosen, name)) is not None
    }
    parts = {name: list(parts_of(network, bench, photos=chosen.photos)) for name, network in networks.items()}
    with ThreadPoolExecutor(bench.processes) as pool:  # the threads wait for processes
        waiting = [
            pool.submit(evaluate, networks[name], bench, shard)
            for name in networks
            for part in parts[name]
            for shard in shards_of(part, bench)
        ]
        for each in waiting:
            each.result()
    for name, network in networks.items():
        columns = joined(network, bench, parts[name])
        costs = dict(costs_of(network, references=bench.output / network.name / "references"))
        for line in table(columns, costs, title=f"{network.name}, {chosen.photos} photographs of {name}"):
            print(line, flush=True)


def parts_of(network: Network, bench: Bench, *, photos: int) -> Iterator[Part]:
    """All that is measured of a network."""
    order = sorted(network.photos, key=lambda photo: hashlib.sha256(photo.path.name.encode()).digest())
    some, few = order[:photos], order[: min(DEAR, photos)]
    folder = bench.output / network.name
    references = _copied(order[photos : photos + REFERENCES] or order[-REFERENCES:], folder / "references")
    plain = [each for name in METHODS for each in ("-m", name)]
    lowpassed = [each for name in LOWPASSED for each in ("-m", name)]
    no_control = ["--control", "none"]
    yield Part("maps", some, METRICS, plain)
    yield Part("ig2", some, METRICS, ["-m", "ig2", "--references", str(references), *no_control])
    baseline = ["-m", "integrated", "--baseline", str(references), *no_control]
    yield Part("expected", some, METRICS, baseline, renamed={"integrated": EXPECTED})
    yield Part("lowpass", some, METRICS, [*lowpassed, "--lowpass", "15"])
    yield Part("dear", few, ("max-sensitivity",), [*plain, *no_control])
    if len({photo.label for photo in network.photos}) < len(network.photos):
        classes = _classes(network, folder / "classes.csv")
        yield Part("focus", few, ("focus",), [*plain, "--classes", str(classes), "--mosaics", str(MOSAICS)], whole=True)


def _copied(photos: Sequence[Photo], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for photo in photos:
        shutil.copyfile(photo.path, folder / f"{photo.path.parent.name}-{photo.path.name}")
    return folder


def _classes(network: Network, path: Path) -> Path:
    """A CSV file of all photos with their classes."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("path", "target"))
        rows.writerows((photo.path.resolve(), photo.label) for photo in network.photos)
    return path


def shards_of(part: Part, bench: Bench) -> Iterator[Part]:
    """The part, or one for each process."""
    count = 1 if part.whole else min(bench.processes, len(part.photos))
    if count == 1:
        yield part
        return
    for place in range(count):
        name = f"shards/{part.name}-{place}"
        yield Part(name, part.photos[place::count], part.metrics, part.options)


def joined(network: Network, bench: Bench, parts: Sequence[Part]) -> dict[str, Any]:
    """The metrics' records by name over all parts; shards' photos come together in one folder first."""
    columns: dict[str, Any] = {}
    for part in parts:
        folder = bench.output / network.name
        for shard in sorted((folder / "shards").glob(f"{part.name}-*")):
            shutil.copytree(shard, folder / part.name, dirs_exist_ok=True)
        for name, record in evaluate(network, bench, part).items():
            names = part.renamed or {}
            maps = {names.get(each, each): values for each, values in record["maps"].items()}
            column = columns.setdefault(name, {"direction": record["direction"], "maps": {}})
            column["maps"].update(maps)
            if len(maps) > 1:
                column.setdefault("best", record["best"])
                column.setdefault("reliability", record["reliability"])
    return columns


def evaluate(network: Network, bench: Bench, part: Part) -> dict[str, Any]:
    """Run ``ig evaluate``, or what is left of it; the metrics' records by name."""
    folder = bench.output / network.name / part.name
    asked = [each for name in part.metrics for each in ("--metric", name)]
    prefixes = {name.partition(".")[0] for name in SETTINGS} & set(part.metrics)
    for name, value in SETTINGS.items():
        if name.partition(".")[0] in prefixes:
            asked += ["--set", f"{name}={value}"]
    command = [sys.executable, "-m", "igcli", "evaluate", "-0", "-", "-o", str(folder), "--model", network.name]
    command += ["--device", bench.device, "--steps", str(STEPS), *asked, *part.options]
    files = "\0".join(str(photo.path) for photo in part.photos)
    done = subprocess.run(command, input=files.encode(), capture_output=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr.decode()[-2000:]}")
    record: dict[str, Any] = json.loads((folder / "evaluation.json").read_text(encoding="utf-8"))
    return dict(record["metrics"])


def costs_of(network: Network, *, references: Path, photos: int = 4) -> Iterator[tuple[str, str]]:
    """For each method the gradients and the seconds of one map, medians of photos that take turns."""
    pictures = [network.read(photo) for photo in network.spread(photos + 1)]
    settings: dict[str, dict[str, Any]] = {name: {"method": name} for name in METHODS}
    settings["ig2"] = {"method": "ig2", "references": str(references)}
    settings[EXPECTED] = {"method": "integrated", "baseline": str(references)}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in settings}
    for number, picture in enumerate(pictures):
        for name, chosen in settings.items():
            started = time.perf_counter()
            result = igcli.attribute(network.model, picture, steps=STEPS, **chosen)
            if number:  # the first warms up
                found[name].append((result.gradient_evaluations, time.perf_counter() - started))
    for name, own in found.items():
        gradients, seconds = (statistics.median(each) for each in zip(*own, strict=True))
        yield name, f"{gradients:.0f} | {seconds:.3f}"


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
    alphas = [column.get("reliability") for column in columns.values()]
    yield "| reliability α | " + " | ".join("–" if each is None else f"{each:.2f}" for each in alphas) + " | – | – |"


def _cell(found: dict[str, Any] | None, *, star: bool) -> str:
    if found is None or not found["count"]:
        return "–"
    return f"{found['mean']:.3f} [{found['low']:.3f}, {found['high']:.3f}]" + " *" * star


if __name__ == "__main__":
    main()
