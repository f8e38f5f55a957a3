"""Which map should one use? Every method and control by every metric, on two networks; prints Markdown tables.

    python tests/benchmarks/which_map.py --imagenet imagenet-sample.zip --caltech caltech101.zip

EfficientNet-Lite0 (extra ``igcli[imagenet]``) sees ImageNet photographs, the bundled GoogLeNet the test part of
Caltech-101. Focus needs several photos of a class, which the ImageNet photographs are not. It runs ``ig evaluate``,
which keeps every photo's maps and numbers in ``out/which-map``: the same command goes on where it was stopped.
The photographs are drawn in an order that depends on their names alone, of which ``--photos N`` takes the first; the
references of ``ig2`` and of expected gradients come after them. ``--processes N`` runs N evaluations next to each
other, for a GPU that one of them does not fill. Photographs that not every method has measured yet are left out.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import math
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from finding_list import Network, Photo
from findings import NETWORKS

import igcli
from igcli.evaluation.controls import CONTROLS
from igcli.evaluation.metrics.metric import METRICS as METRICS_KNOWN
from igcli.evaluation.metrics.metric import Direction
from igcli.evaluation.reliability import reliability
from igcli.evaluation.statistics import best_marked, estimate

STEPS = 32
METHODS = (
    "gradient", "input-x-gradient", "smooth-gradient", "integrated", "left-integrated", "decision", "idgi",
    "guided-integrated", "spectral-integrated", "blur-integrated",
)  # fmt: skip
LOWPASSED = ("gradient", "integrated", "spectral-integrated")
EXPECTED = "expected gradients"

#: Fill and ranking of MAS for deletion and insertion too, so that they share their passes.
SETTINGS = {
    "deletion.fill": "grey",
    "deletion.ranked": "magnitude",
    "deletion.steps": "14",
    "insertion.fill": "kernel-blur:11",
    "insertion.ranked": "magnitude",
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
#: What is measured in a run of its own.
PARTS = ("maps", "lowpass", "expected", "ig2", "dear", "focus")
#: Photographs that one process measures.
BLOCK = 6


@dataclass(frozen=True)
class Part:
    """One evaluation: photographs, metrics and options of ``ig evaluate``; ``renamed`` are maps by their new names."""

    name: str
    photos: Sequence[Photo]
    metrics: Sequence[str]
    options: Sequence[str]
    split: bool = True  # over processes
    renamed: Mapping[str, str] = field(default_factory=dict)


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
    parser.add_argument("--table", action="store_true", help="only print what is measured already")
    parser.add_argument("--parts", default=",".join(PARTS), help="of these: %(default)s")
    chosen = parser.parse_args()
    bench = Bench(chosen.output, chosen.device, chosen.processes)
    networks = {
        name: read(archive, chosen.output, chosen.device)
        for name, read in NETWORKS.items()
        if (archive := getattr(chosen, name)) is not None
    }
    wanted = chosen.parts.split(",")
    parts = {
        name: [part for part in parts_of(network, bench, photos=chosen.photos) if part.name in wanted]
        for name, network in networks.items()
    }
    if not chosen.table:
        with ThreadPoolExecutor(bench.processes) as pool:  # the threads wait for processes
            waiting = [
                pool.submit(evaluate, run) for name in networks for run in runs_of(networks[name], bench, parts[name])
            ]
            for each in waiting:
                each.result()
    for name, network in networks.items():
        columns = [each for each in joined(network, bench, parts[name]) if each.maps]
        costs = dict(costs_of(network, references=bench.output / network.name / "references"))
        for line in table(columns, costs, title=f"{network.name}, photographs of {name}"):
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
    baseline = ["-m", "integrated", "--baseline", str(references), *no_control]
    yield Part("maps", some, METRICS, plain)
    yield Part("lowpass", some, METRICS, [*lowpassed, "--lowpass", "15"])
    yield Part("expected", some, METRICS, baseline, renamed={"integrated": EXPECTED})
    yield Part("ig2", some, METRICS, ["-m", "ig2", "--references", str(references), *no_control])
    yield Part("dear", few, ("max-sensitivity",), [*plain, *no_control])
    if len({photo.label for photo in network.photos}) < len(network.photos):
        classes = _classes(network, folder / "classes.csv")
        mosaics = ["--classes", str(classes), "--mosaics", str(MOSAICS)]
        yield Part("focus", few, ("focus",), [*plain, *mosaics], split=False)


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


def runs_of(network: Network, bench: Bench, parts: Sequence[Part]) -> Iterator[list[list[str]]]:
    """For each process the commands that it runs, one after another: all parts of a block of photos."""
    for start in range(0, max(len(part.photos) for part in parts), BLOCK):
        blocks = [(part, part.photos[start : start + BLOCK]) for part in parts if part.split]
        yield [_command(network, bench, part, photos, start // BLOCK) for part, photos in blocks if photos]
    for part in parts:
        if not part.split:
            yield [_command(network, bench, part, part.photos, 0)]


def _command(network: Network, bench: Bench, part: Part, photos: Sequence[Photo], place: int) -> list[str]:
    """The arguments of ``ig``; the photos are in a list next to the output."""
    folder = bench.output / network.name / part.name / f"{place}"
    listed = folder.with_suffix(".csv")
    listed.parent.mkdir(parents=True, exist_ok=True)
    listed.write_text("path\n" + "".join(f"{photo.path.resolve()}\n" for photo in photos), encoding="utf-8")
    asked = [each for name in part.metrics for each in ("--metric", name)]
    for name, value in SETTINGS.items():
        if name.partition(".")[0] in part.metrics:
            asked += ["--set", f"{name}={value}"]
    command = ["evaluate", str(listed), "-o", str(folder), "--model", network.name, "--device", bench.device]
    return [*command, "--steps", str(STEPS), *asked, *part.options]


def evaluate(commands: Sequence[Sequence[str]]) -> None:
    """Run ``ig`` with each of the arguments, in one process that has to start once."""
    program = "import json, sys; from igcli.cli.main import ig\nfor each in json.load(sys.stdin):\n"
    program += (
        "    try: ig.main(each, standalone_mode=False)\n    except SystemExit as end: assert not end.code, each\n"
    )
    done = subprocess.run([sys.executable, "-c", program], input=json.dumps(commands).encode(), capture_output=True)
    if done.returncode:
        raise SystemExit(done.stderr.decode()[-2000:])


@dataclass(frozen=True)
class Measures:
    """A metric's numbers: those of each map over the same photos, in the same order."""

    name: str
    maps: Mapping[str, np.ndarray]
    controls: Sequence[str]

    @property
    def direction(self) -> Direction:
        return METRICS_KNOWN[self.name].direction


def joined(network: Network, bench: Bench, parts: Sequence[Part]) -> Iterator[Measures]:
    """The numbers on the cards of all parts, of photos that every part has measured."""
    found: dict[str, dict[str, dict[str, float]]] = {}
    for part in parts:
        folder = bench.output / network.name / part.name
        for path in sorted([*folder.glob("*/photos/**/*.json"), *folder.glob("*/mosaics/*.json")]):
            for name, values in json.loads(path.read_text(encoding="utf-8"))["measured"].items():
                for each, measured in values.items():
                    by_photo = found.setdefault(name, {}).setdefault(part.renamed.get(each, each), {})
                    by_photo[path.relative_to(folder).as_posix()] = (
                        math.nan if measured["value"] is None else measured["value"]
                    )
    for name, maps in found.items():
        photos = sorted(set.intersection(*(set(by_photo) for by_photo in maps.values())))
        values = {each: np.array([by_photo[photo] for photo in photos]) for each, by_photo in maps.items()}
        yield Measures(name, values if photos else {}, [each for each in maps if each.partition(",")[0] in CONTROLS])


def costs_of(network: Network, *, references: Path, photos: int = 4) -> Iterator[tuple[str, str]]:
    """For each method the gradients and the seconds of one map, medians of photos that take turns.

    On the CPU they are the processor's seconds, which other work on the machine changes little.
    """
    clock = time.process_time if network.model.device.type == "cpu" else time.perf_counter
    pictures = [network.read(photo) for photo in network.spread(photos + 1)]
    settings: dict[str, dict[str, Any]] = {name: {"method": name} for name in METHODS}
    settings["ig2"] = {"method": "ig2", "references": str(references)}
    settings[EXPECTED] = {"method": "integrated", "baseline": str(references)}
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in settings}
    for number, picture in enumerate(pictures):
        for name, chosen in settings.items():
            started = clock()
            result = igcli.attribute(network.model, picture, steps=STEPS, **chosen)
            if number:  # the first warms up
                found[name].append((result.gradient_evaluations, clock() - started))
    for name, own in found.items():
        gradients, seconds = (statistics.median(each) for each in zip(*own, strict=True))
        yield name, f"{gradients:.0f} | {seconds:.3f}"


def table(columns: Sequence[Measures], costs: Mapping[str, str], *, title: str) -> Iterator[str]:
    """A Markdown table: maps in rows, metrics in columns; * is better than all others by the paired intervals."""
    arrows = {"higher": "↑", "lower": "↓"}
    yield f"{title}:\n"
    heads = [f"{column.name} {arrows.get(column.direction, '')}" for column in columns]
    yield "| map | " + " | ".join([*heads, "gradients", "s"]) + " |"
    yield "| --- |" + " --- |" * (len(heads) + 2)
    best = [best_marked(column.maps, direction=column.direction) for column in columns]
    for name in dict.fromkeys(name for column in columns for name in column.maps):
        cells = [_cell(column.maps.get(name), star=star == name) for column, star in zip(columns, best, strict=True)]
        yield f"| {name} | " + " | ".join([*cells, costs.get(name.partition(",")[0], "– | –")]) + " |"
    alphas = [
        reliability({name: values for name, values in column.maps.items() if name not in column.controls})
        for column in columns
    ]
    yield "| reliability α | " + " | ".join(f"{each:.2f}" for each in alphas) + " | – | – |"
    counts = [str(max(map(len, column.maps.values()))) for column in columns]
    yield "| photographs | " + " | ".join(counts) + " | – | – |"


def _cell(values: np.ndarray | None, *, star: bool) -> str:
    if values is None:
        return "–"
    found = estimate(values)
    return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]" + " *" * star


if __name__ == "__main__":
    main()
